"""Attention, the ledger of refusals and the moves are read from a history and decide nothing (I6, I28)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_tests.support.form_faults import settings
from api_tests.support.sabotages import broken_by
from service.cases.rules.attention import attention_reasons, count_moves, refusal_ledger
from service.cases.rules.model import Transition
from service.cases.rules.residence import municipality_and_basis
from service.vocabulary.calendar import Term
from service.vocabulary.roles import Role

REGION = settings(terms={"act_on_refusal": Term(working_days=5)}, longlist_days=91)
DE_VESTE = uuid4()
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
ENDED = {"ended", "closed", "withdrawn", "held", "cancelled", "brought_back"}


class History:
    """A history that a test builds step by step; each step has a day and a part."""

    def __init__(self) -> None:
        self.entries: list[Transition] = []
        self._parts: dict[str, UUID] = {"case": uuid4()}

    def step(self, part: str, trigger: str, target: str, day: int = 0, **more: Any) -> "History":
        """`part` is a kind, or a kind and a line: "commitment A"."""
        kind, _, line = part.partition(" ")
        id_ = self._parts.setdefault(part, uuid4())
        before = [entry for entry in self.entries if entry.part_id == id_]
        self.entries.append(
            Transition(
                case_id=self._parts["case"],
                sequence=len(self.entries) + 1,
                part_id=id_,
                part_kind=kind,
                part_sequence=len(before) + 1,
                workflow="0" * 64,
                settings="0" * 64,
                trigger=trigger,
                source=before[-1].target if before else "start",
                target=target,
                phase="ended" if target in ENDED else "placement",
                region="JZ11",
                occurred_at=MONDAY + timedelta(days=day),
                recorded_at=MONDAY + timedelta(days=day),
                actor_id=uuid4(),
                role=Role.CHAIR,
                organisation_id=DE_VESTE,
                **{"line": line or None, **more},
            )
        )
        return self

    def attention_on(self, day: date) -> list[tuple[str, date]]:
        return [(remark.reason, remark.since) for remark in attention_reasons(self.entries, REGION, day)]


def with_advice() -> History:
    """An advice with line A put to De Veste, and line C to be made to measure, which is put to nobody yet."""
    history = History().step("case", "submit", "submitted").step("case", "issue_advice", "arranging_placement")
    history.step("commitment A", "issue_advice", "requested", addressee_id=DE_VESTE)
    return history.step("commitment C", "issue_advice", "requested")


def with_refusal() -> History:
    return with_advice().step("commitment A", "refuse", "refused", codes={"refusal_reason": ("no_capacity",)})


# Five working days after Monday 2 March 2026 is Monday the 9th; on the 10th the time is over.
LAST_DAY, TOO_LATE = date(2026, 3, 9), date(2026, 3, 10)


@broken_by(
    "I6: a request without an addressee does not count as an alternative",
    "service/cases/rules/attention.py",
    '(head.target == "requested" and head.addressee_id is not None)',
    '(head.target == "requested")',
)
def test_i6_only_refusals_is_shown_as_must_escalate_once_the_region_had_its_time_for_another_way() -> None:
    assert with_refusal().attention_on(LAST_DAY) == []
    assert with_refusal().attention_on(TOO_LATE) == [("must_escalate", TOO_LATE)]
    assert with_advice().attention_on(TOO_LATE) == []


@pytest.mark.parametrize(
    ("part", "trigger", "target"),
    [
        ("commitment B", "revise_advice", "requested"),
        ("commitment C", "accept", "accepted"),
        ("commitment C", "start_help", "running"),
        ("placement A", "agree", "agreed"),
        ("placement A", "start_stay", "started"),
        ("escalation", "ask_network", "network_asked"),
        ("escalation", "signal_escalation", "signalled"),
        ("case", "withdraw", "withdrawn"),
        ("case", "start_monitoring", "monitored"),
    ],
)
def test_i6_somebody_who_is_asked_or_coming_or_a_question_beyond_the_region_is_another_way(
    part: str, trigger: str, target: str
) -> None:
    history = with_refusal().step(part, trigger, target, addressee_id=DE_VESTE)

    assert history.attention_on(TOO_LATE) == []


@pytest.mark.parametrize(
    ("part", "trigger", "target"),
    [
        ("commitment A", "replace", "ended"),
        ("placement A", "seek_placement", "sought"),
        ("commitment A", "add_note", "refused"),
        ("funding A", "dispute", "disputed"),
        ("case", "return_to_table", "scheduled"),
    ],
)
def test_i6_nothing_else_is_another_way(part: str, trigger: str, target: str) -> None:
    history = with_refusal().step(part, trigger, target, addressee_id=DE_VESTE)

    assert history.attention_on(TOO_LATE) == [("must_escalate", TOO_LATE)]


def test_i6_after_an_answer_from_beyond_the_region_or_help_that_ended_the_time_runs_again() -> None:
    escalated = with_refusal().step("escalation", "ask_network", "network_asked", 1)
    answered = escalated.step("escalation", "bring_back", "brought_back", 28)
    stopped = (
        with_refusal().step("commitment C", "start_help", "running", 1).step("commitment C", "end_help", "ended", 28)
    )

    for history in (answered, stopped):
        assert history.attention_on(date(2026, 4, 6)) == []
        # Monday 30 March and five working days, with Good Friday and Easter Monday between.
        assert history.attention_on(date(2026, 4, 9)) == [("must_escalate", date(2026, 4, 9))]


def test_i6_a_refusal_of_the_first_time_does_not_count_after_reopening() -> None:
    again = with_refusal().step("case", "withdraw", "withdrawn", 1).step("case", "reopen", "in_triage", 2)

    assert again.attention_on(TOO_LATE) == []


def test_t15_a_check_that_was_not_held_asks_for_attention_from_the_day_after_also_when_the_case_is_closed() -> None:
    day = date(2026, 4, 13)
    planned = History().step("case", "close", "closed").step("follow_up", "close", "planned", due_on=day)

    assert planned.attention_on(day) == []
    assert planned.attention_on(date(2026, 4, 14)) == [("check_missed", date(2026, 4, 14))]
    assert planned.step("follow_up", "record_check", "held").attention_on(date(2027, 1, 1)) == []


def test_arranging_for_longer_than_the_longlist_lasts_asks_for_the_table_and_every_start_counts_anew() -> None:
    """91 days, counted from the day that arranging began."""
    history = (
        History()
        .step("case", "start_arranging", "arranging_placement")
        .step("case", "add_note", "arranging_placement", 50)
    )
    last = date(2026, 3, 2) + timedelta(days=91)

    assert history.attention_on(last) == []
    assert history.attention_on(last + timedelta(days=1)) == [("table_again", last + timedelta(days=1))]
    history.step("case", "report_help_started", "help_started", 60).step(
        "case", "resume_arranging", "arranging_placement", 61
    )
    assert history.attention_on(last + timedelta(days=61)) == []


def test_i6_the_ledger_lists_every_refusal_and_says_where_another_provider_was_found() -> None:
    history = with_refusal().step("commitment C", "refuse", "refused", codes={"refusal_reason": ("risk_too_high",)})
    history.step("commitment A", "replace", "ended", codes={"by_line": ("D",)})
    history.step("commitment D", "revise_advice", "requested", addressee_id=DE_VESTE)

    ledger = refusal_ledger(history.entries)

    assert [(refusal.line, refusal.reasons, refusal.has_alternative) for refusal in ledger] == [
        ("A", ("no_capacity",), True),
        ("C", ("risk_too_high",), False),
    ]


@pytest.mark.parametrize(
    ("residence", "stays", "expected"),
    [
        pytest.param("at_home", [], 0, id="nothing happened"),
        pytest.param("at_home", ["own_home"], 0, id="staying home is a placement and no move"),
        pytest.param("at_home", ["foster_family"], 1, id="away from home"),
        pytest.param("at_home", ["foster_family", "own_home"], 2, id="away and back"),
        pytest.param("at_home", ["foster_family", "small_scale", "own_home", "own_home"], 3, id="home once is home"),
        pytest.param("foster_family", ["own_home"], 1, id="back to who lived elsewhere"),
        pytest.param("foster_family", ["family_home", "closed"], 2, id="from place to place"),
    ],
)
def test_r38_moves_are_counted_from_the_stays_that_began(residence: str, stays: list[str], expected: int) -> None:
    assert count_moves(with_stays(residence, stays).entries) == expected


def test_r38_going_home_when_a_stay_ends_is_a_move_and_is_not_counted_twice() -> None:
    history = with_stays("at_home", ["foster_family"])
    history.step("placement 0", "end_placement", "ended", codes={"current_living_place": ("at_home",)})
    once = count_moves(history.entries)

    assert once == 2
    assert count_moves(begin_stay(history, 1, "own_home").entries) == once


def test_r38_a_referral_that_was_mended_is_read_as_it_reads_now() -> None:
    history = with_stays("foster_family", ["own_home"])
    history.step("case", "amend", "arranging_placement", codes={"amends": ("1",), "current_living_place": ("at_home",)})

    assert count_moves(history.entries) == 0


def with_stays(residence: str, stays: list[str]) -> History:
    history = History().step(
        "case", "submit", "submitted", form="referral@1", codes={"current_living_place": (residence,)}
    )
    for number, kind in enumerate(stays):
        begin_stay(history, number, kind)
    return history


def begin_stay(history: History, number: int, kind: str) -> History:
    history.step("case", "seek_placement", "arranging_placement", codes={"placement_kind": (kind,)})
    history.step(f"placement {number}", "seek_placement", "sought", cause=len(history.entries))
    return history.step(f"placement {number}", "start_stay", "started")


KINDS = ("own_home", "foster_family", "small_scale", "closed")


@broken_by(
    "R38: a stay at home of a child who lives there counts as no move",
    "service/cases/rules/living_place.py",
    "moves += not (at_home and leads_home)",
    "moves += 1",
)
@given(st.lists(st.sampled_from(KINDS), max_size=8))
def test_r38_every_stay_away_is_a_move_and_every_way_home_is_one(stays: list[str]) -> None:
    def from_home_to_home() -> Iterator[bool]:
        before = "own_home"
        for kind in stays:
            yield kind == before == "own_home"
            before = kind

    assert count_moves(with_stays("at_home", stays).entries) == len(stays) - sum(from_home_to_home())


class Residence:
    """Residence of a child, as far as known."""

    municipality: str | None = None
    address_in_doubt: bool | None = None
    in_stay: bool | None = None
    before_stay: str | None = None
    mother_at_birth: str | None = None

    def __init__(self, **known: Any) -> None:
        self.__dict__ |= known


NOW, BEFORE, MOTHER = "GM0392", "GM0453", "GM0363"


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"municipality": NOW, "in_stay": False, "before_stay": BEFORE, "mother_at_birth": MOTHER}, (NOW, "address")),
        ({"municipality": NOW, "mother_at_birth": MOTHER}, (NOW, "address")),
        ({"municipality": NOW, "in_stay": True, "before_stay": BEFORE}, (BEFORE, "before_stay")),
        ({"municipality": NOW, "before_stay": BEFORE}, (BEFORE, "before_stay")),
        ({"municipality": NOW, "in_stay": True, "mother_at_birth": MOTHER}, (MOTHER, "mother_at_birth")),
        ({"municipality": NOW, "address_in_doubt": True, "mother_at_birth": MOTHER}, (MOTHER, "mother_at_birth")),
        ({"municipality": NOW, "in_stay": True}, (None, "unknown")),
        ({"municipality": NOW, "address_in_doubt": True}, (None, "unknown")),
        ({}, (None, "unknown")),
    ],
)
def test_i2_the_payer_follows_from_three_dated_facts_and_it_is_told_from_which(
    known: dict[str, Any], expected: tuple[str | None, str]
) -> None:
    """The address, with a stay the address before it, else that of the mother at birth, else unknown."""
    assert municipality_and_basis(Residence(**known)) == expected
