"""Placement of a child: sought, agreed, started, ended; treatment is independent of it (I4)."""

from typing import Any

from api_tests.support.case_file import CaseFile
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.refusals import code_of, faults, unmet_guards
from api_tests.support.sabotages import Guard, broken_by


def case_that_seeks_a_place(people: People) -> CaseFile:
    case = CaseFile.submitted(people).go_to("arranging_placement")
    case.fire("seek_placement", line="A")
    return case


def place(case: CaseFile) -> dict[str, Any]:
    return case.parts("placement")[0]


def treatment(case: CaseFile) -> dict[str, Any]:
    return next(part for part in case.parts("commitment") if part["line"] == "B")


def case_with_stay_and_treatment(people: People) -> CaseFile:
    """A case with a place that started and a treatment that runs."""
    case = case_that_seeks_a_place(people)
    case.fire("agree", part=place(case))
    case.fire("start_stay", part=place(case))
    case.fire("accept", part=treatment(case))
    case.fire("start_help", part=treatment(case))
    return case


def test_a_place_is_sought_agreed_on_started_confirmed_as_stable_and_ended(people: People) -> None:
    case = case_that_seeks_a_place(people)
    states = [code_of(place(case))]

    for trigger in ("agree", "start_stay", "confirm_stable", "end_placement"):
        case.fire(trigger, part=place(case))
        states.append(code_of(place(case)))

    assert states == ["sought", "agreed", "started", "started", "ended"]
    assert (place(case)["line"], place(case)["party"]) == ("A", None)


def test_a_place_answers_a_line_of_the_advice(people: People) -> None:
    case = CaseFile.submitted(people).go_to("arranging_placement")

    answer = case.attempt("seek_placement", line="Z")

    assert faults(answer) == {("unknown_line", "/form/line")}
    assert case.parts("placement") == []


def test_a_place_away_from_home_comes_with_a_reason_and_a_way_back(people: People) -> None:
    case = CaseFile.submitted(people).go_to("arranging_placement")

    answer = case.attempt("seek_placement", why_not_higher=None, return_plan=None)

    assert faults(answer) == {
        ("preference_unexplained", "/form/whyNotHigher"),
        ("return_plan_missing", "/form/returnPlan"),
    }


def test_i4_ending_a_place_leaves_the_treatment_running(people: People) -> None:
    case = case_with_stay_and_treatment(people)
    treatment_before = treatment(case)

    case.fire("end_placement", part=place(case))

    assert code_of(place(case)) == "ended"
    assert treatment(case) == treatment_before
    assert code_of(treatment_before) == "running"


def test_i4_ending_the_treatment_leaves_the_child_where_it_lives(people: People) -> None:
    case = case_with_stay_and_treatment(people)
    place_before = place(case)

    case.fire("end_help", part=treatment(case))

    assert code_of(treatment(case)) == "ended"
    assert place(case) == place_before
    assert code_of(place_before) == "started"


@broken_by(
    "I4: an advice line covers living or treatment, never both",
    "service/advice/rules/forms.py",
    '(domain == "living" and category in _TREATMENT_ONLY)',
    "False",
)
def test_i4_living_and_treatment_are_never_put_on_one_line(people: People) -> None:
    case = CaseFile.submitted(people).go_to("advice_drafted")
    together = {
        "key": "A",
        "domain": {"code": "living"},
        "aim": "Wonen en behandeling ineen.",
        "productCategory": {"code": "54"},
        "madeToMeasure": "Een groep.",
        "latestStartOn": "2030-04-12",
        "duration": "een jaar",
    }

    answer = case.attempt("issue_advice", lines=[together], goals=_goals_for("A"))

    assert faults(answer) == {("living_and_treatment_on_one_line", "/form/lines/0/productCategory")}


@broken_by("A started placement counts as running help", Guard("help_runs", holds=False))
def test_a_place_that_started_is_help_that_runs(people: People) -> None:
    case = case_that_seeks_a_place(people)
    assert unmet_guards(case.attempt("report_help_started", line="A")) == {"help_runs"}

    case.fire("agree", part=place(case))
    case.fire("start_stay", part=place(case))

    case.fire("report_help_started", line="A")
    assert case.state == "help_started"


def test_several_places_over_time_are_each_a_placement_and_the_moves_are_counted_from_them(people: People) -> None:
    """R38, R40, R42: bridging, then a place in another region, then home again. Moves are counted, never typed."""
    case = CaseFile.submitted(people).go_to("arranging_placement")
    home = {"kind": {"code": "own_home"}, "why_not_higher": None, "return_plan": None, "work_on_return": None}
    moves = [case.view()["moves"]]

    for changes in ({"bridging": True}, {"region": "JZ08", "why_elsewhere": "Daar woont zijn tante."}, home):
        case.fire("seek_placement", form=filled("search@2", **changes))
        new_place = next(part for part in case.parts("placement") if code_of(part) == "sought")
        case.fire("agree", part=new_place)
        case.fire("start_stay", part=new_place)
        case.fire("confirm_stable", part=new_place)
        moves.append(case.view()["moves"])

    assert moves == [0, 1, 2, 3]
    assert [code_of(part) for part in case.parts("placement")] == ["started"] * 3
    stable = [entry["codes"]["place_stable"] for entry in case.history() if entry["trigger"] == "confirm_stable"]
    assert stable == [["yes"]] * 3, "R43: counted at each check"


def test_r42_a_place_elsewhere_is_explained_worked_back_from_and_belongs_to_a_living_line(people: People) -> None:
    case = CaseFile.submitted(people).go_to("arranging_placement")

    answer = case.attempt("seek_placement", line="B", region="JZ08", why_elsewhere=None, work_on_return=None)

    assert faults(answer) == {
        ("line_is_not_living", "/form/line"),
        ("elsewhere_unexplained", "/form/whyElsewhere"),
        ("work_on_return_missing", "/form/workOnReturn"),
    }


@broken_by("A case with an open search for a place cannot be closed", Guard("no_unanswered_request"))
def test_a_search_that_is_still_open_keeps_a_case_from_closing(people: People) -> None:
    case = CaseFile.submitted(people).go_to("monitored")
    case.fire("seek_placement")
    case.fire("record_check", part=case.parts("follow_up")[0])
    for part in case.parts("commitment"):
        if code_of(part) == "requested":
            case.fire("accept", part=part, by="hanna")

    assert unmet_guards(case.attempt("close")) == {"no_unanswered_request"}
    case.fire("end_placement", part=place(case))

    case.fire("close")
    assert case.state == "closed"


def _goals_for(line: str) -> list[dict[str, Any]]:
    return [
        {
            "number": 1,
            "text": "Een plek om te blijven.",
            "of": {"code": "child"},
            "seenBy": "Zij woont er.",
            "horizon": "een jaar",
            "realisticBecause": "Zij wil het zelf.",
            "lines": [line],
        }
    ]
