"""Payment never blocks help (I2, policy 1): guards cannot know it, and no step of help depends on it."""

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any, get_type_hints
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.support.case_file import CaseFile
from api_tests.support.edges import Json, step
from api_tests.support.people import People
from api_tests.support.roads import NOTE, PROPOSE, TO_ADVICE, TO_PLACEMENT, TO_REFUSAL, Move, history
from api_tests.support.sabotages import broken_by
from api_tests.support.workflows import RULES
from service.cases.rules.facts import CaseFacts, PartFacts, fold_facts
from service.cases.rules.guards import Attempt
from service.cases.rules.model import Transition
from service.kinds import KINDS
from service.vocabulary.roles import Role
from service.workflows.rules.kinds import START, PartKind
from service.workflows.rules.region_settings import RegionSettings

ABOUT_MONEY = re.compile(
    r"pay|fund|money|financ|dispute|obstacle|contract|budget|price|cost|betal|geld|rekening", re.IGNORECASE
)
KINDS_OF_HELP: tuple[PartKind, ...] = (
    *("case", "commitment", "placement", "escalation", "question", "reconsideration", "follow_up"),
)
# Guards of a reconsideration, which a payer may ask for like everybody; they know no payment either.
GUARDS_OF_RECONSIDERATION = {"no_open_reconsideration", "advice_in_force"}
OBSTACLES = ("2", "3", "4", "5", "8", "9", "other")


@broken_by(
    "I2: the facts of a guard have no field about payment",
    "service/commitments/rules/kinds.py",
    "    about_payment=True,\n    facts_rule=None,",
    "    about_payment=True,\n    facts_rule=keep_facts,",
)
@pytest.mark.parametrize("facts", [CaseFacts, PartFacts, Attempt])
def test_the_facts_of_a_guard_have_no_field_about_payment(facts: type[Any]) -> None:
    names = {field.name for field in fields(facts)}
    words = " ".join(f"{name} {hint}" for name, hint in get_type_hints(facts).items())

    assert names
    assert not ABOUT_MONEY.search(words)
    kinds = {"placement", "commitment", "escalation", "question", "reconsideration", "follow_up"}
    assert {name for name, kind in KINDS.items() if kind.facts_rule} - {"case"} == kinds
    assert [name for name, kind in KINDS.items() if kind.about_payment] == ["funding"]
    assert not any(ABOUT_MONEY.search(name) for name in RegionSettings.model_fields)


def test_no_guard_is_about_payment_and_no_step_of_help_uses_a_guard_made_for_funding() -> None:
    used = {
        (kind, name)
        for kind in KINDS_OF_HELP
        for trigger in RULES.current(kind).definition.triggers.values()
        for name in trigger.guards
    }

    assert used
    for kind, name in used:
        guard = KINDS.guards[name]
        assert kind in guard.kinds
        assert "funding" not in guard.kinds or name in GUARDS_OF_RECONSIDERATION
        assert not ABOUT_MONEY.search(f"{name} {guard.holds.__name__}")


PAYMENT_MOVES = [
    Move("funding", trigger, source, target, Role.MUNICIPALITY, codes)
    for trigger, source, target, codes in (
        ("issue_advice", START, "requested", {"line": ("z",)}),
        ("dispute", "requested", "disputed", {"payment_obstacle": ("8",)}),
        ("confirm", "disputed", "confirmed", {"heard": ("child", "parent")}),
        ("reopen", "confirmed", "requested", {"information_purpose": ("learning",)}),
        ("record_check", "disputed", "disputed", {"enclosed": ("explanatory_analysis",)}),
        ("amend", "disputed", "disputed", {"amends": ("1",), "heard": ("child",)}),
    )
]
HISTORIES = st.sampled_from([TO_ADVICE, TO_REFUSAL, TO_PLACEMENT, (*TO_ADVICE[:2], NOTE, PROPOSE)]).map(history)


@broken_by(
    "I2: funding changes no fact that a guard reads",
    "service/commitments/rules/kinds.py",
    "    about_payment=True,\n    facts_rule=None,",
    "    facts_rule=keep_facts,",
)
@settings(max_examples=150, deadline=None)
@given(
    entries=HISTORIES,
    payments=st.lists(st.tuples(st.sampled_from(PAYMENT_MOVES), st.integers(0, 20)), min_size=1, max_size=12),
)
def test_adding_or_removing_anything_about_payment_leaves_every_fact_as_it_is(
    entries: list[Transition], payments: list[tuple[Move, int]]
) -> None:
    without = fold_facts(entries, KINDS)

    with_payment = list(entries)
    ids = [uuid4(), uuid4()]
    for number, (move, at) in enumerate(payments):
        entry = replace(
            entries[0],
            part_id=ids[number % 2],
            part_kind="funding",
            trigger=move.trigger,
            source=move.source,
            target=move.target,
            phase="ended" if move.target == "confirmed" else "placement",
            codes=move.codes,
        )
        with_payment.insert(min(at, len(with_payment)), entry)

    assert fold_facts(with_payment, KINDS) == without


@broken_by(
    "I2: a payment obstacle does not change the possible steps",
    "service/cases/rules/steps.py",
    "            facts=known,\n            case_facts=self.facts,\n"
    "            settings=self.settings,\n            actor_id",
    '            facts=replace(known, goals_checked=any(it.trigger == "confirm" for '
    "it in self.history)), case_facts=self.facts,\n"
    "            settings=self.settings,\n"
    "            actor_id",
)
def test_no_payment_obstacle_in_any_state_changes_a_single_byte_of_what_is_possible(people: People) -> None:
    case = CaseFile.submitted(people).go_to("advice_issued")
    case.fire("seek_placement")
    case.fire("request_escalation")
    disputes = steps_about_payment(case)

    for trigger in (None, "start_arranging", "report_help_started", "start_monitoring", "close"):
        if trigger:
            assert step(case, trigger, None).status_code == 201
        before = possible_steps(case)
        next(disputes)
        assert possible_steps(case) == before

    assert {part["state"]["code"] for part in case.parts("funding")} == {"requested", "disputed", "confirmed"}


def test_a_case_closes_while_its_payers_are_still_in_dispute_and_help_started_with_every_line_disputed(
    people: People,
) -> None:
    case = CaseFile.submitted(people).go_to("advice_issued")
    for funding in case.parts("funding"):
        if funding["addressee"]:
            case.fire("dispute", part=funding)

    case.go_to("monitored")
    closing = step(case, "close", None)

    assert closing.status_code == 201
    assert case.state == "closed"
    assert {part["state"]["code"] for part in case.parts("funding")} == {"disputed"}


def test_an_advice_is_issued_with_every_payer_unknown_and_the_process_director_arranges_it(people: People) -> None:
    """I2: without a known residence of the child no payer is found, and nothing waits for one."""
    case = CaseFile.submitted(people, residence={}).go_to("advice_drafted")

    result = case.fire("issue_advice", payer_id=None)

    assert result["transition"]["codes"]["payer_basis"] == ["unknown"]
    fundings = case.parts("funding")
    assert {part["kind"] for part in result["opened"]} == {"commitment", "funding"}
    assert [funding["addressee"] for funding in fundings] == [None, None, None]
    assert {funding["party"]["role"] for funding in fundings} == {"process_director"}
    case.fire("confirm", part=fundings[0], by="hanna")


def steps_about_payment(case: CaseFile) -> Iterator[None]:
    """Takes ever more steps about payment: a dispute, obstacles, another dispute, a confirmation, a reopening."""
    first, second, third = case.parts("funding")
    case.fire("dispute", part=first)
    yield
    for code in OBSTACLES:
        obstacle = {"code": code, "text": "Nog een vraag over wie betaalt."}
        case.fire("report_obstacle", part=first, obstacle=obstacle)
    yield
    case.fire("dispute", part=second)
    yield
    case.fire("confirm", part=second)
    yield
    case.fire("confirm", part=third, by="hanna")
    case.fire("reopen", part=third, by="hanna")
    yield


def possible_steps(case: CaseFile) -> dict[tuple[str, str], bytes]:
    """Returns the answer of possible-transitions by (person, address), for the case and its parts but funding."""
    parts: list[Json | None] = [None, *(part for part in case.view()["parts"] if part["kind"] != "funding")]
    addresses = [case.address(part) for part in parts]
    everybody = ("anna", "esra", "hanna", "ivo", "mila")
    return {
        (by, address): case.people[by].get(f"{address}/possible-transitions").content
        for by in everybody
        for address in addresses
    }
