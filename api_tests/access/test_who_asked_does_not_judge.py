"""A reconsideration is not judged by who asked for it; another region may judge it (I15, R61; decision 0040)."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from api_tests.journeys.test_reconsidered import case_with_running_help, latest_reconsideration
from api_tests.support.administration import Office
from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.people import People, Person
from api_tests.support.refusals import code_of, faults, refusal
from api_tests.support.sabotages import Returns, broken_by
from api_tests.support.servers import RunningService

JUDGING = ("take_up", "reassign", "amend")


@pytest.fixture
def office(service: RunningService, people: People) -> Iterator[Office]:
    with ExitStack() as clients:
        yield Office(service, people.roos, clients)


def _person_with_two_roles(office: Office) -> Person:
    """A chair of the team who also works for the provider De Veste."""
    person = office.add_member(str(ORGANISATION_IDS["ret"]), "chair")
    veste = str(ORGANISATION_IDS["de-veste"])
    office.record_change("/memberships", personId=person.key, organisationId=veste, role="provider")
    return person


def _steps(case: CaseFile, by: Person, part: dict[str, Any]) -> set[str]:
    """The steps with the part that this person has the role for."""
    offers = by.get(f"{case.address(part)}/possible-transitions").json()["transitions"]
    return {offered["trigger"] for offered in offers if offered["allowedForYou"]}


def _reasons(case: CaseFile, by: Person, part: dict[str, Any]) -> dict[str, str | None]:
    """Why this person may not take a step, by step."""
    offers = by.get(f"{case.address(part)}/possible-transitions").json()["transitions"]
    return {offered["trigger"]: offered["whyNot"] and offered["whyNot"]["code"] for offered in offers}


def _commitment(case: CaseFile) -> dict[str, Any]:
    return next(part for part in case.parts("commitment") if part["line"] == "A")


@broken_by(
    "What is possible says why somebody with the role has no say in a part",
    "service/cases/rules/steps.py",
    "why_not=None if step.allowed_for_you else standing.why_not_for(step.trigger),",
    "why_not=None,",
)
@broken_by(
    "I15, R61: whoever asked for a reconsideration has no chair's say in it",
    Returns("service/cases/rules/acting_memberships.py", "asked_for_it", False),
)
def test_r61_a_chair_who_asked_has_no_say_but_to_withdraw(people: People) -> None:
    case = case_with_running_help(people)
    case.fire("request_reconsideration", by="esra")
    requested = latest_reconsideration(case)

    by_asker = case.attempt("take_up", part=requested, by="esra", chair_id=PERSON_IDS["vera"])
    asker_named = case.attempt("take_up", part=requested, by="vera", chair_id=PERSON_IDS["esra"])

    assert refusal(by_asker) == (403, "role_not_allowed")
    assert by_asker.json()["whyNot"]["code"] == "asked_for_it"
    assert _reasons(case, people.esra, requested)["take_up"] == "asked_for_it"
    assert set(_reasons(case, people.vera, requested).values()) == {None}
    assert ("assignee_asked_for_it", "/form/chairId") in faults(asker_named)
    assert _steps(case, people.esra, requested) == {"withdraw"}
    assert {*JUDGING} <= _steps(case, people.vera, requested)
    case.fire("withdraw", part=requested, by="esra")


def test_r61_a_person_with_a_second_role_does_not_judge_what_that_organisation_asked(
    people: People, office: Office
) -> None:
    case = case_with_running_help(people)
    person = _person_with_two_roles(office)
    case.fire("request_reconsideration", part=_commitment(case), by="ivo", asked_by=None)
    of_provider = latest_reconsideration(case)

    named = case.attempt("take_up", part=of_provider, by="vera", chair_id=person.key)
    given = case.attempt("reassign", part=of_provider, by="hanna", assignee_id=person.key)

    assert _steps(case, person, of_provider) == {"withdraw", "add_note", "amend"}
    assert faults(named) == {("assignee_asked_for_it", "/form/chairId")}
    assert faults(given) == {("assignee_asked_for_it", "/form/assigneeId")}
    case.fire("withdraw", part=of_provider, by="ivo")
    case.fire("request_reconsideration", by="anna")
    assert {*JUDGING} <= _steps(case, person, latest_reconsideration(case))


@broken_by(
    "R61: a reconsideration may be passed to a chair of another region",
    "service/cases/use_cases/check_step.py",
    "seat.organisation_id == party or seat.role == judge",
    "seat.organisation_id == party",
)
@broken_by(
    "R61: of the other regions only the chair to whom a reconsideration was passed sees the case",
    "service/people/store/people.py",
    "            columns.assignee_id == str(person_id),\n            columns.kind",
    "            columns.kind",
)
@broken_by(
    "R61: the chair to whom a reconsideration was passed acts in it",
    "service/cases/rules/acting_memberships.py",
    "if seat.role == passed_to_role or",
    "if",
)
def test_r61_a_chair_of_another_region_judges_what_was_passed_to_her_and_sees_the_case_until_then(
    people: People,
) -> None:
    case = case_with_running_help(people)
    case.fire("request_reconsideration", by="esra")
    before = refusal(people.petra.get(case.path))
    case.fire("reassign", part=latest_reconsideration(case), by="hanna", assignee_id=PERSON_IDS["petra"])
    passed = latest_reconsideration(case)
    mine = people.petra.get("/work-items", params={"whose": "mine", "number": case.number}).json()["items"]

    file = people.petra.get(f"{case.path}/file").status_code
    on_the_case = case.attempt("add_note", by="petra")
    case.fire("take_up", part=passed, by="petra", chair_id=PERSON_IDS["petra"])
    case.fire("confirm_advice", part=passed, by="petra")

    assert before == (404, "not_found")
    assert (passed["party"]["role"], passed["party"]["assignee"]["name"]) == ("chair", "Petra Kok")
    assert [item["part"]["id"] for item in mine] == [passed["id"]]
    assert file == 200
    assert refusal(on_the_case) == (403, "role_not_allowed")
    assert code_of(latest_reconsideration(case)) == "confirmed"
    assert refusal(people.petra.get(case.path)) == (404, "not_found")


def test_r61_nothing_else_is_passed_to_another_region(people: People) -> None:
    case = case_with_running_help(people)

    of_commitment = case.attempt("reassign", part=_commitment(case), by="hanna", assignee_id=PERSON_IDS["petra"])
    of_case = case.attempt("reassign", by="carla", assignee_id=PERSON_IDS["petra"])

    assert faults(of_commitment) == faults(of_case) == {("unknown_assignee", "/form/assigneeId")}
