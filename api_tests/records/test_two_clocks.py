"""Every entry has two times, of the event in life and of its recording; neither ever goes back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from api_tests.support.case_file import CaseFile
from api_tests.support.forgery import entries_of_case
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.workflows import form_for
from service.vocabulary.calendar import from_microseconds, to_microseconds

NOON = "2026-01-05T12:00:00Z"
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds have no zone


@pytest.fixture
def clock(service: RunningService) -> Iterator[RunningService]:
    """The service with a clock that the test may set; it is set back afterwards."""
    passed = service.clock.passed
    yield service
    service.clock.passed = passed


def _submit_at(people: People, moment: str) -> dict[str, Any]:
    body = {"trigger": "submit", "occurredAt": moment, "form": form_for("case", "submit")}
    answer = people.anna.post("/cases", body)
    assert answer.status_code == 201, answer.text
    submission: dict[str, Any] = answer.json()
    return submission


@pytest.fixture
def case_of_noon(people: People) -> CaseFile:
    submission = _submit_at(people, NOON)
    return CaseFile(people, submission["caseId"], submission["number"])


@pytest.mark.parametrize(
    ("occurred_at", "expected"),
    [
        ("2026-01-05T12:00:00Z", "2026-01-05T12:00:00Z"),
        ("2026-01-05T12:00:00+01:00", "2026-01-05T11:00:00Z"),
        ("2026-01-05T00:30:00+14:00", "2026-01-04T10:30:00Z"),
        ("2026-01-05T23:30:00.250000-11:30", "2026-01-06T11:00:00.250000Z"),
        ("2026-01-05T12:00:00.999999Z", "2026-01-05T12:00:00.999999Z"),
    ],
)
def test_a_time_in_life_is_answered_in_utc_to_the_microsecond(people: People, occurred_at: str, expected: str) -> None:
    submission = _submit_at(people, occurred_at)

    history = people.esra.get(f"/cases/{submission['caseId']}/transitions").json()["transitions"]

    assert submission["transition"]["occurredAt"] == expected
    assert history[0]["occurredAt"] == expected


@given(MOMENTS)
@example(datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC))
@settings(max_examples=100, deadline=None)
def test_every_moment_comes_back_from_the_database_as_it_went_in(instant: datetime) -> None:
    assert from_microseconds(to_microseconds(instant)) == instant


@broken_by(
    "A step that happened before the last step of its part is refused",
    "service/cases/use_cases/check_step.py",
    "    if step.occurred_at < situation.part.occurred_at:",
    "    if step.occurred_at is None:",
    case="postgresql",
)
def test_what_happened_before_the_last_step_of_its_part_is_refused_with_the_earliest_moment(
    case_of_noon: CaseFile,
) -> None:
    refused = case_of_noon.attempt("add_note", occurred_at="2026-01-05T11:59:59.999999Z")
    taken = case_of_noon.attempt("add_note", occurred_at=NOON)

    fault = refused.json()["errors"][0]
    assert (refused.status_code, fault["code"]) == (400, "occurred_before_previous")
    assert fault["location"] == "/occurredAt"
    assert taken.status_code == 201, taken.text


@broken_by(
    "A step with a date in the future is refused",
    "service/cases/use_cases/check_step.py",
    "if step.has_date and step.occurred_at > situation.now + CLOCK_TOLERANCE:",
    "if step.has_date and step.occurred_at is None:",
)
def test_what_is_still_to_happen_is_refused(case_of_noon: CaseFile, clock: RunningService) -> None:
    soon = (clock.clock() + timedelta(minutes=10)).isoformat().replace("+00:00", "Z")

    refused = case_of_noon.attempt("add_note", occurred_at=soon)

    assert refused.status_code == 400
    assert [error["code"] for error in refused.json()["errors"]] == ["occurred_in_future"]


def test_each_part_has_a_clock_of_its_own(people: People) -> None:
    """A provider may report a fact late, after the case itself has moved on."""
    case = CaseFile.submitted(people).go_to("advice_issued")
    part = case.parts("commitment")[0]
    between = case.history()[-1]["occurredAt"]
    case.fire("start_arranging")

    step = case.fire("accept", part=part, occurred_at=between)

    history = case.history()
    assert step["transition"]["occurredAt"] == between
    assert history[-1]["occurredAt"] < history[-2]["occurredAt"]
    assert history[-1]["recordedAt"] >= history[-2]["recordedAt"]


@broken_by(
    "The time of recording never goes back when the clock does",
    "service/cases/rules/steps.py",
    "recorded_at=max(situation.now, case.recorded_at),",
    "recorded_at=situation.now,",
)
@broken_by(
    "A step without a date is never earlier than the last step of its part",
    "service/cases/use_cases/check_step.py",
    "    return step if step.has_date else replace(step, occurred_at=max(step.occurred_at, part.occurred_at))",
    "    return step",
)
def test_the_time_of_recording_never_goes_back_also_when_the_clock_of_the_machine_does(
    case: CaseFile, clock: RunningService, database: Engine
) -> None:
    before = case.fire("add_note")["transition"]

    clock.clock.let_pass(hours=-3)
    during = case.fire("add_note")["transition"]
    clock.clock.let_pass(hours=4)
    after = case.fire("add_note")["transition"]

    with database.connect() as connection:
        recorded = [entry.recorded_at for entry in entries_of_case(connection, case.id)]
    assert recorded == sorted(recorded)
    assert (during["recordedAt"], during["occurredAt"]) == (before["recordedAt"], before["occurredAt"])
    assert after["recordedAt"] > during["recordedAt"]
    assert _is_sound(case)


def _is_sound(case: CaseFile) -> bool:
    return bool(case.people.esra.get(f"{case.path}/verification").json()["sound"])
