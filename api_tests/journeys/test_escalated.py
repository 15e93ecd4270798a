"""A question goes beyond the region and comes back; the case never leaves (I9; domain.md 5.3 T16, T17)."""

from typing import Any

import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.escalations import signal
from api_tests.support.people import People
from api_tests.support.refusals import code_of, faults, refusal, unmet
from api_tests.support.sabotages import Guard, Rule, broken_by
from api_tests.support.workflows import form_for

FROM = ["in_triage", "in_review", "advice_drafted", "advice_issued", "arranging_placement", "help_started", "monitored"]


def asked_first() -> dict[str, Any]:
    """The request of a chair who does not say why the network would be skipped."""
    form = form_for("case", "request_escalation")
    assert form is not None
    return {name: value for name, value in form.items() if name != "networkSkippedBecause"}


def escalation(case: CaseFile, by: str = "esra") -> dict[str, Any]:
    """The escalation that is still open."""
    return next(part for part in case.parts("escalation", by) if part["phase"] != "ended")


def whose(case: CaseFile) -> tuple[str, str, str, str]:
    """What escalation may never change: the state, the region, its team, who must act."""
    seen = case.seen()
    return code_of(seen["main"]), seen["region"], seen["team"]["name"], seen["main"]["party"]["role"]


@broken_by(
    "I9: escalation leaves the case in its state",
    "workflows/case.toml",
    'to = "="\nroles = ["chair"]\nform = "escalation_request@1"',
    'to = "arranging_placement"\nroles = ["chair"]\nform = "escalation_request@1"',
    case="sqlite-help_started",
)
@pytest.mark.parametrize("state", FROM)
def test_i9_a_case_is_escalated_answered_and_brought_back_while_the_region_keeps_it_where_it_was(
    people: People, state: str
) -> None:
    case = CaseFile.submitted(people).go_to(state)
    before = whose(case)
    told = []

    case.fire("request_escalation")
    told.append((code_of(escalation(case)), escalation(case)["party"]["role"], whose(case)))
    case.fire("escalate", part=escalation(case))
    told.append((code_of(escalation(case)), escalation(case)["party"]["role"], whose(case)))
    case.fire("record_answer", part=case.parts("question")[0], by="tom")
    case.fire("record_answer", part=escalation(case), form={})
    told.append((code_of(escalation(case)), escalation(case)["party"]["role"], whose(case)))
    case.fire("bring_back", part=escalation(case), by="mila")

    assert told == [
        ("requested", "cce_liaison", before),
        ("escalated", "cce_liaison", before),
        ("answered", "chair", before),
    ]
    assert whose(case) == before
    assert [code_of(part) for part in case.parts("escalation")] == ["brought_back"]


def test_i9_the_region_works_on_while_an_escalation_is_open(people: People) -> None:
    case = CaseFile.submitted(people).go_to("arranging_placement")
    case.fire("request_escalation")

    case.go_to("monitored")

    assert code_of(escalation(case)) == "requested"


@broken_by("no case is closed over an open escalation", Guard("no_open_escalation"))
def test_i9_a_case_is_not_closed_over_the_heads_of_those_who_were_asked(people: People) -> None:
    case = CaseFile.submitted(people).go_to("monitored")
    case.fire("request_escalation")
    case.fire("escalate", part=escalation(case))

    assert "no_open_escalation" in unmet(case.attempt("close"))

    assert unmet(case.attempt("withdraw", part=escalation(case))) == {"no_open_question"}
    case.fire("withdraw", part=case.parts("question")[0], by="esra")
    case.fire("withdraw", part=escalation(case))
    case.go_to("closed")


@broken_by("T16: the network is asked before the national level", Rule("network_not_asked_first"))
def test_t16_the_national_level_is_asked_after_the_network_answered_or_with_a_reason_why_not(people: People) -> None:
    case = CaseFile.submitted(people).go_to("in_review")

    too_early = case.attempt("request_escalation", form=asked_first())
    assert faults(too_early) == {("network_not_asked_first", "/form/networkSkippedBecause")}
    case.fire("ask_network")
    unanswered = case.attempt("request_escalation", form=asked_first())
    assert faults(unanswered) == {("network_not_asked_first", "/form/networkSkippedBecause")}

    case.fire("record_network_answer", part=escalation(case))
    case.fire("request_escalation", form=asked_first())

    assert sorted(map(code_of, case.parts("escalation"))) == ["answered", "requested"]


def test_t16_a_place_in_another_region_is_asked_for_without_the_network(people: People) -> None:
    case = CaseFile.submitted(people).go_to("in_review")

    case.fire("request_escalation", form=asked_first() | {"purpose": {"code": "other_region"}})

    assert code_of(escalation(case)) == "requested"


@broken_by("I20: nothing is shared beyond the region without consent", Rule("consent_to_sharing_missing"))
def test_i20_nothing_is_shared_beyond_the_region_without_consent_or_ground(people: People) -> None:
    case = CaseFile.submitted(people).go_to("in_review")

    nobody_asked = [case.attempt(it, consents=[]) for it in ("ask_network", "request_escalation")]
    nobody_asked.append(signal(people.mila, case.number, consents=[]))
    beyond = case.parts("escalation")
    ground = {"kind": {"code": "legal_ground"}, "ground": {"code": "youth_probation"}, "givenOn": "2025-02-03"}
    case.fire("ask_network", consents=[ground | {"purposes": [{"code": "expertise_network"}]}])
    further = case.attempt("request_escalation", consents=[])

    assert [faults(it) for it in nobody_asked] == [{("consent_to_sharing_missing", "/form/consents")}] * 3
    assert beyond == []
    assert faults(further) == {("consent_to_sharing_missing", "/form/consents")}
    assert [code_of(part) for part in case.parts("escalation")] == ["network_asked"]


@broken_by(
    "I9: the answer of the national level is the liaison's alone",
    "workflows/escalation.toml",
    'roles = ["cce_liaison"]\nform = "escalation_conclusion@1"',
    'roles = ["cce_liaison", "process_director"]\nform = "escalation_conclusion@1"',
)
def test_t17_the_answer_of_the_national_level_is_the_liaisons_to_record_and_she_sees_the_case_for_it(
    people: People,
) -> None:
    case = CaseFile.submitted(people).go_to("in_review")
    assert refusal(people.mila.get(case.path)) == (404, "not_found")
    case.fire("request_escalation")
    case.fire("escalate", part=escalation(case))
    question = case.parts("question")[0]

    refused = [
        refusal(case.attempt("record_answer", part=part, by=by))
        for part, by in ((escalation(case), "hanna"), (escalation(case), "esra"), (question, "hanna"))
    ]
    case.fire("record_answer", part=question, by="mila")
    case.fire("record_answer", part=escalation(case), form={})

    assert refused == [(403, "role_not_allowed")] * 3
    assert case.seen(by="mila")["number"] == case.number
    answered = [it["by"] for it in case.history(by="mila") if it["trigger"] == "record_answer"]
    assert [(it["person"]["name"], it["role"]) for it in answered] == [("Mila Dekker", "cce_liaison")] * 2
