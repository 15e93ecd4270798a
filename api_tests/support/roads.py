"""Test data for the learning rules: roads that cases take, histories along them, and groups of cases."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import strategies as st

from service.cases.rules.model import Transition
from service.learning.rules.case_routes import build_routes
from service.learning.rules.release_ladder import Release, release
from service.vocabulary.roles import Role
from service.workflows.rules.kinds import START, PartKind, Phase

NOW = datetime(2026, 3, 14, 15, 9, 26, 535897, tzinfo=UTC)
K = 5
ENDS = ("closed", "declined", "withdrawn")


@dataclass(frozen=True)
class Move:
    """One entry of a history. `opens`: the kind of part that begins with it."""

    part: PartKind
    trigger: str
    source: str
    target: str
    role: Role
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    opens: PartKind | None = None


OF_THE_CHILD = {"legal_status": ("04",), "safety": ("unsafe",), "enclosed": ("explanatory_analysis",)}
DECLINED = {"decline_reason": ("regular_route_open",)}
SUBMIT = Move("case", "submit", START, "submitted", Role.LOCAL_TEAM, OF_THE_CHILD)
START_TRIAGE = Move("case", "start_triage", "submitted", "in_triage", Role.COORDINATOR)
CONSULT = Move("case", "give_consult", "in_triage", "consulted", Role.SCREENER)
HELPED = Move("case", "confirm_helped", "consulted", "closed", Role.LOCAL_TEAM)
PROPOSE = Move("case", "propose_decline", "in_triage", "in_triage", Role.SCREENER, DECLINED)
DECLINE = Move("case", "decline", "in_triage", "declined", Role.CHAIR, DECLINED)
WITHDRAW = Move("case", "withdraw", "in_triage", "withdrawn", Role.LOCAL_TEAM)
SCHEDULE = Move("case", "schedule", "in_triage", "scheduled", Role.CHAIR)
TABLE = Move("case", "open_table", "scheduled", "in_review", Role.CHAIR)
DRAFT = Move("case", "draft_advice", "in_review", "advice_drafted", Role.CHAIR)
BACK = Move("case", "return_to_review", "advice_drafted", "in_review", Role.CHAIR)
ISSUE = Move("case", "issue_advice", "advice_drafted", "advice_issued", Role.CHAIR, {"line": ("a",)}, "commitment")
NO_ROOM = Move("commitment", "refuse", "requested", "refused", Role.PROVIDER, {"refusal_reason": ("no_capacity",)})
TOO_RISKY = Move("commitment", "refuse", "requested", "refused", Role.PROVIDER, {"refusal_reason": ("risk_too_high",)})
ESCALATE = Move("case", "request_escalation", "advice_issued", "advice_issued", Role.CHAIR, {}, "escalation")
SEEK = Move("case", "seek_placement", "advice_issued", "advice_issued", Role.PROCESS_DIRECTOR, {}, "placement")
AGREE = Move("placement", "agree", "sought", "agreed", Role.PROVIDER)
STAY = Move("placement", "start_stay", "agreed", "started", Role.PROVIDER)
NOTE = Move("case", "add_note", "in_triage", "in_triage", Role.SCREENER)

TO_TRIAGE = (SUBMIT, START_TRIAGE)
TO_ADVICE = (*TO_TRIAGE, SCHEDULE, TABLE, DRAFT, ISSUE)
TO_CONSULT = (*TO_TRIAGE, CONSULT, HELPED)
TO_DECLINE = (*TO_TRIAGE, PROPOSE, DECLINE)
TO_REFUSAL = (*TO_ADVICE, NO_ROOM, ESCALATE)
TO_PLACEMENT = (*TO_ADVICE, TOO_RISKY, SEEK, AGREE, STAY)
MILD_ROADS = (TO_CONSULT, TO_REFUSAL, TO_PLACEMENT)
ROADS = (*MILD_ROADS, TO_DECLINE, (*TO_TRIAGE, WITHDRAW))
_BEGINNINGS: dict[PartKind, str] = {"commitment": "requested", "placement": "sought", "escalation": "requested"}


def history(
    road: Sequence[Move],
    *,
    wait: int = 10,
    tail: int | None = None,
    age: str | None = "12-15",
    region: str = "JZ25",
) -> list[Transition]:
    """A case along this road, a step every `wait` days, the last one `tail` days (else `wait`) ago."""
    case_id, parts = uuid4(), dict[str, UUID]()
    begin = NOW - timedelta(days=wait * (len(road) - 1) + (wait if tail is None else tail))
    entries: list[Transition] = []
    for number, move in enumerate(road):
        ids = case_id, case_id if move.part == "case" else parts[move.part]
        at = begin + timedelta(days=wait * number)
        entries.append(_entry(move, ids, len(entries) + 1, at, region, None if number else age))
        if move.opens:
            parts[move.opens] = uuid4()
            opening = Move(move.opens, move.trigger, START, _BEGINNINGS[move.opens], move.role)
            entries.append(_entry(opening, (case_id, parts[move.opens]), len(entries) + 1, at, region, None))
    return entries


def _entry(move: Move, ids: tuple[UUID, UUID], sequence: int, at: datetime, region: str, age: str | None) -> Transition:
    phase: Phase = "ended" if move.target in ENDS else "review"
    return Transition(
        case_id=ids[0],
        sequence=sequence,
        part_id=ids[1],
        part_kind=move.part,
        part_sequence=sequence,
        workflow="f" * 64,
        settings="e" * 64,
        trigger=move.trigger,
        source=move.source,
        target=move.target,
        phase=phase,
        region=region,
        occurred_at=at,
        recorded_at=at + timedelta(minutes=7),
        actor_id=uuid4(),
        role=move.role,
        organisation_id=uuid4(),
        party=Role.CHAIR,
        party_id=uuid4(),
        assignee_id=uuid4(),
        due_on=date(2026, 12, 31),
        line="line-of-advice",
        addressee_id=uuid4(),
        form="referral@1",
        codes=move.codes,
        age_band=age,
    )


def references(seed: int | None = None) -> Callable[[], str]:
    """A function that returns random references, and the same ones for the same seed."""
    source = random.SystemRandom() if seed is None else random.Random(seed)
    return lambda: str(UUID(int=source.getrandbits(128), version=4))


def released(histories: Sequence[Sequence[Transition]], *, k: int = K, seed: int | None = None) -> Release:
    return release(build_routes(histories, as_of=NOW), k=k, reference=references(seed))


# A plan describes a case: the index of its road, the number of steps, the days between steps, and the age band.
Plan = tuple[int, int, int, str]


def plans(roads: int = len(ROADS)) -> st.SearchStrategy[list[Plan]]:
    """Groups of cases with equal plans, of up to twelve each, so that classes of each size occur."""
    plan = st.tuples(
        st.integers(0, roads - 1),
        st.sampled_from([2, 3, 20]),
        st.sampled_from([3, 40, 400]),
        st.sampled_from(["4-11", "12-15"]),
    )
    crowds = st.tuples(plan, st.integers(1, 12)).map(lambda crowd: [crowd[0]] * crowd[1])
    return st.lists(crowds, max_size=9).map(lambda groups: [case for group in groups for case in group])


def histories_of(planned: Sequence[Plan]) -> list[list[Transition]]:
    return [history(ROADS[road][:steps], wait=wait, age=age) for road, steps, wait, age in planned]
