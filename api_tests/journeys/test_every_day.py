"""Steps possible in every open state, which leave it as it is: correct, add a note, hand over."""

import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import PERSON_IDS
from api_tests.support.people import People
from api_tests.support.refusals import faults, refusal
from api_tests.support.sabotages import broken_by

STATES = ["submitted", "scheduled", "arranging_placement", "monitored"]


@broken_by(
    "A correction does not change the day by which the party must act",
    "service/cases/rules/steps.py",
    "if keeps_state and step.trigger != state.next:",
    "if False:",
    case="sqlite-scheduled",
)
@broken_by(
    "A corrected document shows the corrected text next to the original",
    "service/cases/use_cases/read_content.py",
    "current=amended_form(entry, amendments, contents) or None if amendments and content else None,",
    "current=None,",
    case="sqlite-submitted",
)
@pytest.mark.parametrize("state", STATES)
def test_a_correction_leaves_the_state_and_the_original_and_shows_the_corrected_text(
    people: People, state: str
) -> None:
    case = CaseFile.submitted(people).go_to(state)
    due = case.view()["main"]["dueOn"]

    case.fire("amend", by="anna", amends=1, changes={"previousMoves": 4, "interpreter": None})

    view = case.view()
    assert (view["main"]["state"]["code"], view["main"]["dueOn"]) == (state, due)
    referral = people.anna.get(f"{case.path}/file").json()["documents"][0]
    assert referral["form"]["previousMoves"] == 2
    assert referral["form"]["interpreter"]["code"] == "1"
    assert referral["current"]["previousMoves"] == 4
    assert "interpreter" not in referral["current"]
    last_entry = case.history()[-1]
    assert (last_entry["trigger"], last_entry["source"], last_entry["target"]) == ("amend", state, state)


def test_a_correction_obeys_the_rules_of_the_form_that_it_corrects(case: CaseFile) -> None:
    broken = case.attempt("amend", by="anna", amends=1, changes={"urgency": {"code": "asap"}})
    no_voice = case.attempt("amend", by="anna", amends=1, changes={"childVoice": {"ownWords": None}})

    assert faults(broken) == {("unknown_code", "/form/changes/urgency")}
    assert faults(no_voice) == {("voice_missing", "/form/changes/childVoice")}
    assert len(case.history()) == 1


@broken_by(
    "Only the organisation that wrote a text can correct it",
    "service/cases/use_cases/amend.py",
    "or entry.organisation_id != decision.acting.organisation_id:",
    ":",
)
def test_a_text_of_another_organisation_cannot_be_corrected(people: People) -> None:
    case = CaseFile.submitted(people).go_to("in_triage")

    answer = case.attempt("amend", by="carla", amends=1, changes={"previousMoves": 4})

    assert faults(answer) == {("not_amendable", "/form/amends")}


@pytest.mark.parametrize("state", STATES)
def test_a_note_leaves_the_state_and_is_read_by_every_reader_of_the_case(people: People, state: str) -> None:
    case = CaseFile.submitted(people).go_to(state)

    case.fire("add_note", by="hanna", text="Moeder belde: het gaat vandaag goed.")

    assert case.state == state
    last_document = people.anna.get(f"{case.path}/file").json()["documents"][-1]
    assert (last_document["entry"]["trigger"], last_document["form"]["text"]) == (
        "add_note",
        "Moeder belde: het gaat vandaag goed.",
    )
    assert refusal(people.petra.get(f"{case.path}/file")) == (404, "not_found")


def test_handing_over_puts_the_case_on_a_persons_own_list_and_leaves_the_state(people: People) -> None:
    case = CaseFile.submitted(people).go_to("scheduled")

    case.fire("reassign", by="esra", assignee_id=str(PERSON_IDS["carla"]))

    main = case.view()["main"]
    assert (main["state"]["code"], main["party"]["assignee"]["name"]) == ("scheduled", "Carla de Boer")
    assert on_own_list(case, "carla")
    assert not on_own_list(case, "vera")
    case.fire("reassign", by="esra", assignee_id=str(PERSON_IDS["vera"]))
    assert not on_own_list(case, "carla")
    assert on_own_list(case, "vera")


@broken_by(
    "A case can be assigned only to a member of the party that must act",
    "service/cases/use_cases/check_step.py",
    "if not any(seat.role in roles and (seat.organisation_id == party or seat.role == judge) for seat in seats):",
    "if False:",
)
def test_a_case_is_handed_only_to_a_member_of_the_organisation_that_must_act(case: CaseFile) -> None:
    answer = case.attempt("reassign", by="carla", assignee_id=str(PERSON_IDS["petra"]))

    assert faults(answer) == {("unknown_assignee", "/form/assigneeId")}
    assert case.view()["main"]["party"]["assignee"] is None


def test_nothing_is_added_to_a_case_that_ended(people: People) -> None:
    case = CaseFile.submitted(people)
    case.fire("withdraw")

    for trigger in ("amend", "add_note", "reassign"):
        assert refusal(case.attempt(trigger, by="anna")) == (409, "transition_not_allowed")


def on_own_list(case: CaseFile, key: str) -> bool:
    """Returns whether the case is on this person's list because it was assigned to them by name."""
    query = {"whose": "mine", "number": case.number}
    items = case.people[key].get("/work-items", params=query).json()["items"]
    return any(item["part"]["party"]["assignee"] for item in items)
