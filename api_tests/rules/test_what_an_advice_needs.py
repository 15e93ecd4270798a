"""Requirements of an advice before its issue, of a new version, and of the second round of a case."""

from typing import Any

import httpx
import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.edges import Json, entries_of, hold_goal_check, step
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.sabotages import Rule, broken_by
from api_tests.support.workflows import form_for

PROVIDER, PAYER = ORGANISATION_IDS["de-veste"], ORGANISATION_IDS["gemeente-haarlem"]


def faults(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 400, answer.text
    return [(error["location"], error["code"]) for error in answer.json()["errors"]]


def advice(**changes: Any) -> Json:
    form = form_for("case", "issue_advice", **changes)
    assert form is not None
    return form


def advice_with_a_line(**changes: Any) -> Json:
    """The advice with its first line changed; a field that becomes None is removed."""
    form = advice()
    first = {name: value for name, value in (form["lines"][0] | changes).items() if value is not None}
    return form | {"lines": [first, *form["lines"][1:]]}


@pytest.fixture(scope="module")
def case_with_draft(people: People) -> CaseFile:
    """A case with a draft advice; the tests that share it change nothing."""
    return CaseFile.submitted(people).go_to("advice_drafted")


@broken_by(
    "I3: an advice without a goal is not issued",
    "service/advice/rules/forms.py",
    "    goals: AtLeastOne[Goal]",
    "    goals: Several[Goal]",
)
@broken_by("I3: an advice with a line without an addressed party is not issued", Rule("line_without_addressee"))
@pytest.mark.parametrize(
    ("form", "location", "code"),
    [
        pytest.param(advice(goals=[]), "/form/goals", "too_short", id="no goal"),
        pytest.param(advice(checks_on=[]), "/form/checksOn", "too_short", id="no check date"),
        pytest.param(advice(lines=[]), "/form/lines", "too_short", id="no line"),
        pytest.param(
            advice_with_a_line(providerId=None, madeToMeasure=None),
            "/form/lines/0/providerId",
            "line_without_addressee",
            id="a line that nobody is asked to deliver",
        ),
        pytest.param(
            advice_with_a_line(productCategory={"code": "54"}),
            "/form/lines/0/productCategory",
            "living_and_treatment_on_one_line",
            id="I4: treatment on the line of living",
        ),
        pytest.param(
            advice_with_a_line(productCategory={"code": "43"}),
            "/form/lines/0/productCategoryReason",
            "stay_with_treatment_needs_reason",
            id="I4: stay with treatment without a reason",
        ),
        pytest.param(
            advice(agreement=[{"name": "I. P.", "relationToCase": {"code": "own_provider_addressed"}, "agrees": True}]),
            "/form/agreement",
            "no_independent_agreement",
            id="I15: only somebody with an interest agrees",
        ),
        pytest.param(
            advice(family_statement=None), "/form/familyStatement", "family_statement_missing", id="I17: no statement"
        ),
    ],
)
def test_an_advice_is_not_issued_without_what_makes_it_an_advice(
    case_with_draft: CaseFile, form: Json, location: str, code: str
) -> None:
    """I3: at least one achievable goal, an addressed party per line, a check date; I4, I15, I17."""
    before = case_with_draft.view()

    answer = case_with_draft.attempt("issue_advice", form=form)

    assert (location, code) in faults(answer)
    assert case_with_draft.view() == before


def test_a_line_that_is_to_be_made_to_measure_is_addressed_to_nobody_and_waits_for_the_process_director(
    people: People,
) -> None:
    """I3, I1: possibly "to be made to measure"; somebody must arrange it all the same."""
    case = CaseFile.submitted(people).go_to("advice_issued")

    made_to_measure = next(part for part in case.parts("commitment") if part["line"] == "C")
    addressed = next(part for part in case.parts("commitment") if part["line"] == "A")

    assert made_to_measure["addressee"] is None
    assert made_to_measure["party"]["role"] == "process_director"
    assert addressed["party"]["role"] == "provider"
    assert addressed["party"]["organisation"]["id"] == str(PROVIDER)


@broken_by(
    "I14: each item of the analysis has its source",
    "service/cases/rules/forms/review.py",
    "    source: ShortText\n",
    "    source: Nullable[ShortText] = None\n",
)
def test_each_item_of_the_analysis_says_what_kind_of_saying_it_is_and_who_says_so(people: People) -> None:
    """I14: fact, observation or opinion, with its source."""
    case = CaseFile.submitted(people).go_to("in_review")
    items = filled("analysis@1")["items"]
    kinds = {item["kind"]["code"] for item in items}

    for name in ("kind", "source"):
        bare = [{key: value for key, value in items[0].items() if key != name}, *items[1:]]
        assert faults(case.attempt("draft_advice", items=bare)) == [(f"/form/items/0/{name}", "missing")]
    unheard_of = [items[0] | {"kind": {"code": "rumour"}}]
    assert "/form/items/0/kind" in [place for place, _ in faults(case.attempt("draft_advice", items=unheard_of))]

    case.fire("draft_advice")
    entry = people.esra.get(f"{case.path}/transitions/{entries_of(case, None)[-1]['partSequence']}").json()
    assert kinds == {"fact", "observation", "opinion"}
    assert [item["source"] for item in entry["form"]["items"]] == [item["source"] for item in items]


@broken_by(
    "T19: goals count as checked only since the monitoring began",
    "service/cases/rules/facts.py",
    '    "start_monitoring": lambda facts, _: replace(facts, goals_checked=False),\n',
    "",
)
def test_goals_count_as_checked_only_since_the_monitoring_began_and_for_the_advice_as_it_is(people: People) -> None:
    """T19: a check from before a setback or of another version closes nothing."""
    case = CaseFile.submitted(people).go_to("monitored")
    hold_goal_check(case)
    case.fire("revise_advice")
    after_revision = unmet_guards(case, "close")
    hold_goal_check(case)
    case.fire("resume_arranging")
    case.fire("report_help_started")
    case.fire("start_monitoring")
    after_setback = unmet_guards(case, "close")
    hold_goal_check(case)

    assert "goals_checked" in after_revision
    assert "goals_checked" in after_setback
    assert "goals_checked" not in unmet_guards(case, "close")


def unmet_guards(case: CaseFile, trigger: str) -> list[str]:
    transitions = case.people.esra.get(f"{case.path}/possible-transitions").json()["transitions"]
    return next(
        [guard["code"] for guard in transition["unmetGuards"]]
        for transition in transitions
        if transition["trigger"] == trigger
    )


@broken_by(
    "T20: a reopened case begins a new round, and its new advice asks again for help that ended",
    "service/cases/rules/facts.py",
    "lambda facts, _: _start_round(facts) for",
    "lambda facts, _: facts for",
)
def test_a_case_that_comes_back_is_heard_again_and_its_new_advice_asks_again_for_help_that_had_ended(
    people: People,
) -> None:
    """T20, I13, I16: old versions stay, running help keeps its line, and no earlier fact decides."""
    case = CaseFile.submitted(people).go_to("monitored")
    running = next(part for part in case.parts("commitment") if part["state"]["code"] == "running")
    assert step(case, "close", None).status_code == 201
    first = people.esra.get(f"{case.path}/advices/1").content

    case.fire("reopen")
    case.fire("schedule")
    child = filled("table@1")["participation"][:1]
    case.fire("open_table", participation=child)
    case.fire("draft_advice")
    unmet = unmet_guards(case, "issue_advice")
    case.fire("return_to_review")
    table = next(entry for entry in reversed(entries_of(case, None)) if entry["form"] == "table@1")
    changes = {"participation": filled("table@1")["participation"]}
    case.fire(
        "amend", by="esra", form={"amends": table["partSequence"], "changes": changes, "reason": "Ouders ook gehoord."}
    )
    case.fire("draft_advice")
    issued = case.fire("issue_advice")

    assert unmet == ["child_and_parents_heard"]
    opened = sorted((part["kind"], part["line"]) for part in issued["opened"])
    new_lines = sorted({"A", "B", "C"} - {running["line"]})
    assert opened == [(kind, line) for kind in ("commitment", "funding") for line in new_lines]
    assert people.esra.get(f"{case.path}/advices/1").content == first
    assert people.esra.get(f"{case.path}/advices/2").status_code == 200


def test_another_version_asks_only_for_the_lines_that_are_new(people: People) -> None:
    """A line that has its commitment and its funding keeps them."""
    case = CaseFile.submitted(people).go_to("advice_issued")
    lines = [*advice()["lines"], advice()["lines"][1] | {"key": "D"}]

    same = case.fire("revise_advice")
    more = case.fire("revise_advice", lines=lines)

    assert same["opened"] == []
    assert sorted((part["kind"], part["line"]) for part in more["opened"]) == [("commitment", "D"), ("funding", "D")]
