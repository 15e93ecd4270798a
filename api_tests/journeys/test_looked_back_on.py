"""A learning table looks back on a region's cases: what many have in common, and nothing of one child (story g)."""

import json
from typing import Any

from api_tests.support.case_file import CaseFile
from api_tests.support.people import People
from api_tests.support.refusals import refusal
from api_tests.support.sabotages import broken_by

K = 5  # domain.md 5.7: kleine_cel
ROAD = (
    ("submit", "bram"),
    ("request_information", "carla"),
    ("supply_information", "bram"),
    ("give_consult", "esra"),
    ("ask_for_table", "bram"),
)


def questions_that_came_back(people: People, how_many: int) -> list[CaseFile]:
    """Cases that went a road of their own: a consult was given, and the table was asked for after all."""
    found = []
    for _ in range(how_many):
        case = CaseFile.submitted(people, by="bram", residence={"municipality": "GM0453", "inStay": False})
        for trigger, by in ROAD[1:]:
            case.fire(trigger, by=by)
        found.append(case)
    return found


def pulled(people: People) -> list[dict[str, Any]]:
    """The histories of this road that noor is given, of her region IJmond."""
    answer = people.noor.get("/learning/histories", params={"region": "JZ10"})
    assert answer.status_code == 200, answer.text
    road = [trigger for trigger, _ in ROAD]
    return [history for history in answer.json()["histories"] if [step["trigger"] for step in history["steps"]] == road]


@broken_by(
    "issue 3.10g, I24: histories are pulled once enough cases look alike, and not before",
    "service/learning/rules/release_ladder.py",
    "if size >= k}",
    "if size > k}",
)
def test_i24_story_g_the_facilitator_pulls_a_regions_histories_once_enough_cases_went_the_same_road(
    people: People,
) -> None:
    four = questions_that_came_back(people, K - 1)
    of_four = pulled(people)
    five = [*four, *questions_that_came_back(people, 1)]

    looks = pulled(people)

    assert of_four == []
    assert len(looks) == K
    assert {look["endState"] for look in looks} == {"open"}, "an open case counts as open, and is not left out"
    assert {tuple(step["role"] for step in look["steps"]) for look in looks} == {
        ("local_team", "coordinator", "local_team", "chair", "local_team")
    }
    assert [it.number for it in five if it.number in json.dumps(looks) or it.id in json.dumps(looks)] == []
    assert [refusal(people.noor.get(it.path)) for it in five] == [(404, "not_found")] * K
    assert refusal(people.esra.get("/learning/histories")) == (403, "not_allowed"), "learning settles no accounts"
