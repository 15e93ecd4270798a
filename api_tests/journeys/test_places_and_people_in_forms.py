"""A form names only municipalities that exist, and gives work only to people who can do it (I1)."""

from typing import Any

import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import PERSON_IDS
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.refusals import faults
from api_tests.support.sabotages import broken_by

pytestmark = pytest.mark.server

# Codes of the right form that are on no list of municipalities.
UNKNOWN_CODES = ("GM9999", "GM0788")
OF_HAARLEM = {"municipality": "GM0392", "sinceOn": "2020-01-01", "inStay": False}


@broken_by(
    "A code that is no municipality is refused in every field of a form",
    "service/cases/use_cases/check_step.py",
    "if municipality.code not in known_codes:",
    "if not municipality.code:",
)
@pytest.mark.parametrize("field", ["municipality", "beforeStay", "motherAtBirth"])
@pytest.mark.parametrize("code", UNKNOWN_CODES)
def test_an_unknown_municipality_is_refused_in_a_referral(people: People, field: str, code: str) -> None:
    answer = people.anna.submit(residence={**OF_HAARLEM, field: code})

    assert faults(answer) == {("unknown_municipality", f"/form/residence/{field}")}


def test_an_unknown_municipality_is_refused_in_a_consult(people: People) -> None:
    form = filled("consult_request@1", municipality="GM9999", region="JZ11")

    answer = people.wilma.post("/cases", {"trigger": "ask_consult", "form": form})

    assert faults(answer) == {("unknown_municipality", "/form/municipality")}


@broken_by(
    "The rules of names hold for an amendment as for the form itself",
    "service/cases/use_cases/check_step.py",
    "return (*form.faults(context), *results_if_readable(partial(_faults_in_names, transaction, form)))",
    "return tuple(form.faults(context))",
)
def test_an_unknown_municipality_is_refused_in_an_amendment(people: People) -> None:
    case = CaseFile.submitted(people)

    answer = case.attempt("amend", by="anna", amends=1, changes={"residence": {"motherAtBirth": "GM9999"}})

    assert faults(answer) == {("unknown_municipality", "/form/changes/residence/motherAtBirth")}


@broken_by(
    "A person who is given a case holds a role that can take the next action",
    "service/cases/use_cases/check_step.py",
    "if not any(seat.role in roles and (seat",
    "if not any((seat",
)
def test_work_is_given_only_to_somebody_with_the_role_that_acts(people: People) -> None:
    """Noor works for the team, as facilitator of the learning table: she cannot read a case."""
    submitted = CaseFile.submitted(people)
    advised = CaseFile.submitted(people).go_to("advice_issued")
    advised.fire("request_reconsideration", by="hanna")
    reconsideration = advised.parts("reconsideration")[-1]

    answers: dict[str, Any] = {
        "/form/assigneeId": submitted.attempt("reassign", by="carla", assignee_id=PERSON_IDS["noor"]),
        "/form/screenerId": submitted.attempt("start_triage", by="carla", screener_id=PERSON_IDS["noor"]),
        "/form/chairId": advised.attempt("take_up", part=reconsideration, by="esra", chair_id=PERSON_IDS["noor"]),
    }

    assert {place: faults(answer) for place, answer in answers.items()} == {
        place: {("unknown_assignee", place)} for place in answers
    }
    assert "voorzitter of screener" in _dutch(answers["/form/screenerId"])
    assert "deze rol heeft: voorzitter." in _dutch(answers["/form/chairId"])


def _dutch(answer: Any) -> str:
    return str(answer.json()["errors"][0]["nl"])
