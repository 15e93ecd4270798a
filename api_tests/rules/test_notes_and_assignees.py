"""A note changes nothing but the history; a case or part is assigned to a person of its acting party, and back."""

import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import PERSON_IDS
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by


def test_a_note_changes_nothing_but_the_history(people: People) -> None:
    case = CaseFile.submitted(people).go_to("advice_issued")
    commitment = case.parts("commitment")[0]
    before = case.view()
    possible = people.esra.get(f"{case.path}/possible-transitions").json()["transitions"]

    case.fire("add_note")
    case.fire("add_note", part=commitment)

    after = case.view()
    moving = {"version", "sequence", "digest", "main", "parts"}
    fixed = before.keys() - moving
    assert after.keys() - moving == fixed
    assert {name: after[name] for name in fixed} == {name: before[name] for name in fixed}
    for then, now in zip([before["main"], *before["parts"]], [after["main"], *after["parts"]], strict=True):
        assert {**now, "version": 0} == {**then, "version": 0}
    assert people.esra.get(f"{case.path}/possible-transitions").json()["transitions"] == possible


@broken_by(
    "An assigned person stays assigned until the case is given to somebody else",
    "service/cases/rules/steps.py",
    "    return form.next_assignee(current) if form else current",
    "    return form.next_assignee(None) if form else current",
)
def test_a_case_is_given_to_a_person_of_the_party_and_back_to_the_role(people: People) -> None:
    case = CaseFile.submitted(people)

    case.fire("reassign", by="carla", assignee_id=PERSON_IDS["carla"])
    assignee = case.view()["main"]["party"]["assignee"]
    for trigger in ("add_note", "amend"):
        case.fire(trigger)
    assignee_later = case.view()["main"]["party"]["assignee"]
    case.fire("reassign", by="carla", assignee_id=None)

    assert assignee["id"] == assignee_later["id"] == str(PERSON_IDS["carla"])
    assert case.view()["main"]["party"]["assignee"] is None
    assert case.view()["main"]["party"]["role"] == "coordinator"


@pytest.mark.parametrize("whom", ["anna", "ivo", "petra", "mila"])
def test_a_case_is_never_given_to_somebody_who_does_not_work_for_the_party(people: People, whom: str) -> None:
    case = CaseFile.submitted(people)

    answer = case.attempt("reassign", by="carla", assignee_id=PERSON_IDS[whom])

    assert answer.status_code == 400
    expected = [("/form/assigneeId", "unknown_assignee")]
    assert [(error["location"], error["code"]) for error in answer.json()["errors"]] == expected
    assert len(case.history()) == 1


def test_a_part_is_given_to_somebody_of_the_organisation_that_it_is_put_to(people: People) -> None:
    case = CaseFile.submitted(people).go_to("advice_issued")
    commitment = next(part for part in case.parts("commitment") if part["line"] == "A")

    elsewhere = case.attempt("reassign", part=commitment, by="ivo", assignee_id=PERSON_IDS["joke"])
    case.fire("reassign", part=commitment, by="ivo", assignee_id=PERSON_IDS["ivo"])
    reassigned = next(part for part in case.parts("commitment") if part["line"] == "A")
    case.fire("accept", part=commitment)

    assert elsewhere.status_code == 400
    assert reassigned["party"]["assignee"]["id"] == str(PERSON_IDS["ivo"])
    assert next(part for part in case.parts("commitment") if part["line"] == "A")["party"]["assignee"] is None


@broken_by(
    "The refusal of a person who cannot be assigned names the field of the form",
    "service/cases/rules/forms/triage.py",
    '    assignee_field: ClassVar[str] = "screenerId"\n',
    "",
)
def test_the_screener_whom_triage_names_works_for_the_team_and_is_the_one_who_must_act(people: People) -> None:
    named, other = CaseFile.submitted(people), CaseFile.submitted(people)

    wrong = other.attempt("start_triage", screener_id=PERSON_IDS["anna"])
    named.fire("start_triage", screener_id=PERSON_IDS["daan"])

    assert wrong.status_code == 400
    assert [(error["location"], error["code"]) for error in wrong.json()["errors"]] == [
        ("/form/screenerId", "unknown_assignee")
    ]
    assert named.view()["main"]["party"]["assignee"]["id"] == str(PERSON_IDS["daan"])
