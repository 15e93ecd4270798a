"""A draft is saved as often and as incomplete as somebody likes, and becomes a case once (design decision 17)."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from api_tests.support.people import People, Person
from api_tests.support.refusals import faults, refusal
from api_tests.support.sabotages import broken_by
from api_tests.support.workflows import form_for


@pytest.fixture
def whole() -> dict[str, Any]:
    form = form_for("case", "submit")
    assert form is not None
    return form


def begun(by: Person, form: dict[str, Any]) -> dict[str, Any]:
    answer = by.post("/drafts", {"form": form})
    assert answer.status_code == 201, answer.text
    draft: dict[str, Any] = answer.json()
    return draft


def saved(by: Person, draft: dict[str, Any], form: dict[str, Any], *, version: int | None = None) -> httpx.Response:
    headers = {"If-Match": f'"{version or draft["version"]}"'}
    return by.client.put(f"/drafts/{draft['id']}", json={"form": form}, headers=headers)


def submitted(by: Person, draft: dict[str, Any], *, key: str | None = None) -> httpx.Response:
    return by.post("/cases", {"trigger": "submit", "draftId": draft["id"]}, key=key)


def test_a_draft_grows_from_nothing_and_tells_each_time_what_is_still_missing(
    people: People, whole: dict[str, Any]
) -> None:
    draft = begun(people.anna, {})
    assert draft["complete"] is False
    assert "/form/question" in {it["location"] for it in draft["missing"]}

    half = {name: whole[name] for name in ("birthMonth", "question", "childVoice")}
    second = saved(people.anna, draft, half).json()
    assert second["form"] == half
    missing = {it["location"] for it in second["missing"]}
    assert "/form/question" not in missing
    assert "/form/parentsVoice" in missing

    third = saved(people.anna, second, whole).json()
    assert (third["complete"], third["missing"], third["version"]) == (True, [], 3)
    assert people.anna.get(f"/drafts/{draft['id']}").json()["form"] == whole


@broken_by(
    "a draft is used up by its submission",
    "service/cases/use_cases/submit.py",
    "Drafts(transaction).remove(submission.draft_id, seen_by=actor.person_id)",
    "pass",
)
def test_a_complete_draft_becomes_a_case_with_what_it_held_and_is_used_up(
    people: People, whole: dict[str, Any]
) -> None:
    draft = begun(people.anna, whole)
    key = str(uuid4())

    made = submitted(people.anna, draft, key=key)

    assert made.status_code == 201
    path = f"/cases/{made.json()['caseId']}"
    written = people.anna.get(f"{path}/file").json()["documents"][0]["form"]
    assert (written["question"], written["childVoice"]) == (whole["question"], whole["childVoice"])
    assert refusal(people.anna.get(f"/drafts/{draft['id']}")) == (404, "not_found")
    again = submitted(people.anna, draft, key=key)
    assert (again.status_code, again.json()["caseId"]) == (201, made.json()["caseId"])


def test_an_incomplete_draft_is_refused_with_all_that_is_missing_and_nothing_of_it_is_lost(people: People) -> None:
    draft = begun(people.anna, {"question": "Wie helpt ons verder?", "urgency": {"code": "regular"}})

    answer = submitted(people.anna, draft)

    assert faults(answer) >= {("missing", "/form/childVoice"), ("missing", "/form/consents")}
    assert people.anna.get(f"/drafts/{draft['id']}").json()["form"] == draft["form"]


@broken_by(
    "two windows never overwrite each other's draft",
    "service/cases/use_cases/drafts.py",
    "    if version != draft.version:",
    "    if version < 0:",
)
def test_two_windows_on_one_draft_never_overwrite_each_other(people: People) -> None:
    draft = begun(people.anna, {"question": "Eerst zo."})
    assert saved(people.anna, draft, {"question": "Toen zo."}).status_code == 200

    late = saved(people.anna, draft, {"question": "En nog een keer."}, version=1)

    assert refusal(late) == (412, "stale")
    assert people.anna.get(f"/drafts/{draft['id']}").json()["form"] == {"question": "Toen zo."}


def test_a_draft_is_nobodys_but_its_owners(people: People, whole: dict[str, Any]) -> None:
    draft = begun(people.anna, whole)

    assert refusal(people.bram.get(f"/drafts/{draft['id']}")) == (404, "not_found")
    assert refusal(saved(people.bram, draft, {})) == (404, "not_found")
    assert refusal(submitted(people.bram, draft)) == (404, "not_found")
    assert draft["id"] not in {item["id"] for item in people.bram.get("/drafts").json()["items"]}
    assert people.anna.get(f"/drafts/{draft['id']}").json()["form"] == whole
