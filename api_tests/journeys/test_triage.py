"""Before the table: information is asked for, a consult is given, or another organisation takes over (story d)."""

from typing import Any

from api_tests.support.case_file import CaseFile
from api_tests.support.people import People
from api_tests.support.refusals import code_of, faults, refusal, unmet_guards
from api_tests.support.sabotages import Guard, broken_by
from api_tests.support.workflows import form_for


def in_triage(people: People) -> CaseFile:
    return CaseFile.submitted(people).go_to("in_triage")


def without(trigger: str, field: str) -> dict[str, Any]:
    form = form_for("case", trigger)
    assert form is not None
    return {name: value for name, value in form.items() if name != field}


@broken_by("T4: the team can ask for information at most twice", Guard("information_rounds_left"))
def test_t4_information_is_asked_and_supplied_twice_and_the_third_time_triage_decides_without_more(
    people: People,
) -> None:
    case = in_triage(people)
    for _ in range(2):
        case.fire("request_information", by="daan")
        assert case.state == "awaiting_information"
        case.fire("supply_information")

    third = case.attempt("request_information", by="daan")

    assert unmet_guards(third) == {"information_rounds_left"}
    assert case.state == "in_triage"
    case.fire("schedule")


@broken_by(
    "T4: a submitter that is asked for information must act by the requested day",
    "service/cases/rules/forms/base.py",
    "return self.next_due_day()",
    "return None",
)
def test_t4_while_information_is_awaited_the_submitter_must_act_by_the_day_that_was_asked(people: People) -> None:
    case = CaseFile.submitted(people)

    case.fire("request_information", by="carla", needed_by_on="2030-02-19")

    main = case.view()["main"]
    assert (main["party"]["role"], main["party"]["organisation"]["name"]) == (
        "local_team",
        "Wijkteam Haarlem-Noord (demonstratie)",
    )
    assert (main["nextAction"]["code"], main["dueOn"]) == ("supply_information", "2030-02-19")
    items = people.anna.get("/work-items", params={"whose": "organisation", "number": case.number}).json()["items"]
    assert [item["caseId"] for item in items] == [case.id]


def test_t4_the_coordinator_goes_on_without_more_information_and_says_why(people: People) -> None:
    case = in_triage(people)
    case.fire("request_information")

    assert faults(case.attempt("proceed_without", by="carla", grounds=None)) == {("missing", "/grounds")}
    case.fire("proceed_without", by="carla", grounds="De mentor is ziek; we hebben moeder gebeld.")

    assert case.state == "in_triage"


@broken_by(
    "T5: the submitter can ask for the table after a consult",
    "workflows/case.toml",
    'roles = ["local_team", "parent", "young_person"]\nform = "table_request@1"',
    'roles = ["chair"]\nform = "table_request@1"',
)
def test_t5_after_a_consult_the_submitter_may_always_ask_for_the_table_after_all(people: People) -> None:
    case = in_triage(people)
    case.fire("give_consult")
    assert code_of(case.view()["main"]) == "consulted"
    assert case.view()["main"]["party"]["role"] == "local_team"

    case.fire("ask_for_table", by="anna")

    case.go_to("in_review")


def test_t5_a_consult_that_helped_is_closed_by_the_person_who_asked(people: People) -> None:
    case = in_triage(people)
    case.fire("give_consult")

    assert refusal(case.attempt("confirm_helped", by="carla")) == (403, "role_not_allowed")
    case.fire("confirm_helped", by="anna")

    assert case.state == "closed"


@broken_by("I10, T7: a decline needs two people", Guard("decline_proposed_by_another"))
def test_i10_t7_a_case_is_declined_by_two_people_and_only_after_a_third_took_it_over(people: People) -> None:
    case = in_triage(people)

    by_one_person = case.attempt("decline", by="esra")
    assert unmet_guards(by_one_person) == {"decline_proposed_by_another"}
    case.fire("propose_decline", by="daan")
    assert refusal(case.attempt("decline", by="daan")) == (403, "role_not_allowed")
    without_taker = case.attempt("decline", by="esra", form=without("decline", "takenOverBy"))
    assert faults(without_taker) == {("missing", "/form/takenOverBy")}
    assert case.state == "in_triage"
    case.fire("decline", by="esra")

    assert case.state == "declined"
    decliners = {
        entry["by"]["person"]["name"] for entry in case.history() if entry["trigger"] in ("propose_decline", "decline")
    }
    assert decliners == {"Daan Mulder", "Esra Yilmaz"}
    taken_over = people.anna.get(f"{case.path}/file").json()["documents"][-1]["form"]["takenOverBy"]
    assert taken_over["name"] == "Joris Veenstra"


def test_t7_neither_a_lack_of_money_nor_of_room_is_a_reason_to_decline(people: People) -> None:
    case = in_triage(people)

    for code in ("no_capacity", "no_contract", "funding", "age"):
        answer = case.attempt("propose_decline", by="daan", reason={"code": code})
        assert faults(answer) == {("unknown_code", "/form/reason")}


@broken_by(
    "I10: a case is transferred only after the other region accepted it",
    "service/cases/rules/forms/triage.py",
    '        return check_not_in_future(self.accepted_by.accepted_on, context.day, "acceptedBy", "acceptedOn")\n',
    "        return iter(())\n",
)
def test_i10_a_case_is_transferred_by_two_people_and_only_when_the_other_region_accepted_it(people: People) -> None:
    """T7: four eyes. The coordinator who proposed a transfer does not carry it out."""
    case = in_triage(people)

    assert unmet_guards(case.attempt("transfer", by="carla")) == {"transfer_proposed_by_another"}
    case.fire("propose_transfer", by="carla")
    assert unmet_guards(case.attempt("transfer", by="carla")) == {"transfer_proposed_by_another"}
    to_itself = case.attempt("transfer", to_region="JZ11")
    assert faults(to_itself) == {("transfer_to_own_region", "/form/toRegion")}
    assert faults(case.attempt("transfer", form=without("transfer", "acceptedBy"))) == {("missing", "/form/acceptedBy")}
    in_future = case.attempt("transfer", accepted_by={**_acceptance(), "acceptedOn": "2090-01-01"})
    assert faults(in_future) == {("day_in_future", "/form/acceptedBy/acceptedOn")}
    assert case.state == "in_triage"
    case.fire("transfer")

    assert case.state == "transferred"
    assert refusal(case.attempt("reopen", by="anna")) == (409, "transition_not_allowed")


def _acceptance() -> dict[str, Any]:
    form = form_for("case", "transfer")
    assert form is not None
    accepted: dict[str, Any] = form["acceptedBy"]
    return accepted
