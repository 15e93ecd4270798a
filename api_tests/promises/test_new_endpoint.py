"""The exercise of CONTRIBUTING.md: a new endpoint with a body is written in three places and behaves as all others."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.people import People, everybody
from api_tests.support.problems import faults_in, problem_of
from api_tests.support.processes import process

pytestmark = pytest.mark.server
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
# A block of the exercise: its file, and the text to add; "after" is the line behind which the text goes.
STEP = re.compile(r"In `(?P<file>[\w./]+)`(?:, after `(?P<after>[^`]+)`)?:\n\n```\w+\n(?P<added>.*?)```", re.DOTALL)


def steps() -> list[tuple[str, str | None, str]]:
    exercise = TEXT.split("## A new endpoint")[1].split("\n## ")[0]
    return [(match["file"], match["after"], match["added"]) for match in STEP.finditer(exercise)]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which the exercise was done."""
    folder = tmp_path_factory.mktemp("checkout")
    for room in ("service", "workflows", "migrations", "examples"):
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name, after, added in steps():
        file = folder / name
        if after is None:
            file.write_text(added, encoding="utf-8")
        else:
            text = file.read_text(encoding="utf-8")
            assert text.count(f"{after}\n") == 1, after
            file.write_text(text.replace(f"{after}\n", f"{after}\n{added}"), encoding="utf-8")
    return folder


@pytest.fixture(scope="module", params=ENGINES)
def people(request: pytest.FixtureRequest, tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    folder = tmp_path_factory.mktemp(f"endpoint_{request.param}")
    with process(folder, new_database(request, folder, request.param), tree=tree, relay="off") as service:
        people = everybody(service.url)
        yield people
        for person in people.values():
            person.client.close()


def post(people: People, **request: Any) -> httpx.Response:
    return people.anna.client.post("/day-reckonings", **request)


def test_a_new_endpoint_with_a_body_takes_three_places() -> None:
    assert len({file for file, _, _ in steps()}) == 3


def test_the_new_endpoint_answers_as_written(people: People) -> None:
    answer = post(people, json={"days": 3, "from": "2026-12-24"})

    assert answer.status_code == 200
    assert answer.json() == {"dueOn": "2026-12-30"}


def test_the_new_endpoint_refuses_as_every_other_does(people: People) -> None:
    assert faults_in(post(people, json={"days": "x", "more": 1}, params={"paeg": "2"})) == {
        ("query", "paeg", "unknown_query_key"),
        ("body", "/days", "int_type"),
        ("body", "/from", "missing"),
        ("body", "/more", "extra_forbidden"),
    }
    problem_of(post(people, content=b"{", headers={"Authorization": "Bearer x"}), 401, "not_known")
    problem_of(post(people, content=b"days=3", headers={"Content-Type": "text/plain"}), 415, "unsupported_media_type")
    assert faults_in(post(people, content=b'{"days":1,"days":2}', headers={"Content-Type": "application/json"})) == {
        ("body", "", "member_twice")
    }


def test_faults_of_the_new_endpoint_name_fields_by_their_label(people: People) -> None:
    (fault,) = post(people, json={"days": 3}).json()["errors"]

    assert fault["nl"].startswith("Vanaf")


def test_the_new_endpoint_stands_in_the_document_with_its_labels_and_refusals(people: People) -> None:
    document = people.anna.get("/openapi.json").json()
    operation = document["paths"]["/day-reckonings"]["post"]
    body = document["components"]["schemas"]["DayReckoningBody"]

    assert operation["operationId"] == "reckonDay"
    assert {"200", "400", "401", "406", "413", "415", "429", "503"} == set(operation["responses"])
    assert body["properties"]["from"]["x-title-nl"] == "Vanaf"
