"""A learning table looks back on a region's cases: a road that many share, and nothing of one child (story g)."""

import json
from typing import Any

from api_tests.support.case_file import CaseFile
from api_tests.support.people import People
from api_tests.support.refusals import refusal
from api_tests.support.sabotages import broken_by

K = 5  # the smallest number of cases that a figure may be about
ROAD = (
    ("submit", "bram"),
    ("request_information", "carla"),
    ("supply_information", "bram"),
    ("give_consult", "esra"),
    ("ask_for_table", "bram"),
)


def cases_referred_after_consult(people: People, how_many: int) -> list[CaseFile]:
    """Cases of one distinct road: a consult was given, and the table was asked for after all."""
    cases = []
    for _ in range(how_many):
        case = CaseFile.submitted(people, by="bram", residence={"municipality": "GM0453", "inStay": False})
        for trigger, by in ROAD[1:]:
            case.fire(trigger, by=by)
        cases.append(case)
    return cases


def pull_road(people: People) -> list[dict[str, Any]]:
    """Returns the histories of this road that Noor gets of her region IJmond."""
    answer = people.noor.get("/learning/histories", params={"region": "JZ10"})
    assert answer.status_code == 200, answer.text
    road = [trigger for trigger, _ in ROAD]
    return [history for history in answer.json()["histories"] if [step["trigger"] for step in history["steps"]] == road]


@broken_by(
    "I24: a facilitator gets histories as soon as enough cases are alike, and not before",
    "service/learning/rules/release_ladder.py",
    "if size >= k}",
    "if size > k}",
)
def test_i24_story_g_the_facilitator_pulls_a_regions_histories_once_enough_cases_went_the_same_road(
    people: People,
) -> None:
    four = cases_referred_after_consult(people, K - 1)
    histories_of_four = pull_road(people)
    five = [*four, *cases_referred_after_consult(people, 1)]

    histories = pull_road(people)

    assert histories_of_four == []
    assert len(histories) == K
    assert {history["endState"] for history in histories} == {"open"}, (
        "an open case counts as open, and is not left out"
    )
    assert {tuple(step["role"] for step in history["steps"]) for history in histories} == {
        ("local_team", "coordinator", "local_team", "chair", "local_team")
    }
    assert [
        case.number for case in five if case.number in json.dumps(histories) or case.id in json.dumps(histories)
    ] == []
    assert [refusal(people.noor.get(case.path)) for case in five] == [(404, "not_found")] * K
    assert refusal(people.esra.get("/learning/histories")) == (403, "not_allowed"), "learning settles no accounts"
