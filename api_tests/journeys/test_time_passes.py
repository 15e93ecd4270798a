"""Time passes: the child's waiting is counted, lateness is shown, and nothing happens by itself (I8, I28)."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from api_tests.journeys.conftest import Elsewhere
from api_tests.support.case_file import CaseFile
from api_tests.support.sabotages import broken_by
from api_tests.support.workflows import form_for

pytestmark = pytest.mark.server

YEARS = 6 * 366  # days: longer than a form can plan ahead
STATES = ["submitted", "awaiting_information", "consulted", "scheduled", "advice_drafted", "monitored"]


@broken_by(
    "I28: a case is shown as late from the day after its last day",
    "service/cases/api/presenter.py",
    "part.due_on < self.today)",
    "part.due_on <= self.today)",
)
def test_i28_the_day_after_the_last_one_is_late_and_the_last_one_is_not(elsewhere: Elsewhere) -> None:
    case = CaseFile.submitted(elsewhere.people).go_to("advice_drafted")
    due_on = datetime.fromisoformat(case.view()["main"]["dueOn"]).date()

    elsewhere.clock.let_pass(days=(due_on - today(elsewhere)).days)
    on_the_day = case.view()["main"]["late"]
    elsewhere.clock.let_pass(days=1)
    the_day_after = case.view()["main"]["late"]

    assert (on_the_day, the_day_after) == (False, True)


@broken_by(
    "I28: the service refuses no step because it is late",
    "service/cases/use_cases/take_step.py",
    ("        if version is None:\n            raise VersionMissing\n"),
    (
        "        if sight.part.due_on and sight.part.due_on < transaction.now.date():\n"
        "            raise NotFound\n"
        "        if version is None:\n"
        "            raise VersionMissing\n"
    ),
)
def test_i28_a_late_step_is_still_possible(elsewhere: Elsewhere) -> None:
    case = CaseFile.submitted(elsewhere.people).go_to("in_triage")
    case.fire("request_information", needed_by_on=(today(elsewhere) + timedelta(days=10)).isoformat())
    elsewhere.clock.let_pass(days=20)
    assert case.view()["main"]["late"]

    case.fire("supply_information")

    assert (case.state, case.view()["main"]["late"]) == ("in_triage", False)


@broken_by(
    "I8: the child's waiting time continues through a reopening",
    "service/cases/api/presenter.py",
    "day_in_amsterdam(case.submitted_at)",
    "day_in_amsterdam(sight.part.occurred_at)",
)
def test_i8_the_child_waits_from_the_first_submission_also_while_others_are_asked_and_through_a_reopening(
    elsewhere: Elsewhere,
) -> None:
    case = CaseFile.submitted(elsewhere.people)
    waiting_days = [case.view()["waitingDays"]]

    elsewhere.clock.let_pass(days=10)
    case.fire("request_information")
    elsewhere.clock.let_pass(days=20)
    waiting_days.append(case.view()["waitingDays"])
    case.fire("supply_information")
    case.fire("withdraw")
    elsewhere.clock.let_pass(days=30)
    waiting_days.append(case.view()["waitingDays"])
    case.fire("reopen")
    waiting_days.append(case.view()["waitingDays"])

    assert waiting_days == [0, 30, None, 60]


@broken_by(
    "I8: the waiting time counts from the day of the question, not from its entry in the service",
    "service/cases/use_cases/check_submission.py",
    "submitted_at=submitted_at",
    "submitted_at=transaction.now",
)
def test_i8_a_question_that_was_asked_before_it_was_entered_counts_from_the_day_it_was_asked(
    elsewhere: Elsewhere,
) -> None:
    asked_at = elsewhere.clock() - timedelta(days=12)
    body: dict[str, Any] = {
        "trigger": "submit",
        "occurredAt": asked_at.isoformat(),
        "form": form_for("case", "submit"),
    }

    answer = elsewhere.people.anna.post("/cases", body)

    view = elsewhere.people.anna.get(f"/cases/{answer.json()['caseId']}").json()
    assert view["waitingDays"] == 12
    assert datetime.fromisoformat(view["submittedAt"]) == asked_at
    assert elsewhere.people.anna.get(f"/cases/{view['id']}/verification").json()["sound"] is True


def standing(view: dict[str, Any]) -> list[tuple[object, ...]]:
    """Returns the standing of a case and its parts, without anything that time alone changes."""
    parts = (view["main"], *view["parts"])
    return [(part["id"], part["state"]["code"], part["party"], part["dueOn"], part["version"]) for part in parts]


def today(elsewhere: Elsewhere) -> date:
    return elsewhere.clock().date()


def test_i28_in_years_that_nobody_acts_no_state_changes_and_everything_shows_that_it_is_late(
    elsewhere: Elsewhere,
) -> None:
    cases = [CaseFile.submitted(elsewhere.people).go_to(state) for state in STATES]
    cases[-1].fire("request_escalation")
    views_before = [(case.view(), case.history()) for case in cases]

    elsewhere.clock.let_pass(days=YEARS)

    for case, (view, history) in zip(cases, views_before, strict=True):
        view_now = case.view()
        assert case.history() == history
        assert standing(view_now) == standing(view)
        assert all(part["late"] for part in (view_now["main"], *view_now["parts"]) if part["dueOn"])
