"""A route keeps the choices of a history in their order with their reasons, and nothing else."""

import ast
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api_tests.support.roads import (
    AGREE,
    BACK,
    CONSULT,
    DRAFT,
    ESCALATE,
    ISSUE,
    NO_ROOM,
    NOTE,
    NOW,
    SEEK,
    STAY,
    TO_ADVICE,
    TO_CONSULT,
    TO_REFUSAL,
    TO_TRIAGE,
    Move,
    history,
)
from api_tests.support.sabotages import broken_by
from service.learning.rules.case_routes import (
    LEARNABLE_CODES,
    CaseRoute,
    ReleaseRefused,
    RouteStep,
    WaitBand,
    build_routes,
)
from service.vocabulary.code_lists import CODE_LISTS
from service.vocabulary.roles import Role


def route_of(
    road: tuple[Move, ...], *, wait: int = 10, tail: int | None = None, age: str | None = "12-15"
) -> CaseRoute:
    return build_routes([history(road, wait=wait, tail=tail, age=age)], as_of=NOW)[0]


def test_r94_each_choice_stands_in_its_order_with_its_reasons_and_the_wait_before_it() -> None:
    route = route_of((*TO_ADVICE, NO_ROOM), wait=100)

    assert [step.trigger for step in route.steps] == [move.trigger for move in (*TO_ADVICE, NO_ROOM)]
    assert [step.wait_band for step in route.steps] == [None, *["13_to_26_weeks"] * 6]
    assert route.steps[-1].codes == (("refusal_reason", "no_capacity"),)


def test_i26_a_route_is_read_from_recorded_transitions_and_needs_nothing_else() -> None:
    service = Path(__file__).parents[2] / "service"
    files = (*service.glob("learning/rules/*.py"), service / "offers" / "rules" / "gap_table.py")
    imported = {name for file in files for name in imports_of(file)}

    assert {name for name in imported if name.startswith("service.") and not name.startswith("service.learning.")} == {
        "service.cases.rules.amendments",  # amended entries count as amended
        "service.cases.rules.model",
        "service.kinds",  # the kinds of the file
        "service.offers.rules.gap_form",  # the codes of a gap
        "service.vocabulary.ages",
        "service.vocabulary.calendar",  # the year of a moment
        "service.vocabulary.code_lists",
        "service.vocabulary.language",
        "service.vocabulary.roles",
        "service.workflows.rules.kinds",
    }
    assert imported.isdisjoint({"time", "random", "secrets", "sqlite3", "os", "pathlib"})


def imports_of(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@broken_by(
    "I24: a change of consent is no step of a released route",
    "service/learning/rules/case_routes.py",
    ', "record_consent", "withdraw_consent"}',
    "}",
    case="withdraw_consent",
)
@pytest.mark.parametrize("trigger", ["add_note", "reassign", "adopt_workflow", "record_consent", "withdraw_consent"])
def test_housekeeping_consent_and_the_parts_a_step_opens_are_no_steps_of_the_route(trigger: str) -> None:
    route = route_of((*TO_TRIAGE, CONSULT), wait=0, tail=10)
    extra = replace(NOTE, trigger=trigger)

    assert route_of((*TO_TRIAGE, extra, extra, CONSULT), wait=0, tail=10) == route
    assert [step.part for step in route_of(TO_ADVICE).steps] == ["case"] * 6


@broken_by(
    "I24: a file request or an emergency access is no step of a released route",
    "service/learning/rules/case_routes.py",
    " and entry.part_kind not in KINDS.kinds_outside_file",
    "",
)
@pytest.mark.parametrize(
    ("kind", "trigger", "codes"),
    [
        ("file_request", "grant", {"file_request_extent": ("full",)}),
        ("file_request", "refuse", {}),
        ("emergency_access", "review", {}),
        ("entry_destruction", "destroy_content", {}),
    ],
)
def test_what_a_family_asks_about_its_file_and_reading_in_an_emergency_are_no_steps_of_the_route(
    kind: Any, trigger: str, codes: Any
) -> None:
    """I24: steps of a file request or of emergency access could identify the family or the reader."""
    road = history((*TO_TRIAGE, NOTE, CONSULT), wait=0, tail=10)
    road[2] = replace(road[2], part_kind=kind, part_id=uuid4(), trigger=trigger, codes=codes)

    assert build_routes([road], as_of=NOW) == (route_of((*TO_TRIAGE, CONSULT), wait=0, tail=10),)


def test_an_open_case_is_kept_as_open_with_the_time_so_far() -> None:
    route = route_of(TO_TRIAGE, wait=30, tail=200)

    assert (route.end_state, route.total_band, route.wait_so_far) == ("open", "26_to_52_weeks", "26_to_52_weeks")


@broken_by(
    "I26: consent that is taken back after the end does not lengthen the duration of a case",
    "service/learning/rules/case_routes.py",
    'entry.part_kind == "case" and entry.source != entry.target][-1]',
    'entry.part_kind == "case"][-1]',
)
def test_consent_taken_back_long_after_the_end_does_not_lengthen_the_road() -> None:
    withdrawal = Move("case", "withdraw_consent", "closed", "closed", Role.LOCAL_TEAM)
    *road, last = history((*TO_CONSULT, withdrawal), wait=10)
    late = replace(last, occurred_at=last.occurred_at + timedelta(days=400))

    assert build_routes([[*road, late]], as_of=late.occurred_at) == (route_of(TO_CONSULT, wait=10),)


def test_an_ended_case_has_no_wait_so_far_however_long_ago_it_ended() -> None:
    route = route_of(TO_CONSULT, wait=10, tail=4000)

    assert (route.end_state, route.total_band, route.wait_so_far) == ("closed", "4_to_13_weeks", None)


@pytest.mark.parametrize(
    ("days", "band"),
    [
        (0, "under_4_weeks"),
        (27, "under_4_weeks"),
        (28, "4_to_13_weeks"),
        (90, "4_to_13_weeks"),
        (91, "13_to_26_weeks"),
        (181, "13_to_26_weeks"),
        (182, "26_to_52_weeks"),
        (363, "26_to_52_weeks"),
        (364, "over_52_weeks"),
    ],
)
def test_a_wait_is_known_by_its_band_only(days: int, band: WaitBand) -> None:
    assert route_of(TO_TRIAGE, wait=days).steps[1].wait_band == band


AMEND = Move("case", "amend", "in_review", "in_review", Role.CHAIR)


def test_tables_and_placements_are_counted_up_to_a_cap() -> None:
    many = route_of((*TO_ADVICE[:-1], *(BACK, DRAFT) * 4, ISSUE, *(SEEK, AGREE, STAY) * 4))
    few = route_of((*TO_ADVICE[:4], AMEND, *TO_ADVICE[4:], SEEK, AGREE))

    assert (many.tables, many.placements) == (3, 2)
    assert (few.tables, few.placements) == (1, 0)


def test_a_case_counts_as_escalated_as_soon_as_help_beyond_the_region_is_asked() -> None:
    assert route_of((*TO_ADVICE, ESCALATE)).escalated
    assert not route_of((*TO_ADVICE, NO_ROOM)).escalated


def test_an_age_that_nobody_recorded_is_unknown() -> None:
    assert route_of(TO_TRIAGE, age=None).age_band == "unknown"


def test_steps_stand_in_the_order_of_life_and_not_of_the_paperwork() -> None:
    late = history(TO_REFUSAL, wait=10)
    assert [entry.trigger for entry in late[-3:]] == ["refuse", "request_escalation", "request_escalation"]
    before = late[-3].occurred_at - timedelta(days=1)

    route = build_routes([[*late[:-2], *(replace(entry, occurred_at=before) for entry in late[-2:])]], as_of=NOW)[0]

    assert [step.trigger for step in route.steps[-2:]] == ["request_escalation", "refuse"]
    assert [step.wait_band for step in route.steps[-2:]] == ["under_4_weeks"] * 2


# --- no persons and no places ---


def test_r96_the_types_have_no_place_for_a_person_an_organisation_a_region_or_a_time() -> None:
    assert {field.name for field in fields(RouteStep)} == {"part", "trigger", "target", "wait_band", "role", "codes"}
    assert {field.name for field in fields(CaseRoute)} == {
        *("steps", "age_band", "end_state", "total_band"),
        *("wait_so_far", "tables", "placements", "escalated"),
    }


def test_i24_no_code_of_the_child_the_family_or_the_file_is_for_learning() -> None:
    of_the_child = {"legal_status", "current_living_place", "placement_kind", "safety", "product_category", "urgency"}
    of_the_family = {"heard", "hearing", "person_role", "consent_kind", "legal_ground", "withdrawal_reason"}

    assert LEARNABLE_CODES.isdisjoint(of_the_child | of_the_family | {"line", "enclosed"})
    assert CODE_LISTS.keys() >= LEARNABLE_CODES
    assert [step.codes for step in route_of(TO_ADVICE).steps] == [()] * 6


TEXTS = ["", "Jan", "jan jansen", "2012-03-04", "20120304", "12:30", "=1", "x" * 41, "naïef", "a\n", "a__b"]


@pytest.mark.parametrize("text", [*TEXTS, "0b31d5e8-7d43-4a4b-9a0f-4f1f3a5c2d10", "0b31d5e87d434a4b9a0f4f1f3a5c2d10"])
def test_a_route_refuses_every_word_that_is_no_code(text: str) -> None:
    step: dict[str, Any] = {"part": "case", "trigger": "submit", "target": "submitted", "wait_band": None}
    step["role"] = Role.CHAIR
    assert RouteStep(**step).codes == ()

    wrong: list[dict[str, Any]] = [{name: text} for name in ("part", "trigger", "target", "wait_band", "role")]
    pairs = (("refusal_reason", text), (text, "no_capacity"), ("safety", "unsafe"))
    for change in (*wrong, *({"codes": (pair,)} for pair in pairs)):
        with pytest.raises(ReleaseRefused):
            RouteStep(**step | change)


@pytest.mark.parametrize(
    "change",
    [{"age_band": "13"}, {"end_state": "Weg!"}, {"total_band": "12 days"}, {"tables": 4}, {"placements": 3}],
)
def test_a_route_refuses_a_number_beyond_its_cap_and_an_age_or_wait_outside_the_bands(change: dict[str, Any]) -> None:
    with pytest.raises(ReleaseRefused):
        replace(route_of(TO_TRIAGE), **change)
