"""A refusal ends nothing, a part moves no other part, and a decline needs a successor (I4, I6, I9, I10)."""

import httpx
import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.edges import Json
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.workflows import RULES


def faults(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 400, answer.text
    return [(error["location"], error["code"]) for error in answer.json()["errors"]]


@pytest.fixture(scope="module")
def proposed(people: People) -> CaseFile:
    """A case that a screener proposed to decline; the tests that share it change nothing."""
    case = CaseFile.submitted(people).go_to("in_triage")
    case.fire("propose_decline")
    case.fire("propose_transfer")
    return case


@broken_by(
    "I6: a refusal by a provider gives the chair the next action and ends nothing",
    "workflows/commitment.toml",
    '[states.refused]\nphase = "placement"\nparty = "chair"',
    '[states.refused]\nphase = "placement"\nparty = "process_director"',
)
def test_refusals_by_every_provider_close_nothing_and_put_the_chair_to_work(people: People) -> None:
    """I6: a refusal asks the chair for another way; the case stays where it is and can go on."""
    case = CaseFile.submitted(people).go_to("arranging_placement")
    before = case.view()["main"]

    for part in case.parts("commitment"):
        if part["addressee"]:
            case.fire("refuse", part=part)

    refused = [part for part in case.parts("commitment") if part["state"]["code"] == "refused"]
    assert len(refused) == 2
    assert case.view()["main"] == before
    for part in refused:
        assert part["phase"] != "ended"
        assert (part["party"]["role"], part["nextAction"]["code"]) == ("chair", "replace")
        assert part["dueOn"]
    case.fire("ask_again", part=refused[0])
    case.fire("seek_placement")


def test_no_step_of_a_part_moves_its_case_or_another_part(people: People) -> None:
    """I4, I6, I9: ending a placement, a commitment or an escalation ends nothing else."""
    case = CaseFile.submitted(people).go_to("advice_issued")
    case.fire("seek_placement")
    case.fire("request_escalation")
    commitment = case.parts("commitment")[0]
    placement, escalation = case.parts("placement")[0], case.parts("escalation")[0]

    for part, trigger in ((commitment, "replace"), (placement, "end_placement"), (escalation, "withdraw")):
        others_before = others(case, part)
        case.fire(trigger, part=part)
        assert others(case, part) == others_before


def others(case: CaseFile, part: Json) -> list[Json]:
    view = case.view()
    return [view["main"], *(other for other in view["parts"] if other["id"] != part["id"])]


def test_no_kind_of_part_begins_another_and_none_but_the_case_ends_the_case() -> None:
    """I6, I28: in every definition the steps of a part open only the parts listed here."""
    allowed = {"commitment": {"reconsideration"}, "funding": {"reconsideration"}, "escalation": {"question"}}
    for kind in ("placement", "commitment", "funding", "escalation", "question", "reconsideration", "follow_up"):
        definition = RULES.current(kind).definition

        opened = {opened_kind for trigger in definition.triggers.values() for opened_kind in trigger.opens}
        assert opened == allowed.get(kind, set())


@broken_by(
    "I9: an escalation leaves the case with its region, team and state",
    "workflows/case.toml",
    'from = ["in_triage", "in_review", "advice_drafted", "advice_issued", '
    '"arranging_placement", "help_started", "monitored"]\n'
    'to = "="\n'
    'roles = ["chair"]\n'
    'form = "escalation_request@1"',
    'from = ["in_triage", "in_review", "advice_drafted", "advice_issued", '
    '"arranging_placement", "help_started", "monitored"]\n'
    'to = "withdrawn"\n'
    'roles = ["chair"]\n'
    'form = "escalation_request@1"',
)
def test_escalating_leaves_the_case_with_its_region_its_team_and_its_state(people: People) -> None:
    """I9: the region keeps the case from the request until it is brought back."""
    case = CaseFile.submitted(people).go_to("arranging_placement")
    before = case.view()

    case.fire("request_escalation")
    for kind, trigger in (
        ("escalation", "escalate"),
        ("question", "record_answer"),
        ("escalation", "record_answer"),
        ("escalation", "bring_back"),
    ):
        case.fire(trigger, part=case.parts(kind)[0])
        after = case.view()
        assert {name: after[name] for name in ("region", "team", "submitter")} == {
            name: before[name] for name in ("region", "team", "submitter")
        }
        assert {**after["main"], "version": 0} == {**before["main"], "version": 0}

    assert case.parts("escalation")[0]["state"]["code"] == "brought_back"


def test_parts_of_a_case_that_ended_go_on_by_themselves_and_cannot_bring_it_back(people: People) -> None:
    """I1, I9: help that runs does not stop because the case was withdrawn; each open part keeps its own party."""
    case = CaseFile.submitted(people).go_to("help_started")
    running = next(part for part in case.parts("commitment") if part["state"]["code"] == "running")
    case.fire("withdraw")

    case.fire("report_progress", part=running)

    after = case.view()
    assert (after["main"]["party"], after["main"]["nextAction"], after["main"]["dueOn"]) == (None, None, None)
    assert all(
        part["party"] and part["nextAction"] and part["dueOn"] for part in after["parts"] if part["phase"] != "ended"
    )
    assert case.state == "withdrawn"


@broken_by(
    "I10: a case is declined or transferred only with a person elsewhere who takes it over",
    "service/cases/rules/forms/triage.py",
    "    taken_over_by: TakenOver\n",
    "    taken_over_by: TakenOver | None = None\n",
)
@pytest.mark.parametrize("trigger", ["decline", "transfer"])
@pytest.mark.parametrize(
    ("who", "location", "code"),
    [
        pytest.param(None, "", "missing", id="nobody"),
        pytest.param({"name": "Joris", "organisation": "Ggz (fictief)"}, "/acceptedOn", "missing", id="no day"),
        pytest.param(
            {"name": "Joris", "organisation": "Ggz (fictief)", "role": "arts", "acceptedOn": "2099-01-01"},
            "/acceptedOn",
            "day_in_future",
            id="not yet accepted",
        ),
    ],
)
def test_a_child_is_declined_or_transferred_only_when_a_person_elsewhere_took_it_over(
    proposed: CaseFile, trigger: str, who: Json | None, location: str, code: str
) -> None:
    """I10, policy 4."""
    field = {"decline": "takenOverBy", "transfer": "acceptedBy"}[trigger]
    form = {name: value for name, value in filled(f"{trigger}@1").items() if name != field}

    answer = proposed.attempt(trigger, form=form if who is None else form | {field: who}, by="esra")

    assert (f"/form/{field}{location}", code) in faults(answer)
    assert proposed.state == "in_triage"


@broken_by(
    "T7: a proposal to decline holds only for the triage in which it was made",
    "service/cases/rules/facts.py",
    "        facts = replace(facts, decline_proposed_by=None, transfer_proposed_by=None)",
    "        pass",
)
def test_declining_takes_two_people_and_a_proposal_made_in_this_very_triage(people: People) -> None:
    """T7: two people decide; a proposal from before a consult does not count after it."""
    case = CaseFile.submitted(people).go_to("in_triage")
    without_proposal = case.attempt("decline")
    case.fire("propose_decline")
    case.fire("give_consult")
    case.fire("ask_for_table")

    stale = case.attempt("decline")
    case.fire("propose_decline")
    case.fire("decline")

    for answer in (without_proposal, stale):
        assert answer.status_code == 409
        assert [guard["code"] for guard in answer.json()["unmetGuards"]] == ["decline_proposed_by_another"]
    assert case.state == "declined"


def test_information_is_asked_back_at_most_as_often_as_the_region_allows_and_then_triage_decides(
    people: People,
) -> None:
    """T4: two rounds; the child is never rejected for want of paper."""
    case = CaseFile.submitted(people)
    for reaction in ("supply_information", "proceed_without"):
        case.fire("request_information")
        case.fire(reaction, by="anna" if reaction == "supply_information" else "carla")

    third = case.attempt("request_information")

    assert [guard["code"] for guard in third.json()["unmetGuards"]] == ["information_rounds_left"]
    case.fire("schedule")
