"""Refusals, repeated requests, cursors and drafts tell nothing of what the caller may not know (decision 0017, I23)."""

import base64
import re
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api_tests.support.case_file import COLLECTIONS, CaseFile
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.shared_case import SharedCase, help_running
from api_tests.support.workflows import form_for

NOTE = {"trigger": "add_note", "form": {"text": "Gebeld."}}
READS = ("", "/transitions", "/transitions/1", "/possible-transitions")
CASE_READS = [
    *("/file", "/verification", "/advices", "/advices/1", "/refusals", "/coming-of-age", "/retention"),
    *(f"/{collection}" for collection in COLLECTIONS.values() if collection),
]


@pytest.fixture(scope="module")
def scene(people: People) -> SharedCase:
    return help_running(people)


def comparable(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """Returns an answer without the headers that trace the request: (status, body, headers)."""
    return (
        answer.status_code,
        answer.content,
        {name: value for name, value in answer.headers.items() if name not in ("date", "traceparent")},
    )


def test_a_forbidden_path_and_a_missing_one_get_the_same_answer(people: People, scene: SharedCase) -> None:
    paths = [f"{path}{suffix}" for path in (scene.case.path, *map(scene.path, scene.parts)) for suffix in READS]
    paths += [f"{scene.case.path}{suffix}" for suffix in CASE_READS]
    unknown = {path: re.sub(r"(?<=/)[0-9a-f-]{36}", lambda _: str(uuid4()), path) for path in paths}

    forbidden = {path: comparable(people.petra.get(path)) for path in paths}
    absent = {path: comparable(people.petra.get(other)) for path, other in unknown.items()}
    posts = [
        comparable(people.petra.post(f"{path}/transitions", NOTE, version=1))
        for path in (scene.case.path, f"/cases/{uuid4()}", scene.path("commitment A"))
    ]

    assert forbidden == absent
    assert {status for status, _, _ in forbidden.values()} == {404}
    assert {repr(answer) for answer in posts} == {repr(forbidden[scene.case.path])}


def test_no_version_key_or_body_gets_more_out_of_a_forbidden_part_than_not_found(
    people: People, scene: SharedCase
) -> None:
    path = f"{scene.path('commitment B')}/transitions"

    statuses = {
        people.ivo.post(path, body, version=version).status_code
        for body in (NOTE, {"trigger": "replace", "form": form_for("commitment", "replace"), "grounds": "Zo."})
        for version in (None, 1, 99)
    }

    assert statuses == {404}


def test_a_part_cannot_be_reached_through_another_case_or_another_collection(people: People, scene: SharedCase) -> None:
    other = CaseFile.submitted(people)
    commitment = scene.parts["commitment A"]["id"]

    mismatched = [
        f"{other.path}/commitments/{commitment}",
        f"{scene.case.path}/fundings/{commitment}",
        f"{scene.case.path}/commitments/{scene.case.id}",
    ]

    assert [people.esra.get(path).status_code for path in mismatched] == [404, 404, 404]


@broken_by(
    "decision 0014: the refusal of a stale step does not name the person who acted first",
    "service/cases/use_cases/take_step.py",
    '"role": str(winner.role),',
    '"role": str(winner.role), "by": str(winner.actor_id),',
)
def test_the_second_of_two_rivals_hears_which_step_won_and_nobodys_name(people: People, scene: SharedCase) -> None:
    path = f"{scene.path('commitment A')}/transitions"
    version = people.ivo.get(scene.path("commitment A")).json()["version"]
    people.hanna.post(path, {"trigger": "add_note", "form": {"text": "Vertrouwelijk gebeld."}}, version=version)

    second = people.ivo.post(path, NOTE, version=version)

    assert second.status_code == 412
    assert set(second.json()["won"]) == {"trigger", "state", "role", "recordedAt"}
    assert "Hanna" not in second.text
    assert "Vertrouwelijk" not in second.text


def test_the_key_of_another_persons_request_is_a_new_key(people: People) -> None:
    key = str(uuid4())
    first = people.anna.submit(key=key).json()

    second = people.bram.submit(key=key).json()

    assert second["caseId"] != first["caseId"]


def test_the_cursor_of_another_person_opens_nothing_of_theirs(people: People, scene: SharedCase) -> None:
    cursor = people.esra.get("/work-items", params={"whose": "all", "limit": 1}).json()["nextCursor"]
    assert cursor

    all_items = people.ivo.get("/work-items", params={"whose": "all", "limit": 200}).json()["items"]
    following = people.ivo.get("/work-items", params={"whose": "all", "limit": 200, "cursor": cursor}).json()["items"]

    own_parts = [item["part"]["id"] for item in all_items]
    assert scene.parts["commitment A"]["id"] in own_parts
    assert own_parts[len(own_parts) - len(following) :] == [item["part"]["id"] for item in following]


@broken_by(
    "The service refuses a cursor that was altered",
    "service/database/keyring.py",
    '        except InvalidTag as error:\n            raise ValueError("not sealed with this key") from error',
    '        except InvalidTag:\n            return "9999-12-31"',
)
def test_a_cursor_that_was_altered_is_refused(people: People) -> None:
    for _ in range(2):
        CaseFile.submitted(people)
    cursor = people.esra.get("/work-items", params={"whose": "all", "limit": 1}).json()["nextCursor"]

    altered = people.esra.get("/work-items", params={"cursor": f"{cursor[:-2]}AA"})

    assert (altered.status_code, altered.json()["errors"][0]["code"]) == (400, "cursor_not_ours")


@broken_by(
    "A cursor does not show the position it stands for",
    "service/database/keyring.py",
    'return AESSIV(self.tag("seal", purpose)).encrypt(text.encode(), None)',
    'return self.tag("seal", purpose)[:16] + text.encode()',
)
def test_a_cursor_does_not_show_the_id_of_a_row(people: People) -> None:
    case, _ = CaseFile.submitted(people), CaseFile.submitted(people)
    for reader in (people.anna, people.esra):
        reader.get(f"{case.path}/file")
    lists = {"/work-items": {"whose": "all"}, f"{case.path}/access-log": {}, "/cases": {}}

    for path, query in lists.items():
        page = people.carla.get(path, params={**query, "limit": 1}).json()
        raw = base64.urlsafe_b64decode(page["nextCursor"] + "=" * (-len(page["nextCursor"]) % 4))
        ids = {text for item in page["items"] for text in re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", str(item))}
        assert not [row_id for row_id in ids if row_id.encode() in raw]
        assert not re.fullmatch(rb"[0-9:/.-]+", raw[16:]), path


def test_the_number_of_a_case_out_of_sight_yields_nothing(people: People) -> None:
    numbers = (CaseFile.submitted(people).number, "0000-0000")

    answers = {
        (key, path, number): people[key].get(path, params={"number": number, "includeEnded": "true"}).content
        for key in ("petra", "otto", "noor", "quint", "floor")
        for path in ("/cases", "/work-items")
        for number in numbers
    }

    assert set(answers.values()) == {b'{"items":[],"nextCursor":null}'}


@broken_by(
    "Only the owner of a draft can see it",
    "service/cases/store/drafts.py",
    "select(drafts).where(drafts.c.id == str(draft_id), drafts.c.person_id == str(seen_by), ",
    "select(drafts).where(drafts.c.id == str(draft_id), ",
)
def test_a_draft_is_its_owners_alone(people: People) -> None:
    draft = people.anna.post("/drafts", {"form": {"question": "Wat nu?"}}).json()
    path, colleagues = f"/drafts/{draft['id']}", [key for key in people if key != "anna"]
    header = {"If-Match": '"1"'}

    answers = {
        (key, answer.status_code, answer.content)
        for key in colleagues
        for answer in (
            people[key].get(path),
            people[key].client.put(path, json={"form": {}}, headers=header),
            people[key].client.delete(path, headers=header),
        )
    }
    submission = people.bram.post("/cases", {"trigger": "submit", "draftId": draft["id"]})
    draft_ids = [item["id"] for key in colleagues for item in people[key].get("/drafts").json()["items"]]

    absent = people.bram.get(f"/drafts/{uuid4()}").content
    assert answers == {(key, 404, absent) for key in colleagues}
    assert (submission.status_code, submission.content) == (404, absent)
    assert draft["id"] not in draft_ids
    assert people.anna.get(path).json()["version"] == 1


def test_a_refusal_repeats_nothing_of_what_was_typed(people: People, scene: SharedCase) -> None:
    typed = "Zijn-moeder-heet-Wilhelmina"
    form: dict[str, Any] = {**(form_for("case", "submit") or {}), "birthMonth": typed, typed: typed}
    answers = [
        people.anna.post("/cases", {"trigger": "submit", "form": form}),
        people.anna.post("/cases", {"trigger": typed, "form": form}),
        people.anna.get("/work-items", params={"state": typed, "limit": typed, typed: typed}),
        people.anna.get(f"/cases/{typed}"),
        people.esra.post(f"{scene.case.path}/transitions", {"trigger": typed, "form": {}}, version=1),
    ]

    assert [answer.status_code for answer in answers[:2]] == [400, 400]
    assert [
        answer.text for answer in answers if f'"{typed}"' in answer.text.replace(f'"location": "{typed}"', "")
    ] == []
