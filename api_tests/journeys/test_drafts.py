"""A draft is saved as often and as incomplete as its owner likes, and becomes a case once (decision 0027)."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from api_tests.support.people import People, Person
from api_tests.support.refusals import faults, refusal
from api_tests.support.sabotages import broken_by
from api_tests.support.workflows import form_for


@pytest.fixture
def complete_form() -> dict[str, Any]:
    form = form_for("case", "submit")
    assert form is not None
    return form


def begin_draft(by: Person, form: dict[str, Any]) -> dict[str, Any]:
    answer = by.post("/drafts", {"form": form})
    assert answer.status_code == 201, answer.text
    draft: dict[str, Any] = answer.json()
    return draft


def save_draft(
    by: Person, draft: dict[str, Any], form: dict[str, Any], *, version: int | None = None
) -> httpx.Response:
    headers = {"If-Match": f'"{version or draft["version"]}"'}
    return by.client.put(f"/drafts/{draft['id']}", json={"form": form}, headers=headers)


def submit_draft(by: Person, draft: dict[str, Any], *, key: str | None = None) -> httpx.Response:
    return by.post("/cases", {"trigger": "submit", "draftId": draft["id"]}, key=key)


def test_a_draft_grows_from_nothing_and_tells_each_time_what_is_still_missing(
    people: People, complete_form: dict[str, Any]
) -> None:
    draft = begin_draft(people.anna, {})
    assert draft["complete"] is False
    assert "/form/question" in {fault["location"] for fault in draft["missing"]}

    half = {name: complete_form[name] for name in ("birthMonth", "question", "childVoice")}
    second = save_draft(people.anna, draft, half).json()
    assert second["form"] == half
    missing = {fault["location"] for fault in second["missing"]}
    assert "/form/question" not in missing
    assert "/form/parentsVoice" in missing

    third = save_draft(people.anna, second, complete_form).json()
    assert (third["complete"], third["missing"], third["version"]) == (True, [], 3)
    assert people.anna.get(f"/drafts/{draft['id']}").json()["form"] == complete_form


@broken_by(
    "A submission removes the draft that it came from",
    "service/cases/use_cases/submit.py",
    "FormDrafts(transaction).remove(submission.draft_id, seen_by=actor.person_id)",
    "pass",
)
def test_a_complete_draft_becomes_a_case_with_its_content_and_is_used_up(
    people: People, complete_form: dict[str, Any]
) -> None:
    draft = begin_draft(people.anna, complete_form)
    key = str(uuid4())

    answer = submit_draft(people.anna, draft, key=key)

    assert answer.status_code == 201
    path = f"/cases/{answer.json()['caseId']}"
    referral = people.anna.get(f"{path}/file").json()["documents"][0]["form"]
    assert (referral["question"], referral["childVoice"]) == (complete_form["question"], complete_form["childVoice"])
    assert refusal(people.anna.get(f"/drafts/{draft['id']}")) == (404, "not_found")
    replay = submit_draft(people.anna, draft, key=key)
    assert (replay.status_code, replay.json()["caseId"]) == (201, answer.json()["caseId"])


def test_an_incomplete_draft_is_refused_with_all_its_faults_and_loses_nothing(people: People) -> None:
    draft = begin_draft(people.anna, {"question": "Wie helpt ons verder?", "urgency": {"code": "regular"}})

    answer = submit_draft(people.anna, draft)

    assert faults(answer) >= {("missing", "/form/childVoice"), ("missing", "/form/consents")}
    assert people.anna.get(f"/drafts/{draft['id']}").json()["form"] == draft["form"]


@broken_by(
    "A save on an outdated version does not overwrite a draft",
    "service/cases/use_cases/drafts.py",
    "    if version != draft.version:",
    "    if version < 0:",
)
def test_two_windows_on_one_draft_never_overwrite_each_other(people: People) -> None:
    draft = begin_draft(people.anna, {"question": "Eerst zo."})
    assert save_draft(people.anna, draft, {"question": "Toen zo."}).status_code == 200

    late_save = save_draft(people.anna, draft, {"question": "En nog een keer."}, version=1)

    assert refusal(late_save) == (412, "stale")
    assert people.anna.get(f"/drafts/{draft['id']}").json()["form"] == {"question": "Toen zo."}


def test_a_draft_is_for_its_owner_alone(people: People, complete_form: dict[str, Any]) -> None:
    draft = begin_draft(people.anna, complete_form)

    assert refusal(people.bram.get(f"/drafts/{draft['id']}")) == (404, "not_found")
    assert refusal(save_draft(people.bram, draft, {})) == (404, "not_found")
    assert refusal(submit_draft(people.bram, draft)) == (404, "not_found")
    assert draft["id"] not in {item["id"] for item in people.bram.get("/drafts").json()["items"]}
    assert people.anna.get(f"/drafts/{draft['id']}").json()["form"] == complete_form
