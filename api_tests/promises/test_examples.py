"""Every operation that takes a body shows a lifelike example, and the service accepts the example as it is."""

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
from api_tests.support.every_request import QuietService, example_requests, new_quiet_service
from api_tests.support.openapi_documents import is_valid, operations
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import SharedCase, help_arranged, help_running, referral_of
from service.commands.documents import openapi_text

Example = tuple[str, str]  # the operation, and the name of its example
# The taker of the step in the example, the situation, and the part of the case.
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
    ("addEntryDestructionTransition", "destroy_content"): ("quint", "help runs", "entry_destruction"),
}
# These ask for no key, or, as the consult, are asked by another person than the submitter.
WITHOUT_KEY: dict[Example, tuple[str, str]] = {
    ("submitCase", "ask_consult"): ("wilma", "/cases"),
    ("createDemonstrationToken", "carla"): ("anna", "/demonstration/tokens"),
    ("findPerson", "colleague"): ("roos", "/person-searches"),
    ("tryWorkflow", "renamed_state"): ("roos", "/workflow-trials"),
}
# Values that exist in one installation only: a caller puts their own in their place.
LOCAL_MEMBERS = ("number", "caseId", "requestId", "from", "url")
LOCAL_FORM_MEMBERS = ("partId", "number")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(openapi_text())
    return document


@pytest.fixture(scope="module", params=ENGINES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuietService]:
    folder = tmp_path_factory.mktemp(f"examples-{request.param}")
    with new_quiet_service(folder, new_database(request, folder, request.param)) as world:
        yield world


def bodies(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns the schema and the examples of the body of each operation, by operation id."""
    return {
        operation["operationId"]: operation["requestBody"]["content"]["application/json"]
        for _, _, operation in operations(document)
        if "requestBody" in operation
    }


def examples_in(document: dict[str, Any]) -> dict[Example, Any]:
    return {
        (operation, name): example["value"]
        for operation, body in bodies(document).items()
        for name, example in body.get("examples", {}).items()
    }


@broken_by(
    "Every operation with a body has an example",
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

    assert [
        example
        for example, value in examples_in(document).items()
        if not is_valid(document, schemas[example[0]], value)
    ] == []


def test_an_example_of_a_step_goes_by_the_name_of_its_trigger(document: dict[str, Any]) -> None:
    steps = {example: value["trigger"] for example, value in examples_in(document).items() if "trigger" in value}

    assert [example for example, trigger in steps.items() if example[1] != trigger] == []


@pytest.mark.server
@broken_by(
    "The documentation page shows every example as JSON that can be copied",
    "service/http/documentation_page.py",
    'body = json.dumps(example["value"], ensure_ascii=False, indent=2)',
    'body = json.dumps(json.dumps(example["value"], ensure_ascii=False, indent=2))',
)
def test_the_page_shows_every_example_as_json_that_can_be_copied(
    service: RunningService, document: dict[str, Any]
) -> None:
    page = httpx.get(f"{service.url}/v1/docs", timeout=30).text

    copied = [json.loads(html.unescape(text)) for text in re.findall(r'<pre lang="nl">(.*?)</pre>', page, re.DOTALL)]

    assert sorted(map(json.dumps, copied)) == sorted(json.dumps(value) for value in examples_in(document).values())


@pytest.mark.server
@broken_by(
    "The service accepts every published example",
    "examples/requests/addOfferStatement.json",
    '"statedOn": "2026-06-30"',
    '"statedOn": "2099-06-30"',
)
def test_the_service_accepts_every_example_as_it_is(world: QuietService, document: dict[str, Any]) -> None:
    examples = examples_in(document)

    answers = dict(send_all(world, examples))

    assert answers.keys() == examples.keys()
    assert {example: answer.text for example, answer in answers.items() if not answer.is_success} == {}


def send_all(world: QuietService, examples: dict[Example, Any]) -> Iterator[tuple[Example, httpx.Response]]:
    """Yields the answer to each example, sent by a person who may, about a thing that exists."""
    people, scenes = world.people, situations(world.people)
    requests = example_requests(world)
    draft = people.anna.post("/drafts", {"form": {}})
    for (operation, name), value in examples.items():
        example = (operation, name)
        if operation == "saveDraft":
            path, headers = f"/drafts/{draft.json()['id']}", {"If-Match": draft.headers["ETag"]}
            yield example, people.anna.client.put(path, json=value, headers=headers)
        elif example in STEPS:
            by, situation, part = STEPS[example]
            path = scenes[situation].path(part)
            yield example, people[by].post(f"{path}/transitions", value, version=version_of(people, path))
        elif example in WITHOUT_KEY:
            by, path = WITHOUT_KEY[example]
            yield example, people[by].post(path, value)
        else:
            request = requests[operation]
            yield example, replace(request, body=with_local_values(value, request.body)).send(people, str(uuid4()))


def with_local_values(example: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """The example with the values that exist in this installation, at the top and in its form."""
    local_values = {member: body[member] for member in LOCAL_MEMBERS if member in example}
    if local_form := {
        member: body["form"][member] for member in LOCAL_FORM_MEMBERS if member in example.get("form", {})
    }:
        local_values["form"] = example["form"] | local_form
    return example | local_values


def situations(people: People) -> dict[str, SharedCase]:
    referral = referral_of("JZ11")
    return {
        "in triage": SharedCase(CaseFile.submitted(people, **referral).go_to("in_triage")),
        "advice drafted": SharedCase(CaseFile.submitted(people, **referral).go_to("advice_drafted")),
        "help is arranged": help_arranged(people),
        "help runs": help_running(people),
    }


def version_of(people: People, path: str) -> int:
    return int(people.esra.get(path).headers["ETag"].strip('"'))
