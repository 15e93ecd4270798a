"""Every operation that takes a body shows one that is true to life, and the service takes it as it is shown."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.checkout import ROOT
from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.every_request import World, asks, new_world
from api_tests.support.openapi_documents import fits, operations
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import Running
from api_tests.support.shared_case import Scene, help_arranged, help_running, referral_of
from service.commands.documents import published

Example = tuple[str, str]  # the operation, and the name of its example
# Who takes the step that is shown, in which situation, with which part of the case.
STEPS: dict[Example, tuple[str, str, str]] = {
    ("addTransition", "add_note"): ("carla", "help runs", "case"),
    ("addTransition", "request_information"): ("daan", "in triage", "case"),
    ("addTransition", "issue_advice"): ("esra", "advice drafted", "case"),
    ("addPlacementTransition", "agree"): ("hanna", "help runs", "placement A"),
    ("addCommitmentTransition", "accept"): ("joke", "help runs", "commitment B"),
    ("addCommitmentTransition", "refuse"): ("ivo", "help is arranged", "commitment A"),
    ("addFundingTransition", "confirm"): ("karim", "help runs", "funding A"),
    ("addFundingTransition", "dispute"): ("lotte", "help runs", "funding B"),
    ("addEscalationTransition", "remind"): ("mila", "help runs", "escalation"),
    ("addQuestionTransition", "record_answer"): ("tom", "help runs", "question"),
    ("addReconsiderationTransition", "take_up"): ("esra", "help runs", "reconsideration"),
    ("addFollowUpTransition", "record_check"): ("hanna", "help runs", "follow_up"),
    ("addFileRequestTransition", "grant"): ("carla", "help runs", "file_request"),
    ("addEmergencyAccessTransition", "review"): ("quint", "help runs", "emergency_access"),
}
# These ask for no key, and a consult is asked by somebody else than who submits.
BESIDE_THEM: dict[Example, tuple[str, str]] = {
    ("submitCase", "ask_consult"): ("wilma", "/cases"),
    ("createDemonstrationToken", "carla"): ("anna", "/demonstration/tokens"),
    ("findPerson", "colleague"): ("roos", "/person-searches"),
    ("tryWorkflow", "renamed_state"): ("roos", "/workflow-trials"),
}
# What exists in one installation alone: whoever sends an example puts their own in its place.
ONES_OWN = ("number", "caseId", "requestId", "from", "url")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(published())
    return found


@pytest.fixture(scope="module", params=ENGINES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp(f"examples-{request.param}")
    with new_world(folder, new_database(request, folder, request.param)) as made:
        yield made


def bodies(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What each operation with a body says of it: its schema and its examples."""
    return {
        operation["operationId"]: operation["requestBody"]["content"]["application/json"]
        for _, _, operation in operations(document)
        if "requestBody" in operation
    }


def shown(document: dict[str, Any]) -> dict[Example, Any]:
    return {
        (operation, name): it["value"]
        for operation, body in bodies(document).items()
        for name, it in body.get("examples", {}).items()
    }


@broken_by(
    "every operation with a body has an example",
    "service/http/openapi.py",
    'operation["requestBody"]["content"][JSON]["examples"] = bodies',
    "pass",
)
def test_every_operation_with_a_body_has_an_example_of_its_own(document: dict[str, Any]) -> None:
    files = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in (ROOT / "examples/requests").iterdir()}

    assert {name: body.get("examples") for name, body in bodies(document).items()} == files
    assert all(example["summary"] for examples in files.values() for example in examples.values())


def test_every_example_fits_the_published_schema(document: dict[str, Any]) -> None:
    schemas = {operation: body["schema"] for operation, body in bodies(document).items()}

    assert [it for it, value in shown(document).items() if not fits(document, schemas[it[0]], value)] == []


def test_an_example_of_a_step_goes_by_the_name_of_its_trigger(document: dict[str, Any]) -> None:
    steps = {it: value["trigger"] for it, value in shown(document).items() if "trigger" in value}

    assert [it for it, trigger in steps.items() if it[1] != trigger] == []


@pytest.mark.server
@broken_by(
    "the page shows every example as JSON that can be copied",
    "service/http/documentation.py",
    'body = json.dumps(example["value"], ensure_ascii=False, indent=2)',
    'body = json.dumps(json.dumps(example["value"], ensure_ascii=False, indent=2))',
)
def test_the_page_shows_every_example_as_json_that_can_be_copied(service: Running, document: dict[str, Any]) -> None:
    page = httpx.get(f"{service.url}/v1/docs").text

    copied = [json.loads(html.unescape(it)) for it in re.findall(r'<pre lang="nl">(.*?)</pre>', page, re.DOTALL)]

    assert sorted(map(json.dumps, copied)) == sorted(json.dumps(it) for it in shown(document).values())


@pytest.mark.server
@broken_by(
    "the service takes every example as it is shown",
    "examples/requests/addOfferStatement.json",
    '"statedOn": "2026-06-30"',
    '"statedOn": "2099-06-30"',
)
def test_the_service_takes_every_example_as_it_is_shown(world: World, document: dict[str, Any]) -> None:
    examples = shown(document)

    answers = dict(sent(world, examples))

    assert answers.keys() == examples.keys()
    assert {it: answer.text for it, answer in answers.items() if not answer.is_success} == {}


def sent(world: World, examples: dict[Example, Any]) -> Iterator[tuple[Example, httpx.Response]]:
    """The answer to each example, sent by somebody whose work it is, about something that is there for it."""
    people, scenes = world.people, situations(world.people)
    asked = asks(world)
    draft = people.anna.post("/drafts", {"form": {}})
    for (operation, name), value in examples.items():
        it = (operation, name)
        if operation == "saveDraft":
            path, headers = f"/drafts/{draft.json()['id']}", {"If-Match": draft.headers["ETag"]}
            yield it, people.anna.client.put(path, json=value, headers=headers)
        elif it in STEPS:
            by, situation, part = STEPS[it]
            path = scenes[situation].path(part)
            yield it, people[by].post(f"{path}/transitions", value, version=version_of(people, path))
        elif it in BESIDE_THEM:
            by, path = BESIDE_THEM[it]
            yield it, people[by].post(path, value)
        else:
            ask = asked[operation]
            own = {member: ask.body[member] for member in ONES_OWN if member in value}
            yield it, replace(ask, body=value | own).sent(people, str(uuid4()))


def situations(people: People) -> dict[str, Scene]:
    referral = referral_of("JZ11")
    return {
        "in triage": Scene(CaseFile.submitted(people, **referral).go_to("in_triage")),
        "advice drafted": Scene(CaseFile.submitted(people, **referral).go_to("advice_drafted")),
        "help is arranged": help_arranged(people),
        "help runs": help_running(people),
    }


def version_of(people: People, path: str) -> int:
    return int(people.esra.get(path).headers["ETag"].strip('"'))
