"""A guard tells a person who sees only a part nothing of the rest of the case (I23; decision 0041)."""

from random import Random
from typing import Any

import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.people import People
from api_tests.support.refusals import unmet_guards
from api_tests.support.sabotages import broken_by
from api_tests.support.shared_case import help_arranged
from api_tests.support.wanderings import wander

ASKED = ("ivo", "joke", "karim", "lotte", "mila", "sara", "tom", "ulla", "quint")
TELLS_NOTHING = "not_possible_now"
Offers = dict[str, tuple[object, object]]


def _offers_to(case: CaseFile, key: str) -> Offers:
    """The offers of each part that this person sees: (what they know of it, the offers).

    None for a person who sees the whole case.
    """
    person = case.people[key]
    answer = person.get(case.path)
    if answer.status_code == 404 or "main" in answer.json():
        return {}
    advices = person.get(f"{case.path}/advices")
    versions = [item["version"] for item in advices.json()["items"]] if advices.status_code == 200 else []
    offers: Offers = {}
    for part in answer.json()["parts"]:
        possible = person.get(f"{case.address(part)}/possible-transitions").json()
        steps = [(step["trigger"], step["allowedForYou"], _codes(step)) for step in possible["transitions"]]
        offers[part["id"]] = ((len(answer.json()["parts"]), possible["version"], versions), steps)
    return offers


def _codes(step: dict[str, Any]) -> list[str]:
    return [guard["code"] for guard in step["unmetGuards"] if guard["code"] != TELLS_NOTHING]


@pytest.mark.parametrize("seed", [3, 8])
def test_i23_what_others_do_changes_no_offer_of_a_part_that_stayed_the_same(people: People, seed: int) -> None:
    case = help_arranged(people).case
    before = {key: _offers_to(case, key) for key in ASKED}

    for attempt in wander(case, Random(seed), steps=20):
        after = {key: _offers_to(case, key) for key in ASKED}
        for key in ASKED:
            for part_id in before[key].keys() & after[key].keys():
                (known, offers), (known_now, offers_now) = before[key][part_id], after[key][part_id]
                assert known != known_now or offers == offers_now, (key, attempt.expected_offer["trigger"])
        before = after


@broken_by(
    "I23: a guard tells an addressee nothing of the rest of the case",
    "service/cases/rules/steps.py",
    "        if not self.whole:\n            known",
    "        if not self.kinds:\n            known",
)
def test_i23_a_provider_asks_without_learning_what_others_asked_or_where_the_case_stands(people: People) -> None:
    """A request on a case that has ended is the chair's to answer."""
    scene = help_arranged(people)
    case, own = scene.case, scene.parts["commitment A"]
    before = _offers_to(case, "ivo")

    case.fire("request_reconsideration", part=scene.parts["funding A"], by="karim", asked_by=None)
    asked_by_others = _offers_to(case, "ivo")
    case.fire("withdraw", by="anna")
    ended = _offers_to(case, "ivo")
    case.fire("request_reconsideration", part=own, by="ivo", asked_by=None)

    assert before == asked_by_others == ended
    assert unmet_guards(case.attempt("request_reconsideration", part=own, by="ivo", asked_by=None)) == {
        "no_open_reconsideration"
    }
