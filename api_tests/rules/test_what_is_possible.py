"""A step that is offered as possible succeeds, and a refusal was announced with every reason (decision 0007, I1)."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.edges import Json
from api_tests.support.expected_moves import MOVES
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.wanderings import offer, people_to_act, wander
from api_tests.support.workflows import RULES, workflow_of
from service.cases.rules.facts import CaseFacts, PartFacts, ReconsiderationFacts
from service.cases.rules.guards import Attempt
from service.cases.rules.model import Case, Part
from service.cases.rules.steps import party_to_act
from service.people.use_cases.demonstration import PEOPLE
from service.vocabulary.actor import Membership
from service.vocabulary.refusals import GuardsNotMet, RoleNotAllowed
from service.vocabulary.roles import ADDRESSED_ROLES, Role
from service.workflows.rules.machine import Decision, Workflow

ME, ANOTHER = uuid4(), uuid4()
NOW = datetime(2026, 3, 14, 15, 9, tzinfo=UTC)
CASE = Case(
    id=uuid4(),
    number="4821-7730",
    region="JZ10",
    team_id=uuid4(),
    submitter_id=uuid4(),
    submitted_at=NOW,
    sequence=1,
    digest="0" * 64,
    recorded_at=NOW,
)
PART = Part(
    id=uuid4(),
    case_id=CASE.id,
    kind="commitment",
    workflow="0" * 64,
    state="requested",
    phase="placement",
    sequence=1,
    occurred_at=NOW,
)
WORKS_AT = {str(person.id): str(ORGANISATION_IDS[person.organisation]) for person in PEOPLE}


@broken_by(
    "I1: every open case or part has a date",
    "service/cases/rules/steps.py",
    "    if keeps_state and step.trigger != state.next:\n        return situation.part.due_on",
    "    if keeps_state:\n        return None",
)
@broken_by(
    "I1: the party that must act may act, also while a part has no addressee",
    "service/cases/rules/steps.py",
    "    return Role.PROCESS_DIRECTOR, case.team_id",
    "    return state.party, case.team_id",
)
@pytest.mark.parametrize("seed", [6, 11])
def test_wherever_a_case_wanders_its_offers_hold_and_everything_open_has_one_party_one_action_and_one_date(
    people: People, seed: int
) -> None:
    """Decision 0007 and I1 hold for the case and every part; I12: the state that is shown is that of the history."""
    case = CaseFile.submitted(people)

    for attempt in wander(case, Random(seed), steps=40):
        offered, answer = attempt.expected_offer, attempt.answer
        if offered["possible"]:
            assert (offered["trigger"], answer.status_code) == (offered["trigger"], 201)
        elif not offered["allowedForYou"]:
            assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")
            assert answer.json()["roles"] == offered["roles"]
        else:
            assert (answer.status_code, answer.json()["code"]) == (409, "guards_not_met")
            assert answer.json()["unmetGuards"] == offered["unmetGuards"]
            assert all(guard["code"] and guard["nl"] and guard["en"] for guard in offered["unmetGuards"])
        view = case.view()
        for part in [view["main"], *view["parts"]]:
            assert_somebody_must_act(part)
            if part["id"] == attempt.part["id"] and part["party"]:
                assert_the_party_may_act(case, part)

    view = case.view()
    arrived = {entry["partId"]: entry["target"] for entry in case.history()}
    assert {part["id"]: part["state"]["code"] for part in [view["main"], *view["parts"]]} == arrived


def assert_somebody_must_act(part: Json) -> None:
    duties = (part["party"], part["nextAction"], part["dueOn"])
    if part["phase"] == "ended":
        assert duties == (None, None, None)
        return
    assert None not in duties
    assert part["party"]["role"]
    assert part["party"]["organisation"]
    if assignee := part["party"]["assignee"]:
        assert WORKS_AT[assignee["id"]] == part["party"]["organisation"]["id"]


def assert_the_party_may_act(case: CaseFile, part: Json) -> None:
    names = people_to_act(part)
    assert names
    assert offer(case, names[0], part)[part["nextAction"]["code"]]["allowedForYou"]


@broken_by(
    "decision 0007: a refusal lists every condition that does not hold",
    "service/workflows/rules/machine.py",
    "return [guard for guard in guards if not guard.holds(attempt)]",
    "return [guard for guard in guards if not guard.holds(attempt)][:1]",
)
def test_closing_tells_every_condition_that_does_not_hold_at_once_in_two_languages(people: People) -> None:
    case = CaseFile.submitted(people).go_to("monitored")
    case.fire("request_escalation")
    case.fire("request_reconsideration")

    offered = offer(case, "esra", case.view()["main"])["close"]
    refused = case.attempt("close")

    expected = ["goals_checked", "no_open_escalation", "no_open_reconsideration", "no_unanswered_request"]
    assert [guard["code"] for guard in offered["unmetGuards"]] == expected
    assert not offered["possible"]
    assert offered["allowedForYou"]
    assert refused.status_code == 409
    assert refused.json()["unmetGuards"] == offered["unmetGuards"]
    for guard in offered["unmetGuards"]:
        assert guard["nl"] != guard["en"]


def test_the_next_action_of_a_state_is_offered_first(people: People) -> None:
    case = CaseFile.submitted(people).go_to("in_triage")

    triggers = list(offer(case, "daan", case.view()["main"]))

    assert triggers[0] == "schedule"
    assert triggers[1:] == sorted(triggers[1:])


PART_FACTS = st.builds(
    PartFacts,
    id=st.uuids(),
    kind=st.sampled_from(["placement", "commitment", "escalation", "question", "reconsideration", "follow_up"]),
    state=st.sampled_from(sorted({state for moves in MOVES.values() for state in moves})),
    is_open=st.booleans(),
    line=st.sampled_from([None, "A", "B"]),
)
CASE_FACTS = st.builds(
    CaseFacts,
    case_ended=st.booleans(),
    information_rounds=st.integers(0, 3),
    decline_proposed_by=st.sampled_from([None, ME, ANOTHER]),
    heard=st.frozensets(st.sampled_from(["child", "parent"])),
    goals_checked=st.booleans(),
    advice_in_force=st.booleans(),
    reconsiderations=st.just({})
    | st.builds(ReconsiderationFacts, st.sampled_from([ME, ANOTHER]), st.sampled_from([ME, ANOTHER])).map(
        lambda asked: {PART.id: asked}
    ),
    parts=st.lists(PART_FACTS, max_size=4).map(tuple),
)
SEATS = st.lists(st.sampled_from(list(Role)).map(lambda role: Membership(role, ME)), max_size=3)
PLACES = st.sampled_from([(kind, state) for kind, moves in MOVES.items() for state in moves])


@broken_by(
    "decision 0007: no guard refuses a step that the service shows as possible",
    "service/workflows/rules/machine.py",
    "target, allowed, _as_unmet(_unmet(guards, attempt)))",
    "target, allowed, ())",
)
@settings(max_examples=300, deadline=None)
@given(place=PLACES, facts=CASE_FACTS, seats=SEATS)
def test_a_decision_never_contradicts_the_offer_whatever_the_facts_and_memberships(
    place: tuple[str, str], facts: CaseFacts, seats: list[Membership]
) -> None:
    kind, state = place
    workflow = workflow_of(kind)
    attempt = Attempt(facts, RULES.settings.default, ME, part_id=PART.id)

    for offered in workflow.possible_transitions(state, attempt, lambda _: seats):
        outcome = decision_or_refusal(workflow, state, offered.trigger.name, attempt, seats)
        if isinstance(outcome, GuardsNotMet):
            assert offered.allowed_for_you
            assert outcome.unmet == offered.unmet != ()
        elif isinstance(outcome, RoleNotAllowed):
            assert not offered.allowed_for_you
        else:
            assert offered.possible
            assert (outcome.trigger, outcome.target) == (offered.trigger, offered.target)
            assert outcome.acting in seats


def decision_or_refusal(
    workflow: Workflow, state: str, trigger: str, attempt: Attempt, seats: list[Membership]
) -> Decision | RoleNotAllowed | GuardsNotMet:
    try:
        return workflow.decide(state, trigger, attempt, seats)
    except (RoleNotAllowed, GuardsNotMet) as refusal:
        return refusal


@pytest.mark.parametrize("addressed", [True, False])
def test_who_must_act_may_take_the_next_action_also_where_a_part_is_addressed_to_nobody_yet(addressed: bool) -> None:
    """I1: a part without addressee is the process director's; an escalation has its liaison, a question its body."""
    always_addressed = (Role.CCE_LIAISON, Role.NATIONAL_SUPPORT)
    for kind in MOVES:
        definition = workflow_of(kind).definition
        for state in definition.states.values():
            if not state.is_open or (state.party in always_addressed and not addressed):
                continue

            part = replace(PART, addressee_id=ANOTHER if addressed else None)
            role, organisation = party_to_act(state, CASE, part, Role.LOCAL_TEAM)

            assert role in definition.triggers[str(state.next)].roles
            assert organisation is not None
            assert (organisation == ANOTHER) == (addressed and state.party in ADDRESSED_ROLES)
