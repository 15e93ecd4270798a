"""Follow-up of help: each check with its own party and day, harm signalled, and a check after closing (T15, T19)."""

from datetime import timedelta
from typing import Any

import pytest

from api_tests.journeys.conftest import Elsewhere
from api_tests.support.case_file import CaseFile
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.refusals import code_of, faults
from api_tests.support.sabotages import Rule, broken_by
from service.vocabulary.calendar import Term, day_in_amsterdam, last_day_of

pytestmark = pytest.mark.server

CARRIER = {"name": "Ineke Blok", "organisation": "Samenwerkingsverband (fictief)"}


def moments(case: CaseFile) -> dict[str, dict[str, Any]]:
    """Returns the checks of a case by the moment for which each was planned."""
    planned_codes = {
        entry["partId"]: entry["codes"]
        for entry in case.history()
        if entry["partKind"] == "follow_up" and entry["source"] == "start"
    }
    return {planned_codes[part["id"]]["check_moment"][0]: part for part in case.parts("follow_up")}


def attention(case: CaseFile) -> list[str]:
    return [signal["code"] for signal in case.view()["attention"]]


def test_t15_help_is_checked_after_six_weeks_three_six_and_twelve_months_each_by_a_party_on_a_day(
    elsewhere: Elsewhere,
) -> None:
    """I1: each check has its own party, action and day. The first day may be chosen, and an extra check planned."""
    case = CaseFile.submitted(elsewhere.people).go_to("help_started")
    today = day_in_amsterdam(elsewhere.clock())
    first_day = today + timedelta(days=40)

    case.fire("start_monitoring", first_check_on=str(first_day))
    case.fire("plan_check", check_on=str(first_day + timedelta(days=3)))

    checks = moments(case)
    days = {name: check["dueOn"] for name, check in checks.items()}
    lengths = {"three_months": 3, "six_months": 6, "twelve_months": 12}
    assert days == {
        "six_weeks": str(first_day),
        "extra": str(first_day + timedelta(days=3)),
        **{name: str(last_day_of(today, Term(months=length))) for name, length in lengths.items()},
    }
    duties = {(check["party"]["role"], check["nextAction"]["code"]) for check in checks.values()}
    assert duties == {("process_director", "record_check")}

    case.fire("reschedule_check", part=checks["six_months"], check_on=str(today + timedelta(days=200)))
    assert moments(case)["six_months"]["dueOn"] == str(today + timedelta(days=200))


def test_t15_a_missed_check_asks_for_attention_until_it_is_held_and_decides_nothing(
    elsewhere: Elsewhere,
) -> None:
    """I28: a late check stays possible. The chair may hold it as well."""
    case = CaseFile.submitted(elsewhere.people).go_to("help_started")
    today = day_in_amsterdam(elsewhere.clock())
    case.fire("start_monitoring", first_check_on=str(today + timedelta(days=10)))
    history_before = case.history()

    elsewhere.clock.let_pass(days=12)
    signals, late = attention(case), moments(case)["six_weeks"]["late"]
    history_after = case.history()
    case.fire("record_check", part=moments(case)["six_weeks"], by="esra")

    assert (signals, late, history_after) == (["check_missed"], True, history_before)
    assert attention(case) == []


@broken_by("T15: a check answers each goal of the advice", Rule("goal_unanswered"))
def test_t15_a_check_looks_at_each_goal_and_asks_child_and_parents_apart(people: People) -> None:
    """R86, R88: satisfaction asked apart, harm told, the plan for after 18. Facts are counted, words are not."""
    case = CaseFile.submitted(people).go_to("monitored")
    check = moments(case)["six_weeks"]
    goals = filled("goal_check@2")["goals"]

    incomplete = case.attempt("record_check", part=check, goals=goals[:1])
    unknown = case.attempt("record_check", part=check, goals=[*goals, {"number": 9, "status": {"code": "reached"}}])
    silent = case.attempt("record_check", part=check, harm_signalled=True)
    check_step = case.fire(
        "record_check",
        part=check,
        place_stable=False,
        harm_signalled=True,
        harm="Hij slaapt slecht sinds de groep; moeder belde zelf.",
        plan_after_18="Een kamer bij zijn oom.",
        child_satisfied={"code": "not_satisfied"},
        parents_satisfied={"code": "partly"},
    )

    assert faults(incomplete) == {("goal_unanswered", "/form/goals")}
    assert faults(unknown) == {("unknown_goal", "/form/goals/2/number")}
    assert faults(silent) == {("harm_not_told", "/form/harm")}
    codes = check_step["transition"]["codes"]
    assert (codes["child_satisfied"], codes["parents_satisfied"]) == (["not_satisfied"], ["partly"])
    assert codes["place_stable"] == ["no"]
    assert codes["enclosed"] == ["harm", "plan_after_18"]


def test_t15_a_setback_leaves_the_checks_that_were_planned_and_plans_none_twice(people: People) -> None:
    case = CaseFile.submitted(people).go_to("monitored")
    case.fire("record_check", part=moments(case)["six_weeks"])
    for trigger in ("resume_arranging", "report_help_started", "start_monitoring"):
        case.fire(trigger)

    planned = [part for part in case.parts("follow_up") if code_of(part) == "planned"]

    assert len(planned) == len(moments(case)) == 4


def test_t19_t20_a_closed_case_is_checked_again_half_a_year_later_and_comes_back_when_it_must(
    elsewhere: Elsewhere,
) -> None:
    """Story j: the check after closing stays a part of its own. The case is reopened with everything it held."""
    case = CaseFile.submitted(elsewhere.people).go_to("monitored")
    check_day = day_in_amsterdam(elsewhere.clock()) + timedelta(days=182)
    case.fire("record_check", part=moments(case)["six_weeks"])
    for part in case.parts("commitment"):
        if code_of(part) == "requested":
            case.fire("accept", part=part, by="ivo" if part["addressee"] else "hanna")
    unarranged = [
        domain | {"arranged": False}
        for domain in filled("closure@1")["lifeDomains"]
        if domain["domain"]["code"] == "income"
    ]
    arranged = [domain for domain in filled("closure@1")["lifeDomains"] if domain["domain"]["code"] != "income"]
    refusal = case.attempt("close", life_domains=[*arranged, *unarranged])
    case.fire("close", life_domains=[*arranged, unarranged[0] | {"carriedBy": CARRIER}], after_check_on=str(check_day))
    elsewhere.clock.let_pass(days=190)

    check = moments(case)["after_closing"]
    assert faults(refusal) == {("nobody_carries_it", f"/form/lifeDomains/{len(arranged)}/carriedBy")}
    assert (case.state, check["party"]["role"], check["dueOn"], check["late"]) == (
        "closed",
        "process_director",
        str(check_day),
        True,
    )
    assert "check_missed" in attention(case)
    case.fire("record_check", part=check, child_satisfied={"code": "not_satisfied"})
    assert case.state == "closed", "a check closes or opens nothing"
    case.fire("reopen", by="anna")
    assert (case.state, case.view()["waitingDays"]) == ("in_triage", 190)
