"""The consult, the light way: a parent, a young person or a professional asks and gets an answer."""

from datetime import timedelta
from typing import Any

import pytest

from api_tests.journeys.conftest import Elsewhere
from api_tests.support.case_file import CaseFile
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.refusals import faults, refusal, unmet_guards
from api_tests.support.sabotages import Guard, broken_by

pytestmark = pytest.mark.server


def ask(people: People, by: str, **changes: Any) -> Any:
    form = filled("consult_request@1", **changes)
    return people[by].post("/cases", {"trigger": "ask_consult", "form": form})


def triggers(case: CaseFile, by: str) -> dict[str, bool]:
    transitions = case.people[by].get(f"{case.path}/possible-transitions").json()["transitions"]
    return {transition["trigger"]: transition["possible"] for transition in transitions}


def triggers_in_file(case: CaseFile, by: str) -> list[str]:
    """Returns the triggers of the documents that this person reads in the file."""
    file = case.people[by].get(f"{case.path}/file")
    assert file.status_code == 200, file.text
    return [document["entry"]["trigger"] for document in file.json()["documents"]]


def test_story_e_a_parent_asks_a_consult_is_answered_and_later_asks_for_the_table(people: People) -> None:
    case = CaseFile.ask_consult(people, by="wilma")
    assert case.view()["main"]["party"]["role"] == "coordinator"
    assert case.view()["submitter"]["name"] == "Gezin W. (demonstratie)"

    case.fire("give_consult", by="carla")
    head = case.view("wilma")["main"]
    assert (head["party"]["role"], head["nextAction"]["code"]) == ("parent", "confirm_helped")
    assert triggers_in_file(case, "wilma") == ["ask_consult", "give_consult"]
    case.fire("confirm_helped", by="wilma")
    assert case.state == "closed"

    case.fire("reopen", by="wilma")
    assert unmet_guards(case.attempt("schedule", by="daan")) == {"referred"}
    case.fire("refer", by="wilma")
    case.fire("start_triage", by="carla")
    case.fire("schedule", by="daan")
    case.go_to("advice_issued")

    assert triggers_in_file(case, "wilma")[-1] == "issue_advice"


@broken_by("A consult goes to the table only after a referral", Guard("referred"))
def test_a_question_alone_is_not_brought_to_the_table_and_a_case_is_referred_once(people: People) -> None:
    case = CaseFile.ask_consult(people, by="wilma")
    case.fire("start_triage")
    assert unmet_guards(case.attempt("schedule", by="daan")) == {"referred"}
    case.fire("give_consult", by="daan")
    assert unmet_guards(case.attempt("ask_for_table", by="wilma")) == {"referred"}

    case.fire("refer", by="carla")

    assert unmet_guards(case.attempt("refer", by="wilma")) == {"not_referred_yet"}
    assert case.view()["submitter"]["name"] == "Gezin W. (demonstratie)", (
        "typing a referral does not make the typist its submitter"
    )
    case.go_to("scheduled")


@broken_by(
    "I1: a submitter that must act does so in the role in which they submitted",
    "service/cases/rules/steps.py",
    "        return submitted_as, case.submitter_id\n",
    "        return state.party, case.submitter_id\n",
    case="sqlite-wilma-parent",
)
@pytest.mark.parametrize(("by", "role"), [("wilma", "parent"), ("yara", "young_person"), ("anna", "local_team")])
def test_i1_the_person_who_asked_has_their_own_role_when_it_is_their_turn(people: People, by: str, role: str) -> None:
    case = CaseFile.ask_consult(people, by=by)

    case.fire("give_consult", by="esra")

    items = people[by].get("/work-items", params={"whose": "mine", "number": case.number}).json()["items"]
    assert [item["part"]["party"]["role"] for item in items] == [role]
    assert triggers(case, by)["confirm_helped"]


def test_t2_a_question_needs_a_place_and_a_way_to_call_back_and_no_consent(people: People) -> None:
    bare = {"question": "Hoe nu verder?", "askedBy": {"code": "parent"}, "contact": {"name": "Wilma"}}

    nowhere = people.wilma.post("/cases", {"trigger": "ask_consult", "form": bare})
    complete = bare | {"region": "JZ10", "contact": {"name": "Wilma", "reachableAt": "06 00 00 00 00"}}
    answer = people.wilma.post("/cases", {"trigger": "ask_consult", "form": complete})

    assert faults(nowhere) == {
        ("place_missing", "/form/municipality"),
        ("nowhere_to_call_back", "/form/contact/reachableAt"),
    }
    assert answer.status_code == 201
    assert people.wilma.get(f"/cases/{answer.json()['caseId']}").json()["region"] == "JZ10"


def test_the_municipality_decides_on_the_region_before_the_region_that_was_named(people: People) -> None:
    answer = ask(people, "wilma", municipality="GM0453", region="JZ11")

    assert people.wilma.get(f"/cases/{answer.json()['caseId']}").json()["region"] == "JZ10"


def test_a_question_is_found_by_its_number_with_the_person_to_call(people: People) -> None:
    case = CaseFile.ask_consult(people, by="wilma")

    items = people.carla.get("/cases", params={"number": case.number}).json()["items"]

    assert [item["caseId"] for item in items] == [case.id]
    question = people.carla.get(f"{case.path}/transitions/1").json()["form"]
    assert question["contact"] == {"name": "Wilma", "reachableAt": "06 00 00 00 00"}


def test_a_provider_asks_no_consult_and_a_submission_of_something_else_is_refused(people: People) -> None:
    assert refusal(ask(people, "ivo")) == (403, "not_allowed")
    assert refusal(ask(people, "carla")) == (403, "not_allowed")
    assert refusal(people.wilma.post("/cases", {"trigger": "decline", "form": {}})) == (400, "invalid")


def test_a_question_sent_twice_under_one_key_is_asked_once(people: People) -> None:
    body = {"trigger": "ask_consult", "form": filled("consult_request@1")}

    first, second = (people.wilma.post("/cases", body, key="consult-from-the-kitchen-table") for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["caseId"] == second.json()["caseId"]


def test_i8_the_child_waits_from_the_first_question_on(elsewhere: Elsewhere) -> None:
    asked_at = elsewhere.clock() - timedelta(days=3)
    body = {"trigger": "ask_consult", "form": filled("consult_request@1"), "occurredAt": asked_at.isoformat()}
    answer = elsewhere.people.wilma.post("/cases", body).json()
    case = CaseFile(elsewhere.people, answer["caseId"], answer["number"])

    elsewhere.clock.let_pass(days=10)
    case.fire("refer", by="carla")

    assert case.view()["waitingDays"] == 13


def test_a_family_submits_a_case_for_the_table_itself_and_does_what_a_submitter_does(people: People) -> None:
    case = CaseFile.submitted(people, by="yara")
    case.fire("request_information", by="carla")
    assert case.view("yara")["main"]["party"]["role"] == "young_person"
    assert triggers_in_file(case, "yara") == ["submit", "request_information"], "one reads what one is asked"

    case.fire("supply_information", by="wilma")
    case.go_to("advice_drafted")
    case.fire("comment", by="yara")

    assert refusal(case.attempt("reassign", by="yara")) == (403, "role_not_allowed")
    assert refusal(case.attempt("draft_advice", by="wilma")) in {
        (403, "role_not_allowed"),
        (409, "transition_not_allowed"),
    }
    case.fire("withdraw", by="wilma")
    assert case.state == "withdrawn"
