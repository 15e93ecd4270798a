"""An advice is looked at again by fresh eyes, while the help that runs goes on (story i; T18, I15, R61)."""

from typing import Any

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import PERSON_IDS
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.refusals import code_of, faults, refusal, unmet
from api_tests.support.sabotages import Guard, broken_by

EXPERT = {
    "name": "Nadia Haddad",
    "organisation": "Academische werkplaats (fictief)",
    "relationToCase": {"code": "none"},
}


def running(people: People) -> CaseFile:
    return CaseFile.submitted(people).go_to("help_started")


def asked(case: CaseFile, by: str = "esra") -> dict[str, Any]:
    """The reconsideration that was asked last."""
    began = [it["partId"] for it in case.history() if (it["partKind"], it["source"]) == ("reconsideration", "start")]
    return next(part for part in case.parts("reconsideration", by) if part["id"] == began[-1])


@broken_by("I15, R61: whoever issued the advice does not judge it alone", Guard("another_pair_of_eyes"))
def test_t18_an_advice_is_confirmed_by_another_chair_while_the_help_goes_on(people: People) -> None:
    """Story i, first half: the family asks through the local team; one request at a time."""
    case = running(people)
    before = {part["id"]: part for part in case.parts("commitment")}

    case.fire("request_reconsideration", by="anna")
    assert unmet(case.attempt("request_reconsideration", by="hanna")) == {"no_open_reconsideration"}
    requested = asked(case)
    case.fire("take_up", part=requested, by="vera")
    looked_at = asked(case)
    alone = case.attempt("confirm_advice", part=looked_at, by="esra")
    case.fire("report_progress", part=next(it for it in before.values() if code_of(it) == "running"))
    case.fire("confirm_advice", part=looked_at, by="vera")

    assert (code_of(requested), requested["party"]["role"]) == ("requested", "chair")
    assert looked_at["party"]["assignee"]["name"] == "Vera Blom"
    assert looked_at["dueOn"] == filled("reconsideration_start@1")["plannedOn"]
    assert unmet(alone) == {"another_pair_of_eyes"}
    assert (code_of(asked(case)), asked(case)["party"], case.state) == ("confirmed", None, "help_started")
    assert {part["id"]: code_of(part) for part in case.parts("commitment")} == {
        id_: code_of(it) for id_, it in before.items()
    }


def test_t18_an_advice_is_revised_and_the_reconsideration_ends_with_the_new_version(people: People) -> None:
    """Story i, second half: no outcome without the new version, and never by its first author alone."""
    case = running(people)
    case.fire("request_reconsideration", by="anna")
    case.fire("take_up", part=asked(case), by="vera")

    too_soon = case.attempt("conclude_revised", part=asked(case), by="vera")
    case.fire("revise_advice", by="vera", family_statement="Zo kan het wel.")
    alone = case.attempt("conclude_revised", part=asked(case), by="esra")
    case.fire("conclude_revised", part=asked(case), by="vera")

    assert unmet(too_soon) == {"advice_revised_since"}
    assert unmet(alone) == {"another_pair_of_eyes"}
    assert [item["version"] for item in people.anna.get(f"{case.path}/advices").json()["items"]] == [1, 2]
    assert (code_of(asked(case)), case.state) == ("revised", "help_started")


def test_i15_the_same_chair_looks_again_only_beside_an_expert_from_outside_without_an_interest(people: People) -> None:
    case = CaseFile.submitted(people).go_to("advice_issued")
    case.fire("request_reconsideration", by="hanna")
    party = EXPERT | {"relationToCase": {"code": "own_provider_addressed"}}

    herself = case.attempt("take_up", part=asked(case), by="esra", chair_id=PERSON_IDS["esra"])
    interested = case.attempt("take_up", part=asked(case), by="esra", outside_expert=party)
    case.fire("take_up", part=asked(case), by="esra", chair_id=PERSON_IDS["esra"], outside_expert=EXPERT)
    case.fire("confirm_advice", part=asked(case), by="esra")

    assert faults(herself) == {("nobody_looks_afresh", "/form/chairId")}
    assert faults(interested) == {("expert_is_party", "/form/outsideExpert/relationToCase")}
    assert code_of(asked(case)) == "confirmed"


@broken_by("R61: nobody takes back what another asked", Guard("asked_by_you"))
def test_r61_nobody_takes_back_what_another_asked_and_a_provider_hears_what_came_of_its_question(
    people: People,
) -> None:
    """T18: a provider is a party, and asks from its commitment; it sees that part, its own words and the outcome."""
    case = CaseFile.submitted(people).go_to("arranging_placement")
    line = next(part for part in case.parts("commitment") if part["line"] == "A")

    case.fire("request_reconsideration", part=line, by="ivo", asked_by=None)
    by_another = case.attempt("withdraw", part=asked(case), by="hanna")
    own = f"{case.path}/reconsiderations/{asked(case)['id']}"
    case.fire("take_up", part=asked(case), by="vera")
    case.fire("confirm_advice", part=asked(case), by="vera")

    assert unmet(by_another) == {"asked_by_you"}
    assert code_of(people.ivo.get(own).json()) == "confirmed"
    read = {number: people.ivo.get(f"{own}/transitions/{number}").json()["form"] for number in (2, 3)}
    assert read[2] is None, "who looks, and when, is the team's own"
    assert read[3] is not None
    assert read[3]["because"] == filled("reconsideration_outcome@1")["because"]
    assert refusal(people.joke.get(own)) == (404, "not_found")
    assert refusal(people.ivo.get(f"{case.path}/file")) == (404, "not_found")


def test_t18_who_asked_takes_it_back_and_asks_again_and_a_chair_hands_it_to_another(people: People) -> None:
    case = CaseFile.submitted(people).go_to("advice_issued")
    payer = next(part for part in case.parts("funding") if part["line"] == "A")
    case.fire("request_reconsideration", part=payer, by="karim", asked_by=None)
    case.fire("withdraw", part=asked(case), by="karim")
    first = asked(case)

    case.fire("request_reconsideration", by="anna")
    case.fire("take_up", part=asked(case), by="vera")
    case.fire("hand_back", part=asked(case), by="vera")

    assert code_of(first) == "withdrawn"
    assert (code_of(asked(case)), asked(case)["party"]["assignee"]) == ("requested", None)


def test_t18_only_an_advice_in_force_is_reconsidered(people: People) -> None:
    """domain.md 5.2: from the issuing to the end of the monitoring; also for a provider whose help goes on after it."""
    case = CaseFile.submitted(people).go_to("help_started")
    line = next(part for part in case.parts("commitment") if code_of(part) == "running")
    case.fire("withdraw", by="anna")

    assert unmet(case.attempt("request_reconsideration", part=line, by="ivo", asked_by=None)) == {"advice_in_force"}
