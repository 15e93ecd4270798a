"""Idempotency-Key: networks repeat requests, and an answered request acts no second time."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api_tests.journeys.test_offer import offer_of
from api_tests.promises.test_versions import TOGETHER, at_once
from api_tests.support.case_file import CaseFile
from api_tests.support.people import People
from api_tests.support.problems import faults_in, problem_of
from api_tests.support.sabotages import Refusal, broken_by
from api_tests.support.workflows import form_for

REPLAYED = "idempotent-replayed"


def submission(**changes: Any) -> dict[str, Any]:
    return {"trigger": "submit", "form": form_for("case", "submit", **changes)}


def same(first: httpx.Response, replay: httpx.Response) -> bool:
    """Returns whether the second answer is the first one, marked as a replay."""
    comparable = [
        (answer.status_code, answer.content, answer.headers.get("etag"), answer.headers.get("location"))
        for answer in (first, replay)
    ]
    return comparable[0] == comparable[1] and REPLAYED not in first.headers and replay.headers[REPLAYED] == "true"


@pytest.mark.parametrize("path", ["/cases", "/drafts", "/cases/{id}/transitions"])
def test_a_request_that_makes_something_needs_a_key(people: People, case: CaseFile, path: str) -> None:
    answer = people.anna.client.post(
        path.format(id=case.id), content=b"{}", headers={"Content-Type": "application/json"}
    )

    assert ("header", "Idempotency-Key", "key_missing") in faults_in(answer)


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 201, "a\tb"])
def test_a_key_is_some_visible_characters(people: People, key: str) -> None:
    headers: list[tuple[bytes, bytes]] = [(b"Idempotency-Key", key.encode())]

    answer = people.anna.client.post("/drafts", json={"form": {}}, headers=headers)

    assert faults_in(answer) == {("header", "Idempotency-Key", "key_malformed")}


@broken_by(
    "A repeated request acts once",
    "service/database/idempotency.py",
    "    answers.remember(request, reference_of(value))\n",
    "",
)
def test_a_step_sent_twice_is_taken_once_and_answered_the_same(people: People, case: CaseFile) -> None:
    key, case_path = str(uuid4()), case.path

    first = case.attempt("start_triage", version=1, key=key)
    replay = case.attempt("start_triage", version=1, key=key)

    assert first.status_code == 201
    assert same(first, replay)
    assert [entry["trigger"] for entry in case.history()] == ["submit", "start_triage"]
    assert people.carla.get(case_path).headers["etag"] == '"2"'


def test_a_step_that_opened_parts_is_answered_with_the_same_parts_again(case: CaseFile) -> None:
    key = str(uuid4())
    case.go_to("advice_drafted")
    version = int(case.view()["main"]["version"])

    first = case.attempt("issue_advice", version=version, key=key)
    parts = {part["id"] for part in case.view()["parts"]}
    replay = case.attempt("issue_advice", version=version, key=key)

    assert len(first.json()["opened"]) > 1
    assert same(first, replay)
    assert {part["id"] for part in case.view()["parts"]} == parts == {part["id"] for part in first.json()["opened"]}


def test_a_repeated_request_is_answered_also_after_the_case_moved_on(case: CaseFile) -> None:
    key = str(uuid4())
    first = case.attempt("start_triage", version=1, key=key)
    case.go_to("closed")

    assert same(first, case.attempt("start_triage", version=1, key=key))
    problem_of(case.attempt("start_triage", version=1), 412, "stale")


@broken_by("An idempotency key belongs to one request", Refusal("service/database/idempotency.py", "KeyReused"))
@pytest.mark.parametrize("changed", ["grounds", "version", "address"])
def test_a_key_belongs_to_one_request(people: People, case: CaseFile, changed: str) -> None:
    key, other = str(uuid4()), CaseFile.submitted(people)
    first = case.attempt("add_note", by="anna", version=1, key=key, grounds="Eerst.")
    second_request: Callable[[], httpx.Response] = {
        "grounds": lambda: case.attempt("add_note", by="anna", version=1, key=key, grounds="Anders."),
        "version": lambda: case.attempt("add_note", by="anna", version=2, key=key, grounds="Eerst."),
        "address": lambda: other.attempt("add_note", by="anna", version=1, key=key, grounds="Eerst."),
    }[changed]

    problem_of(second_request(), 409, "key_reused")
    assert first.status_code == 201
    assert (len(case.history()), len(other.history())) == (2, 1)


def test_the_same_json_in_another_order_is_the_same_request(people: People) -> None:
    key = {"Idempotency-Key": str(uuid4()), "Content-Type": "application/json"}

    first = people.anna.client.post("/drafts", content=b'{"form":{"a":1,"b":"\\u00e9"}}', headers=key)
    replay = people.anna.client.post("/drafts", content='{ "form": {"b": "é", "a": 1} }'.encode(), headers=key)

    assert same(first, replay)


def test_keys_are_per_person(people: People, case: CaseFile) -> None:
    key = str(uuid4())
    notes = [
        case.attempt("add_note", by=name, version=version, key=key)
        for version, name in enumerate(("anna", "carla", "daan"), 1)
    ]
    cases = [people[name].submit(key=key) for name in ("anna", "bram")]

    assert [note.status_code for note in notes] == [201] * 3
    problem_of(cases[0], 409, "key_reused")
    assert cases[1].status_code == 201
    assert len(case.history()) == 4


def test_a_refused_request_may_be_sent_again_with_its_key(case: CaseFile) -> None:
    key = str(uuid4())
    problem_of(case.attempt("start_triage", version=9, key=key), 412, "stale")
    problem_of(case.attempt("close", version=1, key=key), 409, "transition_not_allowed")

    assert case.attempt("start_triage", version=1, key=key).status_code == 201


def test_a_submission_sent_twice_makes_one_case(people: People) -> None:
    key = str(uuid4())

    first, replay = people.anna.submit(key=key), people.anna.submit(key=key)

    assert same(first, replay)
    number = first.json()["number"]
    assert len(people.anna.get(f"/cases?number={number}").json()["items"]) == 1


def test_a_submission_from_a_draft_sent_twice_makes_one_case_and_uses_up_one_draft(people: People) -> None:
    draft = people.anna.post("/drafts", {"form": form_for("case", "submit")}).json()["id"]
    key, body = str(uuid4()), {"trigger": "submit", "draftId": draft}

    first, replay = people.anna.post("/cases", body, key=key), people.anna.post("/cases", body, key=key)

    assert same(first, replay)
    problem_of(people.anna.get(f"/drafts/{draft}"), 404, "not_found")
    problem_of(people.anna.post("/cases", body), 404, "not_found")


def test_a_draft_begun_twice_with_one_key_is_one_draft_as_it_stands(people: People) -> None:
    key = str(uuid4())
    first = people.anna.post("/drafts", {"form": {"a": 1}}, key=key)

    replay = people.anna.post("/drafts", {"form": {"a": 1}}, key=key)

    assert same(first, replay)
    path = first.headers["location"].removeprefix("/v1")
    people.anna.client.put(path, json={"form": {"a": 2}}, headers={"If-Match": '"1"'})
    assert people.anna.post("/drafts", {"form": {"a": 1}}, key=key).json()["form"] == {"a": 2}
    problem_of(people.anna.post("/drafts", {"form": {"a": 3}}, key=key), 409, "key_reused")


def twins(answers: list[httpx.Response]) -> bool:
    """Returns whether one of them acted and all got the same answer."""
    distinct = {(answer.status_code, answer.content) for answer in answers}
    return len(distinct) == 1 and [answer.headers.get(REPLAYED) for answer in answers].count(None) == 1


def test_twelve_simultaneous_twins_take_one_step(case: CaseFile) -> None:
    key = str(uuid4())

    answers = at_once(lambda _: case.attempt("start_triage", version=1, key=key))

    assert {answer.status_code for answer in answers} == {201}
    assert twins(answers)
    assert [entry["trigger"] for entry in case.history()] == ["submit", "start_triage"]


def test_twelve_simultaneous_twins_make_one_case(people: People) -> None:
    key, body = str(uuid4()), submission()
    count_before = len(people.anna.get("/cases?limit=200").json()["items"])

    answers = at_once(lambda _: people.anna.post("/cases", body, key=key))

    assert {answer.status_code for answer in answers} == {201}
    assert twins(answers)
    assert len(people.anna.get("/cases?limit=200").json()["items"]) == min(200, count_before + 1)
    assert len(CaseFile(people, answers[0].json()["caseId"], "").history()) == 1


@broken_by(
    "Identical simultaneous requests all get the answer of the one that acted",
    "service/database/worker_threads.py",
    '        except IntegrityError:\n            metrics.count_unit_of_work("again")\n'
    "            return self._once(self.engine, work, keyring)",
    "        except IntegrityError:\n            raise",
    case="postgresql",
)
def test_twelve_simultaneous_twins_make_one_offer(people: People) -> None:
    """Nothing is locked for a new offer: the database refuses all but one, which then find its answer."""
    key, body = str(uuid4()), offer_of()

    answers = at_once(lambda _: people.ivo.post("/offers", body, key=key))

    assert {answer.status_code for answer in answers} == {201}
    assert twins(answers)


def test_twelve_simultaneous_twins_make_one_draft(people: People) -> None:
    key = str(uuid4())
    count_before = len(people.bram.get("/drafts").json()["items"])

    answers = at_once(lambda _: people.bram.post("/drafts", {"form": {"a": 1}}, key=key))

    assert {answer.status_code for answer in answers} == {201}
    assert twins(answers)
    assert len(people.bram.get("/drafts").json()["items"]) == count_before + 1


@broken_by(
    "Two simultaneous submissions of one draft make one case",
    "service/cases/store/drafts.py",
    "self._connection.execute(select(drafts.c.id).where(*conditions).with_for_update())",
    "self._connection.execute(select(drafts.c.id).where(*conditions))",
    case="postgresql-rivals",
)
@pytest.mark.parametrize("same_key", [True, False], ids=["twins", "rivals"])
def test_twelve_simultaneous_submissions_of_one_draft_make_one_case(people: People, same_key: bool) -> None:
    draft = people.anna.post("/drafts", {"form": form_for("case", "submit")}).json()["id"]
    key, body = str(uuid4()), {"trigger": "submit", "draftId": draft}

    answers = at_once(lambda _: people.anna.post("/cases", body, key=key if same_key else None))

    assert len({answer.json()["caseId"] for answer in answers if answer.status_code == 201}) == 1
    assert sorted(answer.status_code for answer in answers) == ([201] * 12 if same_key else [201, *[404] * 11])


def test_of_twelve_different_requests_that_share_a_key_one_is_served(case: CaseFile) -> None:
    key = str(uuid4())

    answers = at_once(lambda number: case.attempt("add_note", by="anna", version=1, key=key, text=f"Nummer {number}."))

    assert sorted(answer.status_code for answer in answers) == [201, *[409] * (TOGETHER - 1)]
    assert len(case.history()) == 2
