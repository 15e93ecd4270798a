"""Terms in working days and months, planned days, the steps that start or leave a term, and no deadline that acts."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from api_tests.support.case_file import CaseFile
from api_tests.support.changed_rules import service_with_people
from api_tests.support.databases import new_database
from api_tests.support.edges import Json
from api_tests.support.engines import ENGINES
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.workflows import RULES
from service.vocabulary.calendar import (
    AMSTERDAM,
    Term,
    day_in_amsterdam,
    from_microseconds,
    last_day_of,
    months_after,
    to_microseconds,
    utc_text,
)
from service.workflows.rules.region_settings import RegionSettings


def working(days: int) -> Term:
    return Term(working_days=days)


def calendar(days: int) -> Term:
    return Term(days=days)


def months(number: int) -> Term:
    return Term(months=number)


@broken_by(
    "A term never ends on a Dutch holiday",
    "service/vocabulary/calendar.py",
    "return day.weekday() < _SATURDAY and day not in _holidays(day.year)",
    "return day.weekday() < _SATURDAY",
)
@broken_by("A term never ends on 5 May", "service/vocabulary/calendar.py", ', categories=("public", "optional")', "")
@pytest.mark.parametrize(
    ("start", "term", "expected"),
    [
        # An ordinary week: the day itself does not count, Saturday and Sunday neither.
        ("2026-03-02", working(2), "2026-03-04"),
        ("2026-03-05", working(2), "2026-03-09"),
        ("2026-03-07", working(1), "2026-03-09"),
        ("2026-03-04", working(0), "2026-03-04"),
        ("2026-03-07", working(0), "2026-03-09"),
        # Easter 2026: Good Friday 3 April and Easter Monday 6 April.
        ("2026-04-02", working(1), "2026-04-07"),
        ("2026-03-31", working(5), "2026-04-09"),
        ("2026-03-27", calendar(7), "2026-04-07"),
        # King's Day is Monday 27 April in 2026, and Saturday 26 April in 2025 because the 27th was a Sunday.
        ("2026-04-24", working(1), "2026-04-28"),
        ("2025-04-25", working(1), "2025-04-28"),
        # 5 May is a day of rest in every year (Algemene termijnenwet, article 3), not only in the lustrum years.
        ("2026-05-04", working(1), "2026-05-06"),
        ("2025-05-02", working(1), "2025-05-06"),
        # Ascension Day 14 May and Whit Monday 25 May 2026; the Friday after Ascension Day is worked.
        ("2026-05-13", working(1), "2026-05-15"),
        ("2026-05-22", working(1), "2026-05-26"),
        # Christmas 2026 falls on Friday and Saturday; in 2025 on Thursday and Friday.
        ("2026-12-24", working(1), "2026-12-28"),
        ("2025-12-24", working(1), "2025-12-29"),
        ("2025-12-18", calendar(7), "2025-12-29"),
        # New Year 2027 is a Friday: the year turns inside the term.
        ("2026-12-31", working(1), "2027-01-04"),
        ("2026-12-30", working(2), "2027-01-04"),
        ("2026-12-25", calendar(7), "2027-01-04"),
        # Rhythms of weeks keep their weekday.
        ("2026-03-04", calendar(91), "2026-06-03"),
        # A month ends on the same day of the next one, or on its last day where it has no such day.
        ("2025-01-31", months(1), "2025-02-28"),
        ("2028-01-31", months(1), "2028-02-29"),
        ("2026-05-31", months(1), "2026-06-30"),
        ("2025-11-30", months(3), "2026-03-02"),
        ("2026-01-15", months(12), "2027-01-15"),
        # The same day of the next month is a Sunday, and Christmas.
        ("2026-01-15", months(1), "2026-02-16"),
        ("2026-11-25", months(1), "2026-12-28"),
    ],
)
def test_a_term_ends_on_a_working_day_in_the_netherlands(start: str, term: Term, expected: str) -> None:
    assert last_day_of(date.fromisoformat(start), term).isoformat() == expected


@broken_by(
    "A month from 31 January is the last day of February",
    "service/vocabulary/calendar.py",
    "day = months_after(start, term.months or 0) + timedelta(days=term.days or 0)",
    "day = start + timedelta(days=(term.days or 0) + 30 * (term.months or 0))",
)
def test_a_month_is_a_month_of_the_calendar_however_many_days_it_has() -> None:
    ends = [str(months_after(date(2025, 1, 31), number)) for number in range(5)]

    assert ends == ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30", "2025-05-31"]
    assert last_day_of(date(2025, 1, 31), months(1)) == date(2025, 2, 28)


@pytest.mark.parametrize("units", [{}, {"days": 1, "months": 1}, {"working_days": 1, "months": 1}, {"months": -1}])
def test_a_term_has_exactly_one_unit(units: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Term.model_validate(units)


@broken_by(
    "Settings without months keep the hash of earlier releases",
    "service/vocabulary/calendar.py",
    ", exclude_if=lambda months: months is None",
    "",
)
def test_settings_of_an_earlier_release_keep_their_hash() -> None:
    in_days = {name: Term(days=1) for name in RULES.settings.default.terms}
    settings = RegionSettings.model_validate({**RULES.settings.default.model_dump(), "terms": in_days, "checks": {}})

    assert set(settings.model_dump()["terms"]["triage"]) == {"working_days", "days"}
    assert RegionSettings.model_validate(settings.model_dump()).hash == settings.hash


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 3, 2, 22, 59, tzinfo=UTC), "2026-03-02"),
        (datetime(2026, 3, 2, 23, 1, tzinfo=UTC), "2026-03-03"),
        (datetime(2026, 7, 1, 22, 1, tzinfo=UTC), "2026-07-02"),
    ],
)
def test_a_day_is_the_day_in_amsterdam_in_winter_and_in_summer(moment: datetime, expected: str) -> None:
    assert day_in_amsterdam(moment).isoformat() == expected


def test_a_moment_is_stored_in_microseconds_and_written_in_utc() -> None:
    moment = datetime(2026, 3, 2, 12, 30, 0, 5, tzinfo=UTC)

    assert to_microseconds(moment) == 1_772_454_600_000_005
    assert from_microseconds(1_772_454_600_000_005) == moment
    assert utc_text(moment) == "2026-03-02T12:30:00.000005Z"
    assert utc_text(datetime(2026, 7, 1, 14, tzinfo=AMSTERDAM)) == "2026-07-01T12:00:00Z"


@pytest.fixture(scope="module", params=ENGINES)
def years(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningService, People]]:
    """A service that no other test uses, so that its clock may be put forward by years. Returns (service, people)."""
    folder: Path = tmp_path_factory.mktemp(f"years-{request.param}")
    with service_with_people(folder, new_database(request, folder, request.param)) as service_and_people:
        yield service_and_people


def term_from(entry: Json, name: str) -> str:
    """The last day of this term, counted from the day of the entry in Amsterdam."""
    day = day_in_amsterdam(datetime.fromisoformat(entry["occurredAt"]))
    return last_day_of(day, RULES.settings.default.terms[name]).isoformat()


@broken_by(
    "A step that keeps the state moves the date only if it is the next action",
    "service/cases/rules/steps.py",
    "    if keeps_state and step.trigger != state.next:",
    "    if False:",
)
@pytest.mark.server
def test_a_term_runs_from_the_day_a_state_was_entered_or_its_next_action_done_and_other_steps_leave_it(
    years: tuple[RunningService, People],
) -> None:
    service, people = years
    case = CaseFile.submitted(people)
    submitted = case.history()[-1]
    first = case.view()["main"]["dueOn"]

    service.clock.let_pass(days=3)
    for trigger in ("add_note", "amend", "reassign"):
        case.fire(trigger)
    after_everyday_steps = case.view()["main"]["dueOn"]
    case.go_to("help_started")
    running = next(part for part in case.parts("commitment") if part["state"]["code"] == "running")
    case.fire("add_note", part=running)
    due_after_note = case.parts("commitment")[0]["dueOn"]
    case.fire("report_progress", part=running, next_report_on=None)
    reported = case.history()[-1]
    case.fire("start_monitoring")
    monitored = next(entry for entry in case.history() if entry["trigger"] == "start_monitoring")

    assert first == term_from(submitted, "start_triage")
    assert after_everyday_steps == first
    assert due_after_note == running["dueOn"]
    assert reported["dueOn"] == term_from(reported, "report_progress")
    assert case.view()["main"]["dueOn"] == term_from(monitored, "monitoring")


@pytest.mark.server
def test_a_form_that_names_a_day_sets_it_and_the_term_of_the_region_holds_where_it_names_none(
    years: tuple[RunningService, People],
) -> None:
    _, people = years
    case = CaseFile.submitted(people).go_to("scheduled")
    planned = case.view()["main"]["dueOn"]

    case.fire("reschedule", table_on="2030-06-16")
    moved = case.view()["main"]["dueOn"]
    case.go_to("in_review")

    assert (planned, moved) == ("2030-03-11", "2030-06-16")
    assert case.view()["main"]["dueOn"] == term_from(case.history()[-1], "analysis")


@pytest.mark.server
def test_an_ended_part_has_no_day_and_a_reopened_one_has_a_new_one(years: tuple[RunningService, People]) -> None:
    _, people = years
    case = CaseFile.submitted(people).go_to("withdrawn")
    ended = case.view()["main"]["dueOn"]

    case.fire("reopen")

    assert ended is None
    assert case.view()["main"]["dueOn"] == term_from(case.history()[-1], "triage")


@broken_by(
    "I28: a deadline that passed removes no possible step",
    "service/cases/rules/steps.py",
    "    steps = workflow.possible_transitions(part.state, situation.attempt(), standing.for_trigger)",
    "    steps = workflow.possible_transitions(part.state, situation.attempt(), "
    "lambda _: () if part.due_on and day_in_amsterdam(situation.now) > part.due_on else standing.memberships)",
)
@pytest.mark.server
def test_years_that_pass_change_nothing_but_that_it_is_late_and_how_long_the_child_waits(
    years: tuple[RunningService, People],
) -> None:
    """I28: no deadline closes, rejects or decides; I8: the child keeps waiting; I7: turning 18 does nothing."""
    service, people = years
    case = CaseFile.submitted(people).go_to("advice_issued")
    case.fire("seek_placement")
    case.fire("request_escalation")
    before, history, possible = case.view(), case.history(), everything_possible(case)

    service.clock.let_pass(days=6 * 365)
    after, history_after, possible_after = case.view(), case.history(), everything_possible(case)
    service.clock.let_pass(days=-6 * 365)  # the days that other tests plan lie sooner

    assert history_after == history
    assert possible_after == possible
    assert not any(part["late"] for part in [before["main"], *before["parts"]])
    assert all(part["late"] for part in [after["main"], *after["parts"]])
    assert after["waitingDays"] - before["waitingDays"] == 6 * 365
    assert without_lateness(after) == without_lateness(before)


@broken_by(
    "I8: the waiting time of a child ends with the case",
    "service/cases/api/presenter.py",
    "waiting_days=waiting if sight.part.is_open else None",
    "waiting_days=waiting",
)
@broken_by(
    "I8: the waiting time of a child counts from the first submission",
    "service/cases/api/presenter.py",
    "waiting = (self.today - day_in_amsterdam(case.submitted_at)).days",
    "waiting = (self.today - day_in_amsterdam(sight.part.occurred_at)).days",
)
@pytest.mark.server
def test_the_child_waits_from_the_first_submission_through_every_pause_until_the_case_ends(
    years: tuple[RunningService, People],
) -> None:
    """I8: the time without information counts as waiting; a late submission counts from its own day."""
    service, people = years
    case = CaseFile.submitted(people)
    waited = [case.view()["waitingDays"]]

    for trigger in ("request_information", "supply_information", "give_consult", "ask_for_table"):
        service.clock.let_pass(days=5)
        case.fire(trigger)
        waited.append(case.view()["waitingDays"])
    case.fire("withdraw")

    assert waited == [0, 5, 10, 15, 20]
    assert case.view()["waitingDays"] is None


@pytest.mark.server
def test_reopening_counts_the_waiting_from_the_first_submission_again(years: tuple[RunningService, People]) -> None:
    """I8: a child that comes back has waited since the first time."""
    service, people = years
    case = CaseFile.submitted(people).go_to("withdrawn")

    service.clock.let_pass(days=40)
    case.fire("reopen")

    assert case.view()["waitingDays"] == 40


@broken_by(
    "A planned day lies in a window, and the fault says which",
    "service/vocabulary/fields.py",
    "is_planned(type(part), name) and not first <= item <= last",
    "False",
)
@pytest.mark.parametrize(
    ("trigger", "field", "where", "state"),
    [
        ("request_information", "needed_by_on", "/form/neededByOn", "submitted"),
        ("schedule", "table_on", "/form/tableOn", "in_triage"),
        ("reschedule", "table_on", "/form/tableOn", "scheduled"),
    ],
)
@pytest.mark.parametrize("day", ["2127-03-11", "2019-03-11"])
def test_a_day_that_is_planned_lies_in_a_window_and_the_fault_says_which(
    people: People, trigger: str, field: str, where: str, state: str, day: str
) -> None:
    case = CaseFile.submitted(people).go_to(state)

    changes: Json = {field: day}
    answer = case.attempt(trigger, **changes)

    assert answer.status_code == 400
    (fault,) = answer.json()["errors"]
    today = day_in_amsterdam(datetime.now(UTC))
    assert (fault["location"], fault["code"]) == (where, "planned_day_outside_window")
    assert re.findall(r"20\d\d", fault["nl"]) == [str(today.year), str(today.year + 5)]


@broken_by(
    "A day that was planned in time may be corrected after it has passed",
    "service/cases/rules/steps.py",
    "decided_on=day_in_amsterdam(amended.occurred_at) if amended else on,",
    "decided_on=on,",
)
@pytest.mark.server
def test_what_was_planned_in_time_may_be_amended_after_the_day_has_passed(years: tuple[RunningService, People]) -> None:
    service, people = years
    case = CaseFile.submitted(people).go_to("in_triage")
    planned = day_in_amsterdam(service.clock()) + timedelta(days=10)
    case.fire("schedule", table_on=str(planned))
    number = case.view()["main"]["version"]

    service.clock.let_pass(days=40)
    changes = {"tableOn": str(planned + timedelta(days=1))}
    form = {"amends": number, "changes": changes, "reason": "De tafel was een dag later."}
    answer = case.attempt("amend", by="carla", form=form)

    assert answer.status_code == 201, answer.text


def everything_possible(case: CaseFile) -> dict[str, bytes]:
    view = case.view()
    addresses = [case.path, *(case.address(part) for part in view["parts"])]
    return {address: case.people.esra.get(f"{address}/possible-transitions").content for address in addresses}


def without_lateness(view: Json) -> Json:
    def bare(part: Json) -> Json:
        return {name: value for name, value in part.items() if name != "late"}

    rest = {name: value for name, value in view.items() if name not in ("waitingDays", "main", "parts")}
    return rest | {"main": bare(view["main"]), "parts": [bare(part) for part in view["parts"]]}
