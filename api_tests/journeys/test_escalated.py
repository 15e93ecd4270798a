"""A question goes beyond the region and comes back; the case never leaves (I9; T16, T17)."""

from typing import Any

import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.escalations import signal
from api_tests.support.people import People
from api_tests.support.refusals import code_of, faults, refusal, unmet_guards
from api_tests.support.sabotages import Guard, Rule, broken_by
from api_tests.support.workflows import form_for

STATES = [
    "in_triage",
    "in_review",
    "advice_drafted",
    "advice_issued",
    "arranging_placement",
    "help_started",
    "monitored",
]


def request_without_reason() -> dict[str, Any]:
    """A request for escalation that does not say why the network would be skipped."""
    form = form_for("case", "request_escalation")
    assert form is not None
    return {name: value for name, value in form.items() if name != "networkSkippedBecause"}


def escalation(case: CaseFile, by: str = "esra") -> dict[str, Any]:
    """Returns the escalation that is open."""
    return next(part for part in case.parts("escalation", by) if part["phase"] != "ended")


def duty_of(case: CaseFile) -> tuple[str, str, str, str]:
    """Returns everything that an escalation never changes: (state, region, team, role that must act)."""
    view = case.view()
    return code_of(view["main"]), view["region"], view["team"]["name"], view["main"]["party"]["role"]


@broken_by(
    "I9: an escalation leaves the case in its state",
    "workflows/case.toml",
    'to = "="\nroles = ["chair"]\nform = "escalation_request@1"',
    'to = "arranging_placement"\nroles = ["chair"]\nform = "escalation_request@1"',
    case="sqlite-help_started",
)
@pytest.mark.parametrize("state", STATES)
def test_i9_a_case_is_escalated_answered_and_brought_back_while_the_region_keeps_it_where_it_was(
    people: People, state: str
) -> None:
    case = CaseFile.submitted(people).go_to(state)
    duty_before = duty_of(case)
    stages = []

    case.fire("request_escalation")
    stages.append((code_of(escalation(case)), escalation(case)["party"]["role"], duty_of(case)))
    case.fire("escalate", part=escalation(case))
    stages.append((code_of(escalation(case)), escalation(case)["party"]["role"], duty_of(case)))
    case.fire("record_answer", part=case.parts("question")[0], by="tom")
    case.fire("record_answer", part=escalation(case), form={})
    stages.append((code_of(escalation(case)), escalation(case)["party"]["role"], duty_of(case)))
    case.fire("bring_back", part=escalation(case), by="mila")

    assert stages == [
        ("requested", "cce_liaison", duty_before),
        ("escalated", "cce_liaison", duty_before),
        ("answered", "chair", duty_before),
    ]
    assert duty_of(case) == duty_before
    assert [code_of(part) for part in case.parts("escalation")] == ["brought_back"]


def test_i9_the_region_works_on_while_an_escalation_is_open(people: People) -> None:
    case = CaseFile.submitted(people).go_to("arranging_placement")
    case.fire("request_escalation")

    case.go_to("monitored")

    assert code_of(escalation(case)) == "requested"


@broken_by("A case with an open escalation cannot be closed", Guard("no_open_escalation"))
def test_i9_a_case_is_not_closed_over_an_open_escalation(people: People) -> None:
    case = CaseFile.submitted(people).go_to("monitored")
    case.fire("request_escalation")
    case.fire("escalate", part=escalation(case))

    assert "no_open_escalation" in unmet_guards(case.attempt("close"))

    assert unmet_guards(case.attempt("withdraw", part=escalation(case))) == {"no_open_question"}
    case.fire("withdraw", part=case.parts("question")[0], by="esra")
    case.fire("withdraw", part=escalation(case))
    case.go_to("closed")


@broken_by(
    "T16: an escalation to the national level needs an answer of the network or a reason",
    Rule("network_not_asked_first"),
)
def test_t16_the_national_level_is_asked_after_the_network_answered_or_with_a_reason(people: People) -> None:
    case = CaseFile.submitted(people).go_to("in_review")

    too_early = case.attempt("request_escalation", form=request_without_reason())
    assert faults(too_early) == {("network_not_asked_first", "/form/networkSkippedBecause")}
    case.fire("ask_network")
    unanswered = case.attempt("request_escalation", form=request_without_reason())
    assert faults(unanswered) == {("network_not_asked_first", "/form/networkSkippedBecause")}

    case.fire("record_network_answer", part=escalation(case))
    case.fire("request_escalation", form=request_without_reason())

    assert sorted(map(code_of, case.parts("escalation"))) == ["answered", "requested"]


def test_t16_a_place_in_another_region_is_asked_for_without_the_network(people: People) -> None:
    case = CaseFile.submitted(people).go_to("in_review")

    case.fire("request_escalation", form=request_without_reason() | {"purpose": {"code": "other_region"}})

    assert code_of(escalation(case)) == "requested"


@broken_by("I20: an escalation beyond the region needs consent or a legal ground", Rule("consent_to_sharing_missing"))
def test_i20_nothing_is_shared_beyond_the_region_without_consent_or_ground(people: People) -> None:
    case = CaseFile.submitted(people).go_to("in_review")

    refusals = [case.attempt(trigger, consents=[]) for trigger in ("ask_network", "request_escalation")]
    refusals.append(signal(people.mila, case.number, consents=[]))
    escalations = case.parts("escalation")
    ground = {"kind": {"code": "legal_ground"}, "ground": {"code": "youth_probation"}, "givenOn": "2025-02-03"}
    case.fire("ask_network", consents=[ground | {"purposes": [{"code": "expertise_network"}]}])
    second_refusal = case.attempt("request_escalation", consents=[])

    assert [faults(answer) for answer in refusals] == [{("consent_to_sharing_missing", "/form/consents")}] * 3
    assert escalations == []
    assert faults(second_refusal) == {("consent_to_sharing_missing", "/form/consents")}
    assert [code_of(part) for part in case.parts("escalation")] == ["network_asked"]


@broken_by(
    "I9: only the liaison records the answer of the national level",
    "workflows/escalation.toml",
    'roles = ["cce_liaison"]\nform = "escalation_conclusion@1"',
    'roles = ["cce_liaison", "process_director"]\nform = "escalation_conclusion@1"',
)
def test_t17_the_liaison_alone_records_the_answer_of_the_national_level_and_sees_the_case_for_it(
    people: People,
) -> None:
    case = CaseFile.submitted(people).go_to("in_review")
    assert refusal(people.mila.get(case.path)) == (404, "not_found")
    case.fire("request_escalation")
    case.fire("escalate", part=escalation(case))
    question = case.parts("question")[0]

    refusals = [
        refusal(case.attempt("record_answer", part=part, by=by))
        for part, by in ((escalation(case), "hanna"), (escalation(case), "esra"), (question, "hanna"))
    ]
    case.fire("record_answer", part=question, by="mila")
    case.fire("record_answer", part=escalation(case), form={})

    assert refusals == [(403, "role_not_allowed")] * 3
    assert case.view(by="mila")["number"] == case.number
    actors = [entry["by"] for entry in case.history(by="mila") if entry["trigger"] == "record_answer"]
    assert [(actor["person"]["name"], actor["role"]) for actor in actors] == [("Mila Dekker", "cce_liaison")] * 2
