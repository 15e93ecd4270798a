"""A case is withdrawn, and comes back with everything it held (T20; stories d and j)."""

import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.edges import Json
from api_tests.support.escalations import has_both_languages
from api_tests.support.people import People
from api_tests.support.refusals import faults, refusal
from api_tests.support.sabotages import Guard, broken_by
from api_tests.support.wanderings import offer


@broken_by(
    "A withdrawal needs grounds",
    "workflows/case.toml",
    'form = "withdrawal@1"\ngrounds = "required"',
    'form = "withdrawal@1"',
    case="sqlite-submitted",
)
@pytest.mark.parametrize("state", ["submitted", "awaiting_information", "in_review", "monitored"])
def test_a_family_withdraws_whenever_it_wishes_and_says_why(people: People, state: str) -> None:
    case = CaseFile.submitted(people).go_to(state)

    silent = case.attempt("withdraw", by="anna", grounds=None)
    assert faults(silent) == {("missing", "/grounds")}
    case.fire("withdraw", by="anna", grounds="Moeder wil het eerst zelf proberen.")

    view = case.view()
    assert (view["main"]["state"]["code"], view["main"]["party"]) == ("withdrawn", None)


@broken_by(
    "T20: a withdrawn case can be reopened",
    "workflows/case.toml",
    'from = ["closed", "declined", "withdrawn"]',
    'from = ["closed", "declined"]',
    case="sqlite-withdrawn",
)
@pytest.mark.parametrize("end", ["closed", "declined", "withdrawn"])
def test_t20_an_ended_case_is_reopened_with_everything_it_held(people: People, end: str) -> None:
    case = CaseFile.submitted(people).go_to(end)
    history_before, documents_before = case.history(), documents(case)
    number, submitted_at = case.view()["number"], case.view()["submittedAt"]

    case.fire("reopen", by="anna")

    view, history_after = case.view(), case.history()
    assert (view["main"]["state"]["code"], view["main"]["party"]["role"]) == ("in_triage", "screener")
    assert (view["number"], view["submittedAt"]) == (number, submitted_at)
    assert history_after[: len(history_before)] == history_before
    assert [entry["trigger"] for entry in history_after[len(history_before) :]] == ["reopen"]
    assert documents(case)[: len(documents_before)] == documents_before


def test_t20_the_advice_of_the_first_time_stays_readable_after_reopening(people: People) -> None:
    case = CaseFile.submitted(people).go_to("monitored").go_to("closed")
    first = people.anna.get(f"{case.path}/advices/1").json()

    case.fire("reopen", by="anna")
    case.go_to("advice_issued")

    assert people.anna.get(f"{case.path}/advices/1").json() == first
    assert [item["version"] for item in people.anna.get(f"{case.path}/advices").json()["items"]] == [1, 2]


def test_t20_reopening_says_why_and_only_an_end_is_reopened(people: People) -> None:
    case = CaseFile.submitted(people)

    assert refusal(case.attempt("reopen", by="anna")) == (409, "transition_not_allowed")
    case.fire("withdraw")
    assert faults(case.attempt("reopen", by="anna", grounds=None)) == {("missing", "/grounds")}
    case.fire("reopen", by="anna")

    assert case.state == "in_triage"


@broken_by(
    "T20: a proposal to decline does not count any more after a reopening",
    "service/cases/rules/facts.py",
    "if entry.source != entry.target and entry.trigger != ADOPT_TRIGGER.name:",
    "if False:",
)
def test_i10_the_first_proposal_to_decline_does_not_count_the_second_time(people: People) -> None:
    case = CaseFile.submitted(people).go_to("declined")
    case.fire("reopen", by="anna")

    second_decline = case.attempt("decline", by="esra")

    assert refusal(second_decline) == (409, "guards_not_met")


@broken_by(
    "T20: no help is asked for again once the case has ended",
    Guard("case_goes_on"),
    case="sqlite-commitment-ended-reopen",
)
@pytest.mark.parametrize(
    ("kind", "state", "trigger"),
    [
        ("commitment", "ended", "reopen"),
        ("commitment", "refused", "ask_again"),
        ("placement", "ended", "reopen"),
        ("placement", "agreed", "search_again"),
    ],
)
def test_t20_an_ended_case_asks_for_no_help_again_until_it_is_reopened(
    people: People, kind: str, state: str, trigger: str
) -> None:
    case = with_help_in_many_states(people)
    case.fire("withdraw")
    part = part_in(case, kind, state)

    refused = case.attempt(trigger, part=part, by="hanna")

    assert refusal(refused) == (409, "guards_not_met")
    assert [guard["code"] for guard in refused.json()["unmetGuards"]] == ["case_goes_on"]
    assert has_both_languages(refused)
    assert offer(case, "hanna", part)[trigger]["unmetGuards"] == refused.json()["unmetGuards"]
    case.fire("reopen", by="anna")
    case.fire(trigger, part=part, by="hanna")


def test_t20_help_that_runs_and_its_payment_go_on_after_the_end_of_the_case(people: People) -> None:
    """The family's withdrawal ends the case and no help. Who pays has a life of its own (I2)."""
    case = with_help_in_many_states(people)
    case.fire("withdraw")

    case.fire("end_help", part=part_in(case, "commitment", "running"), by="hanna")
    case.fire("replace", part=part_in(case, "commitment", "refused"), by="hanna")
    case.fire("end_placement", part=part_in(case, "placement", "agreed"), by="hanna")
    case.fire("confirm", part=case.parts("funding")[0], by="hanna")
    case.fire("reopen", part=case.parts("funding")[0], by="hanna")


@broken_by(
    "T20: a provider is not told through a step of others that the case has ended",
    "service/workflows/rules/machine.py",
    "self.guards[trigger.name] if allowed else",
    "self.guards[trigger.name] if True else",
)
def test_t20_a_provider_is_not_told_by_what_is_possible_that_the_case_has_ended(people: People) -> None:
    case = with_help_in_many_states(people)
    part = part_in(case, "commitment", "ended")
    before = offer(case, "ivo", part)

    case.fire("withdraw")

    assert "reopen" in before
    assert offer(case, "ivo", part) == before


def with_help_in_many_states(people: People) -> CaseFile:
    """A case with help that ended, was refused, and runs, and with a stay that ended and one that is agreed."""
    case = CaseFile.submitted(people).go_to("arranging_placement")
    for line, by, triggers in (
        ("A", "ivo", "accept start_help end_help"),
        ("B", "ivo", "refuse"),
        ("C", "hanna", "accept start_help"),
    ):
        for trigger in triggers.split():
            part = next(part for part in case.parts("commitment") if part["line"] == line)
            case.fire(trigger, part=part, by=by)
    for triggers in ("agree end_placement", "agree"):
        case.fire("seek_placement")
        for trigger in triggers.split():
            case.fire(trigger, part=next(part for part in case.parts("placement") if part["phase"] != "ended"))
    return case


def part_in(case: CaseFile, kind: str, state: str) -> Json:
    return next(part for part in case.parts(kind) if part["state"]["code"] == state)


def documents(case: CaseFile) -> list[dict[str, object]]:
    items: list[dict[str, object]] = case.people.anna.get(f"{case.path}/file").json()["documents"]
    return items
