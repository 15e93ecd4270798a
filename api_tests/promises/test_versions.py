"""If-Match: a change states the version that it was decided on, and the second of two rivals hears which step won."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.people import People
from api_tests.support.problems import faults_in, problem_of
from api_tests.support.sabotages import broken_by

TOGETHER = 12


def at_once(ask: Any, times: int = TOGETHER) -> list[httpx.Response]:
    """Returns the answers to requests that leave at the same moment, each from a thread of its own."""
    start = Barrier(times)

    def ask_together(number: int) -> httpx.Response:
        start.wait()
        answer: httpx.Response = ask(number)
        return answer

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(ask_together, range(times)))


def test_a_change_without_a_version_is_refused(people: People, case: CaseFile) -> None:
    draft = people.anna.post("/drafts", {"form": {}}).json()["id"]
    answers = [
        people.carla.post(f"{case.path}/transitions", {"trigger": "add_note", "form": {"text": "x"}}),
        people.anna.client.put(f"/drafts/{draft}", json={"form": {}}),
        people.anna.client.delete(f"/drafts/{draft}"),
    ]

    for answer in answers:
        problem_of(answer, 428, "version_missing")
    assert len(case.history()) == 1
    assert people.anna.get(f"/drafts/{draft}").headers["etag"] == '"1"'


@pytest.mark.parametrize(
    "version", ["1", 'w/"1"', "W/1", '"1-zip"', '"gzip"', "*", '"one"', '"1", "2"', '""', '"-1"', '"1.0"', '"\u0661"']
)
def test_a_version_that_is_no_etag_is_refused(people: People, case: CaseFile, version: str) -> None:
    headers: list[tuple[bytes, bytes]] = [(b"If-Match", version.encode()), (b"Idempotency-Key", b"k")]
    body = {"trigger": "add_note", "form": {"text": "x"}}

    answer = people.carla.client.post(f"{case.path}/transitions", json=body, headers=headers)

    assert faults_in(answer) == {("header", "If-Match", "not_a_version")}


WEAKENED = ['W/"{}"', '"{}-gzip"', 'W/"{}-br"', '"{}--gzip"', '"{}-zstd"']


@broken_by(
    "A version that a proxy weakened means the same version",
    "service/http/parameters.py",
    "^(?:W/)?",
    "^",
    case='W/"{}"',
)
@pytest.mark.parametrize("tag", WEAKENED)
def test_a_version_that_a_compressing_proxy_changed_means_the_version_that_was_read(
    people: People, case: CaseFile, tag: str
) -> None:
    def note(version: int, key: str) -> httpx.Response:
        headers = {"If-Match": tag.format(version), "Idempotency-Key": key}
        body = {"trigger": "add_note", "form": {"text": "Moeder belde."}}
        return people.carla.client.post(f"{case.path}/transitions", json=body, headers=headers)

    assert note(1, str(uuid4())).headers["etag"] == '"2"'
    assert problem_of(note(1, str(uuid4())), 412, "stale")["version"] == 2


@broken_by(
    "A repeated request may come with the version as the proxy changed it",
    "service/http/parameters.py",
    """if_match = "" if version is None else f'"{version}"'""",
    """if_match = request.headers.get("if-match", "")""",
)
def test_a_request_that_is_repeated_along_another_road_acts_once(people: People, case: CaseFile) -> None:
    body, key = {"trigger": "add_note", "form": {"text": "Moeder belde."}}, str(uuid4())
    answers = [
        people.carla.client.post(
            f"{case.path}/transitions", json=body, headers={"If-Match": tag, "Idempotency-Key": key}
        )
        for tag in ('"1"', 'W/"1"', '"1-gzip"')
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len(case.history()) == 2


@broken_by(
    "A decision on an outdated version is refused",
    "service/cases/use_cases/take_step.py",
    "    if version != sight.part.sequence:",
    "    if version > sight.part.sequence:",
)
def test_the_second_of_two_rivals_hears_the_version_in_force_and_the_step_that_won(case: CaseFile) -> None:
    won = case.fire("start_triage", by="carla", version=1)

    answer = case.attempt("add_note", by="anna", version=1, text="Te laat.")

    problem = problem_of(answer, 412, "stale")
    assert (problem["version"], answer.headers["etag"]) == (2, '"2"')
    assert problem["won"] == {
        "trigger": "start_triage",
        "state": "in_triage",
        "role": "coordinator",
        "recordedAt": won["transition"]["recordedAt"],
    }
    assert case.attempt("add_note", by="anna", version=2).status_code == 201


@pytest.mark.parametrize("version", [0, 2, 999_999_999])
def test_a_version_that_never_was_is_stale(case: CaseFile, version: int) -> None:
    assert problem_of(case.attempt("add_note", by="anna", version=version), 412, "stale")["version"] == 1


def test_the_etag_is_that_of_the_part_addressed_and_grows_by_one(people: People, case: CaseFile) -> None:
    case.go_to("arranging_placement")
    commitment = case.parts("commitment")[0]
    case_version, address = int(case.view()["main"]["version"]), case.address(commitment)

    answer = case.attempt("accept", part=commitment, version=1)

    assert (answer.status_code, answer.headers["etag"], answer.json()["version"]) == (201, '"2"', 2)
    for path in (address, f"{address}/transitions", f"{address}/possible-transitions"):
        assert people.esra.get(path).headers["etag"] == '"2"'
    for path in (case.path, f"{case.path}/possible-transitions"):
        assert people.esra.get(path).headers["etag"] == f'"{case_version}"'
    assert case.attempt("add_note", by="hanna", version=case_version).status_code == 201


@broken_by(
    "A draft is saved only at its last version",
    "service/cases/use_cases/drafts.py",
    "    if version != draft.version:",
    "    if version < 0:",
)
def test_a_draft_is_saved_and_removed_only_at_its_last_version(people: People) -> None:
    address = f"/drafts/{people.anna.post('/drafts', {'form': {'a': 1}}).json()['id']}"
    save = people.anna.client.put(address, json={"form": {"a": 2}}, headers={"If-Match": '"1"'})
    late_save = people.anna.client.put(address, json={"form": {"a": 3}}, headers={"If-Match": '"1"'})
    late_removal = people.anna.client.delete(address, headers={"If-Match": '"1"'})

    assert (save.status_code, save.headers["etag"]) == (200, '"2"')
    for answer in (late_save, late_removal):
        assert problem_of(answer, 412, "stale")["version"] == 2
    assert people.anna.get(address).json()["form"] == {"a": 2}


def test_of_twelve_rivals_on_the_same_version_exactly_one_wins(case: CaseFile) -> None:
    names = ["anna", "carla", "daan", "hanna"] * 3

    answers = at_once(lambda number: case.attempt("add_note", by=names[number], version=1, text=f"Van {number}."))

    assert sorted(answer.status_code for answer in answers) == [201, *[412] * 11]
    assert all(problem_of(answer, 412)["version"] == 2 for answer in answers if answer.status_code == 412)
    assert [entry["trigger"] for entry in case.history()] == ["submit", "add_note"]


def test_of_twelve_rivals_who_save_the_same_draft_exactly_one_wins(people: People) -> None:
    address = f"/drafts/{people.anna.post('/drafts', {'form': {}}).json()['id']}"

    answers = at_once(
        lambda number: people.anna.client.put(address, json={"form": {"n": number}}, headers={"If-Match": '"1"'})
    )

    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 11]
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert people.anna.get(address).json()["form"] == winner.json()["form"]
