"""A part is read and moved under the path of its own kind alone: another path would take a form of another kind."""

from typing import Any

import pytest

from api_tests.support.case_file import COLLECTIONS, CaseFile
from api_tests.support.people import People
from api_tests.support.problems import problem_of
from api_tests.support.sabotages import broken_by

OTHER_PATHS = sorted(path for kind, path in COLLECTIONS.items() if kind not in ("case", "file_request"))


@pytest.fixture(scope="module")
def request_part(people: People) -> tuple[CaseFile, dict[str, Any]]:
    case = CaseFile.submitted(people)
    return case, case.ask_about_file()


@broken_by(
    "A step is taken under the path of its own kind alone",
    "service/cases/use_cases/take_step.py",
    "if sight is None or sight.part.kind != address.kind:",
    "if sight is None:",
    case="sqlite-commitments",
)
@pytest.mark.parametrize("path", OTHER_PATHS)
def test_a_step_under_the_path_of_another_kind_finds_no_part(
    request_part: tuple[CaseFile, dict[str, Any]], path: str
) -> None:
    """I11: such a step was stored with the form of the other kind, and the chain was no longer sound."""
    case, part = request_part
    note = {"trigger": "add_note", "form": {"text": "Langs een ander pad."}}

    for id_ in (part["id"], case.id):
        address = f"{case.path}/{path}/{id_}"
        problem_of(case.people.carla.post(f"{address}/transitions", note, version=1), 404, "not_found")
    assert case.people.carla.get(f"{case.path}/verification").json()["sound"] is True
    assert len(case.people.carla.get(f"{case.path}/file-requests/{part['id']}/transitions").json()["transitions"]) == 1


@broken_by(
    "A part is read under the path of its own kind alone",
    "service/cases/use_cases/case_reading.py",
    "    if sight.part.kind != address.kind:\n        raise NotFound\n",
    "",
    case="sqlite-commitments",
)
@pytest.mark.parametrize("path", OTHER_PATHS)
def test_a_part_is_not_read_under_the_path_of_another_kind(
    request_part: tuple[CaseFile, dict[str, Any]], path: str
) -> None:
    case, part = request_part
    for id_ in (part["id"], case.id):
        address = f"{case.path}/{path}/{id_}"
        for read in ("", "/transitions", "/transitions/1", "/possible-transitions"):
            problem_of(case.people.carla.get(f"{address}{read}"), 404, "not_found")


def test_a_form_of_another_kind_is_refused_before_it_is_stored(
    request_part: tuple[CaseFile, dict[str, Any]],
) -> None:
    case, part = request_part
    refusal = {"reason": {"code": "no_capacity"}, "possibleIf": "p"}
    body = {"trigger": "refuse", "grounds": "g", "form": refusal}

    answer = case.people.carla.post(f"{case.path}/commitments/{part['id']}/transitions", body, version=1)

    problem_of(answer, 404, "not_found")
