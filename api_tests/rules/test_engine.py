"""One machine serves all cases: it agrees with a plain table, also in many threads, and keeps hold of no case."""

import gc
import sys
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from threading import Barrier
from uuid import UUID, uuid4

import pytest

from api_tests.support.expected_moves import START, edges
from api_tests.support.sabotages import broken_by
from api_tests.support.workflows import RULES
from service.cases.rules.facts import CaseFacts, PartFacts, ReconsiderationFacts
from service.cases.rules.guards import Attempt
from service.vocabulary.actor import Membership
from service.vocabulary.refusals import GuardsNotMet, RoleNotAllowed, TransitionNotAllowed
from service.vocabulary.roles import Role
from service.workflows.rules import machine as machine_module
from service.workflows.rules.kinds import PartKind
from service.workflows.rules.machine import Workflow

KINDS: tuple[PartKind, ...] = ("case", "commitment", "funding", "placement", "reconsideration", "follow_up")
EVERY_SEAT = tuple(Membership(role, uuid4()) for role in Role)
ME, ANOTHER = uuid4(), uuid4()
US, THEM = uuid4(), uuid4()
PART_ID = uuid4()


def random_facts(random: Random) -> CaseFacts:
    """Facts under which each guard holds about half of the time."""

    def part(kind: str, state: str) -> PartFacts:
        open_ = random.random() < 0.5
        return PartFacts(
            id=PART_ID if kind == "reconsideration" else uuid4(), kind=kind, state=state, is_open=open_, line="A"
        )

    states = (
        ("commitment", "requested"),
        ("commitment", "running"),
        ("placement", "sought"),
        ("escalation", "asked"),
        ("reconsideration", "requested"),
    )
    flags = (random.random() < 0.5, random.random() < 0.5)
    return CaseFacts(
        is_referred=random.random() < 0.5,
        information_rounds=random.choice([0, 2]),
        decline_proposed_by=random.choice([None, ME, ANOTHER]),
        transfer_proposed_by=random.choice([None, ME, ANOTHER]),
        advice_in_force=random.random() < 0.5,
        reconsiderations=random.choice(
            [{}, {PART_ID: ReconsiderationFacts(random.choice([US, THEM]), random.choice([ME, ANOTHER]), *flags)}]
        ),
        heard=random.choice([frozenset(), frozenset({"child"}), frozenset({"child", "parent"})]),
        goals_checked=random.random() < 0.5,
        parts=tuple(part(kind, state) for kind, state in states if random.random() < 0.5),
    )


def unmet_guards(kind: PartKind, trigger: str, facts: CaseFacts, liaison: UUID | None) -> set[str]:
    """The unmet guards of a step, worked out without the guards of the service."""
    guards_of = _of_the_case(facts, liaison) if kind == "case" else _of_a_part(facts).get(kind, {})
    return {name for name, holds in guards_of.get(trigger, {}).items() if not holds}


def _of_a_part(facts: CaseFacts) -> dict[str, dict[str, dict[str, bool]]]:
    reconsidered = facts.reconsiderations.get(PART_ID)
    request = {
        "request_reconsideration": {
            "no_open_reconsideration": not _we_ask(facts),
            "advice_in_force": facts.advice_in_force,
        }
    }
    confirm = {
        "another_pair_of_eyes": reconsidered is not None
        and (reconsidered.has_outside_expert or reconsidered.advice_issuer_id == ANOTHER)
    }
    revise = {"advice_revised_since": reconsidered is not None and reconsidered.is_revised}
    withdraw = {"asked_by_you": reconsidered is not None and reconsidered.asker_id == US}
    reconsidering = {"confirm_advice": confirm, "conclude_revised": confirm | revise, "withdraw": withdraw}
    return {"commitment": request, "funding": request, "reconsideration": reconsidering}


def _we_ask(facts: CaseFacts) -> bool:
    """True when our own request is open."""
    open_ids = {part.id for part in facts.parts if part.kind == "reconsideration" and part.is_open}
    return any(part_id in open_ids and asked.asker_id == US for part_id, asked in facts.reconsiderations.items())


def _of_the_case(facts: CaseFacts, liaison: UUID | None) -> dict[str, dict[str, bool]]:
    states = [(part.kind, part.state) for part in facts.parts]
    nobody_asks = not any(part.is_open for part in facts.parts if part.kind == "reconsideration")
    return {
        "refer": {"not_referred_yet": not facts.is_referred},
        "schedule": {"referred": facts.is_referred},
        "ask_for_table": {"referred": facts.is_referred},
        "request_information": {"information_rounds_left": facts.information_rounds < 2},
        "transfer": {"transfer_proposed_by_another": facts.transfer_proposed_by == ANOTHER},
        "request_reconsideration": {"no_open_reconsideration": not _we_ask(facts)},
        "decline": {"decline_proposed_by_another": facts.decline_proposed_by == ANOTHER},
        "issue_advice": {"child_and_parents_heard": facts.heard == {"child", "parent"}},
        "revise_advice": {"child_and_parents_heard": facts.heard == {"child", "parent"}},
        "request_escalation": {"liaison_appointed": liaison is not None},
        "signal_escalation": {"liaison_appointed": liaison is not None},
        "report_help_started": {"help_runs": ("commitment", "running") in states},
        "close": {
            "goals_checked": facts.goals_checked,
            "no_open_reconsideration": nobody_asks,
            "no_open_escalation": not any(part.is_open for part in facts.parts if part.kind == "escalation"),
            "no_unanswered_request": not {("commitment", "requested"), ("placement", "sought")} & set(states),
        },
    }


def fire_at_random(workflow: Workflow, table: dict[tuple[str, str], str], random: Random, steps: int) -> list[str]:
    """Walk at random through the machine and the table. Returns each difference between them as a sentence."""
    triggers = sorted({trigger for _, trigger in table})
    ends = {state for state in table.values() if not any(source == state for source, _ in table)}
    state, differences = START, list[str]()
    for _ in range(steps):
        here = [trigger for source, trigger in table if source == state]
        trigger, facts = random.choice(here if random.random() < 0.7 else triggers), random_facts(random)
        expected, liaison = table.get((state, trigger), "not possible"), random.choice([None, ANOTHER])
        unmet = unmet_guards(workflow.definition.name, trigger, facts, liaison)
        if expected != "not possible" and unmet:
            expected = f"refused: {sorted(unmet)}"
        try:
            attempt = Attempt(facts, RULES.settings.default, ME, frozenset({US}), PART_ID, liaison, facts)
            actual = workflow.decide(state, trigger, attempt, EVERY_SEAT).target
        except TransitionNotAllowed:
            actual = "not possible"
        except GuardsNotMet as refusal:
            actual = f"refused: {sorted(guard.code for guard in refusal.unmet)}"
        if actual != expected:
            differences.append(f"{state} {trigger}: {actual} instead of {expected}")
        elif actual in workflow.definition.states:
            state = START if actual in ends else actual
    return differences


def table_of(kind: str) -> dict[tuple[str, str], str]:
    return {(source, trigger): target for trigger, source, target in edges(kind)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_random_walk_never_differs_from_the_table_written_by_hand(kind: PartKind) -> None:
    differences = fire_at_random(RULES.current(kind), table_of(kind), Random(4), steps=4000)

    assert differences == []


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads switch many times within one step."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


@broken_by(
    "decision 0006: threads never disturb each other's steps",
    "service/workflows/rules/machine.py",
    "        firing = _Firing(state, attempt)\n",
    '        firing = self.__dict__.setdefault("_one", _Firing(state, attempt))\n'
    '        firing.state, firing.attempt = state, attempt\n        __import__("time").sleep(0)\n',
)
@pytest.mark.usefixtures("hasty_threads")
def test_eight_threads_that_fire_at_one_machine_with_facts_of_their_own_never_disturb_each_other() -> None:
    workflow, table, barrier = RULES.current("case"), table_of("case"), Barrier(8)

    def fire(seed: int) -> list[str]:
        barrier.wait()
        return fire_at_random(workflow, table, Random(seed), steps=1500)

    with ThreadPoolExecutor(8) as threads:
        differences = list(threads.map(fire, range(8)))

    assert differences == [[]] * 8


@contextmanager
def counted_contexts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """A function that counts the fired contexts that are still alive, without the garbage collector."""
    alive: list[weakref.ref[object]] = []

    class Watched(machine_module._Firing):  # noqa: SLF001 - no reference to it may be kept
        __slots__ = ("__weakref__",)

        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)  # type: ignore[arg-type]  # passed on as they are
            alive.append(weakref.ref(self))

    monkeypatch.setattr(machine_module, "_Firing", Watched)
    gc.disable()
    try:
        yield lambda: sum(1 for reference in alive if reference() is not None) if alive else -1
    finally:
        gc.enable()


@broken_by(
    "decision 0006: the machine keeps nothing of a step",
    "service/workflows/rules/machine.py",
    "        firing = _Firing(state, attempt)\n",
    "        firing = _Firing(state, attempt)\n"
    "        next(iter(self._events.values())).machine.models.append(firing)\n",
)
@pytest.mark.parametrize("outcome", ["made", "refused by a guard", "refused for the role", "not possible"])
def test_the_machine_keeps_nothing_of_a_step_whatever_its_outcome(
    monkeypatch: pytest.MonkeyPatch, outcome: str
) -> None:
    workflow = RULES.current("case")
    attempt = Attempt(CaseFacts(), RULES.settings.default, ME)
    state, trigger, seats = {
        "made": ("submitted", "start_triage", EVERY_SEAT),
        "refused by a guard": ("monitored", "close", EVERY_SEAT),
        "refused for the role": ("submitted", "start_triage", ()),
        "not possible": ("submitted", "close", EVERY_SEAT),
    }[outcome]

    with counted_contexts(monkeypatch) as still_alive:
        for _ in range(50):
            try:
                workflow.decide(state, trigger, attempt, seats)
            except (GuardsNotMet, RoleNotAllowed, TransitionNotAllowed):
                continue

        assert still_alive() <= 0
        assert (still_alive() == 0) == (outcome in ("made", "refused by a guard"))


@broken_by(
    "decision 0006: the machine makes no steps of its own",
    "service/workflows/rules/machine.py",
    "auto_transitions=False",
    "auto_transitions=True",
)
@pytest.mark.parametrize("kind", KINDS)
def test_no_model_is_ever_registered_with_the_machine_and_it_makes_no_steps_of_its_own(kind: PartKind) -> None:
    workflow = RULES.current(kind)
    fire_at_random(workflow, table_of(kind), Random(1), steps=200)

    machine = next(iter(workflow._events.values())).machine  # noqa: SLF001 - the test is about the state of the library

    assert machine.models == []
    assert set(workflow._events) == {trigger for trigger, _, _ in edges(kind)}  # noqa: SLF001 - no to_<state>
    assert not machine.has_queue
