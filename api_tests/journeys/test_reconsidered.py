"""Reconsideration of an advice by others, while the running help goes on (story i; T18, I15, R61)."""

from typing import Any

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import PERSON_IDS
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.refusals import code_of, faults, refusal, unmet_guards
from api_tests.support.sabotages import Guard, broken_by

EXPERT = {
    "name": "Nadia Haddad",
    "organisation": "Academische werkplaats (fictief)",
    "relationToCase": {"code": "none"},
}


def case_with_running_help(people: People) -> CaseFile:
    return CaseFile.submitted(people).go_to("help_started")


def latest_reconsideration(case: CaseFile, by: str = "esra") -> dict[str, Any]:
    """Returns the reconsideration that was requested last."""
    part_ids = [
        entry["partId"]
        for entry in case.history()
        if (entry["partKind"], entry["source"]) == ("reconsideration", "start")
    ]
    return next(part for part in case.parts("reconsideration", by) if part["id"] == part_ids[-1])


@broken_by("I15, R61: the issuer of an advice does not judge its reconsideration alone", Guard("another_pair_of_eyes"))
def test_t18_an_advice_is_confirmed_by_another_chair_while_the_help_goes_on(people: People) -> None:
    """Story i, first half: the family asks through the local team. Each asker has one open request at a time."""
    case = case_with_running_help(people)
    commitments = {part["id"]: part for part in case.parts("commitment")}

    case.fire("request_reconsideration", by="anna")
    assert unmet_guards(case.attempt("request_reconsideration", by="anna")) == {"no_open_reconsideration"}
    requested = latest_reconsideration(case)
    case.fire("take_up", part=requested, by="vera")
    taken_up = latest_reconsideration(case)
    by_first_chair = case.attempt("confirm_advice", part=taken_up, by="esra")
    case.fire(
        "report_progress",
        part=next(commitment for commitment in commitments.values() if code_of(commitment) == "running"),
    )
    case.fire("confirm_advice", part=taken_up, by="vera")

    assert (code_of(requested), requested["party"]["role"]) == ("requested", "chair")
    assert taken_up["party"]["assignee"]["name"] == "Vera Blom"
    assert taken_up["dueOn"] == filled("reconsideration_start@1")["plannedOn"]
    assert unmet_guards(by_first_chair) == {"another_pair_of_eyes"}
    assert (code_of(latest_reconsideration(case)), latest_reconsideration(case)["party"], case.state) == (
        "confirmed",
        None,
        "help_started",
    )
    assert {part["id"]: code_of(part) for part in case.parts("commitment")} == {
        id_: code_of(commitment) for id_, commitment in commitments.items()
    }


def test_t18_an_advice_is_revised_and_the_reconsideration_ends_with_the_new_version(people: People) -> None:
    """Story i, second half: no outcome without a new version, and none by its first author alone."""
    case = case_with_running_help(people)
    case.fire("request_reconsideration", by="anna")
    case.fire("take_up", part=latest_reconsideration(case), by="vera")

    too_soon = case.attempt("conclude_revised", part=latest_reconsideration(case), by="vera")
    case.fire("revise_advice", by="vera", family_statement="Zo kan het wel.")
    by_first_chair = case.attempt("conclude_revised", part=latest_reconsideration(case), by="esra")
    case.fire("conclude_revised", part=latest_reconsideration(case), by="vera")

    assert unmet_guards(too_soon) == {"advice_revised_since"}
    assert unmet_guards(by_first_chair) == {"another_pair_of_eyes"}
    assert [item["version"] for item in people.anna.get(f"{case.path}/advices").json()["items"]] == [1, 2]
    assert (code_of(latest_reconsideration(case)), case.state) == ("revised", "help_started")


def test_i15_the_same_chair_reconsiders_only_with_an_outside_expert_without_an_interest(people: People) -> None:
    case = CaseFile.submitted(people).go_to("advice_issued")
    case.fire("request_reconsideration", by="hanna")
    interested_expert = EXPERT | {"relationToCase": {"code": "own_provider_addressed"}}

    without_expert = case.attempt("take_up", part=latest_reconsideration(case), by="esra", chair_id=PERSON_IDS["esra"])
    with_interested_expert = case.attempt(
        "take_up", part=latest_reconsideration(case), by="esra", outside_expert=interested_expert
    )
    case.fire(
        "take_up", part=latest_reconsideration(case), by="esra", chair_id=PERSON_IDS["esra"], outside_expert=EXPERT
    )
    case.fire("confirm_advice", part=latest_reconsideration(case), by="esra")

    assert faults(without_expert) == {("nobody_looks_afresh", "/form/chairId")}
    assert faults(with_interested_expert) == {("expert_is_party", "/form/outsideExpert/relationToCase")}
    assert code_of(latest_reconsideration(case)) == "confirmed"


@broken_by("R61: nobody can withdraw a reconsideration that another party requested", Guard("asked_by_you"))
def test_r61_nobody_withdraws_the_request_of_another_and_a_provider_reads_the_outcome_of_its_own(
    people: People,
) -> None:
    """T18: a provider is a party and asks from its commitment. It sees that part, its own words and the outcome."""
    case = CaseFile.submitted(people).go_to("arranging_placement")
    line = next(part for part in case.parts("commitment") if part["line"] == "A")

    case.fire("request_reconsideration", part=line, by="ivo", asked_by=None)
    by_another = case.attempt("withdraw", part=latest_reconsideration(case), by="hanna")
    own_path = f"{case.path}/reconsiderations/{latest_reconsideration(case)['id']}"
    case.fire("take_up", part=latest_reconsideration(case), by="vera")
    case.fire("confirm_advice", part=latest_reconsideration(case), by="vera")

    assert unmet_guards(by_another) == {"asked_by_you"}
    assert code_of(people.ivo.get(own_path).json()) == "confirmed"
    forms = {number: people.ivo.get(f"{own_path}/transitions/{number}").json()["form"] for number in (2, 3)}
    assert forms[2] is None, "who looks, and when, is the team's own"
    assert forms[3] is not None
    assert forms[3]["because"] == filled("reconsideration_outcome@1")["because"]
    assert refusal(people.joke.get(own_path)) == (404, "not_found")
    assert refusal(people.ivo.get(f"{case.path}/file")) == (404, "not_found")


def test_t18_a_requester_withdraws_and_asks_again_and_a_chair_hands_the_request_to_another(people: People) -> None:
    case = CaseFile.submitted(people).go_to("advice_issued")
    payer = next(part for part in case.parts("funding") if part["line"] == "A")
    case.fire("request_reconsideration", part=payer, by="karim", asked_by=None)
    case.fire("withdraw", part=latest_reconsideration(case), by="karim")
    first = latest_reconsideration(case)

    case.fire("request_reconsideration", by="anna")
    case.fire("take_up", part=latest_reconsideration(case), by="vera")
    case.fire("hand_back", part=latest_reconsideration(case), by="vera")

    assert code_of(first) == "withdrawn"
    assert (code_of(latest_reconsideration(case)), latest_reconsideration(case)["party"]["assignee"]) == (
        "requested",
        None,
    )


@broken_by(
    "R61: each asker has a reconsideration of their own, whatever others ask",
    "service/cases/rules/guards.py",
    "holds_to_open=_asks_for_no_other",
    "holds_to_open=None",
)
@broken_by(
    "R61: reconsiderations that one chair took up have one outcome",
    "service/cases/use_cases/take_step.py",
    "        _record_joined_outcomes(",
    "        () and _record_joined_outcomes(",
)
def test_r61_several_askers_have_one_outcome_when_one_chair_takes_their_requests_up(people: People) -> None:
    """No asker learns of another. A request that another chair took up has an outcome of its own."""
    case = case_with_running_help(people)
    commitment = next(part for part in case.parts("commitment") if part["line"] == "A")
    funding = next(part for part in case.parts("funding") if part["line"] == "A")
    asked = {}
    for key, part in {"ivo": commitment, "karim": funding, "anna": None}.items():
        case.fire("request_reconsideration", part=part, by=key, asked_by=None)
        asked[key] = latest_reconsideration(case)

    for key, chair in {"anna": "vera", "ivo": "vera", "karim": "esra"}.items():
        case.fire(
            "take_up", part=asked[key], by="vera", chair_id=PERSON_IDS[chair], outside_expert=EXPERT, planned_on=None
        )
    case.fire("confirm_advice", part=asked["anna"], by="vera")

    states = {part["id"]: code_of(part) for part in case.parts("reconsideration", "esra")}
    assert [states[asked[key]["id"]] for key in ("anna", "ivo", "karim")] == [
        "confirmed",
        "confirmed",
        "in_reconsideration",
    ]
    own_path = f"{case.path}/reconsiderations/{asked['ivo']['id']}"
    outcome = people.ivo.get(f"{own_path}/transitions/3").json()["form"]
    assert outcome["because"] == filled("reconsideration_outcome@1")["because"]
    assert [part["id"] for part in case.parts("reconsideration", "ivo")] == [asked["ivo"]["id"]]


def test_t18_only_an_advice_in_force_is_reconsidered(people: People) -> None:
    """From the issuing to the end of the monitoring, for who knows where the case stands."""
    case = CaseFile.submitted(people).go_to("help_started")
    case.fire("withdraw", by="anna")

    offered = people.esra.get(f"{case.path}/possible-transitions").json()["transitions"]

    assert "request_reconsideration" not in {transition["trigger"] for transition in offered}
