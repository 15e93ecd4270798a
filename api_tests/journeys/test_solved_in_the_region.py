"""A case that the region solves itself, from submission to closure."""

from api_tests.people_and_cases import CaseFile


def test_a_case_goes_from_submission_to_closure_and_every_step_stands_in_its_history(case: CaseFile) -> None:
    case.go_to("closed")

    steps = [entry["trigger"] for entry in case.history() if entry["partKind"] == "case"]
    assert steps == case.fired_on_the_case
