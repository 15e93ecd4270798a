"""Every operation of the published document, asked by everybody, compared with a table written by hand."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api_tests.support.administration import DECISIONS
from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.destructions import new_proposal, withdrawn_case
from api_tests.support.expected_operations import ALL_PEOPLE, BY_HAND, PUBLIC
from api_tests.support.people import People, offered
from api_tests.support.receivers import dead_letter
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import FAR_AHEAD, SharedCase, client_with_token, help_running, signer_of
from api_tests.support.workflows import RULES, form_for

PARTS = {
    "placements": "placement A",
    "commitments": "commitment A",
    "fundings": "funding A",
    "escalations": "escalation",
    "questions": "question",
    "reconsiderations": "reconsideration",
    "follow-ups": "follow_up",
    "file-requests": "file_request",
    "emergency-accesses": "emergency_access",
    "entry-destructions": "entry_destruction",
}
NOTE = {"trigger": "add_note", "occurredAt": FAR_AHEAD, "form": {"text": "Gebeld."}}
HOLD = {"reason": {"code": "complaint"}}
OFFER = {
    "providerId": str(ORGANISATION_IDS["de-veste"]),
    "domain": {"code": "treatment"},
    "function": {"code": "day_treatment"},
    "expertise": "Jongeren die een tijd niet naar school gingen.",
    "region": "JZ11",
    "validFrom": "2025-01-01",
}
Operation = tuple[str, str, str]


@pytest.fixture(scope="module")
def scene(people: People) -> SharedCase:
    return help_running(people)


@pytest.fixture(scope="module")
def askers(service: RunningService, people: People) -> Iterator[dict[str, httpx.Client]]:
    """Clients of everybody, of nobody, and of a stranger: a sound token of an unknown person."""
    with ExitStack() as stack:
        stranger = stack.enter_context(client_with_token(service, signer_of(service).sign_token("a-stranger")))
        nobody = stack.enter_context(client_with_token(service, None))
        yield {**{key: person.client for key, person in people.items()}, "nobody": nobody, "stranger": stranger}


def published(service: RunningService) -> dict[str, Any]:
    with client_with_token(service, None) as anybody:
        paths: dict[str, Any] = anybody.get("/openapi.json").json()["paths"]
    return paths


def operations(service: RunningService) -> list[Operation]:
    """Returns every published operation as (name, method, path)."""
    paths = published(service).items()
    return [
        (operation["operationId"], method, path) for path, methods in paths for method, operation in methods.items()
    ]


def test_the_table_names_every_published_operation_and_everybody(service: RunningService, people: People) -> None:
    assert {name for name, _, _ in operations(service)} == set(BY_HAND)
    assert set(people) == ALL_PEOPLE


@broken_by(
    "Only a learning-table facilitator pulls histories",
    "service/learning/use_cases.py",
    "    if acting is None:",
    "    if acting is None and not actor.memberships:",
)
@broken_by(
    "Only an administrator reads the account and the memberships of a person",
    "service/people/api/relations.py",
    "    require_administrator(transaction, caller)\n    account = People(transaction).account(person_id)",
    "    account = People(transaction).account(person_id)",
)
def test_every_operation_answers_whom_it_should_and_nobody_else(
    service: RunningService, scene: SharedCase, askers: dict[str, httpx.Client]
) -> None:
    paths, differences = published(service), list[str]()

    for name, method, path in operations(service):
        for key, client in askers.items():
            answer = _ask(client, name, method, path, scene, service)
            report = f"{name} by {key}: answered {answer.status_code} {answer.text}"
            if _class_of(answer) != BY_HAND[name].of(key):
                differences.append(f"{report}, expected {BY_HAND[name].of(key)}")
            if str(answer.status_code) not in paths[path][method]["responses"]:
                differences.append(f"{report}, of which the document knows nothing")

    assert differences == []


def test_a_stranger_and_nobody_are_told_the_same_on_everything_that_is_not_public(
    service: RunningService, scene: SharedCase, askers: dict[str, httpx.Client]
) -> None:
    closed = [operation for operation in operations(service) if BY_HAND[operation[0]].answered != PUBLIC]

    answers = {
        (answer.status_code, answer.content)
        for key in ("nobody", "stranger")
        for name, method, path in closed
        for answer in [_ask(askers[key], name, method, path, scene, service)]
    }

    assert len(closed) > 40
    assert [status for status, _ in answers] == [401]


def _ask(
    client: httpx.Client, name: str, method: str, path: str, scene: SharedCase, service: RunningService
) -> httpx.Response:
    """Ask for the operation on the case of the scene. A change is asked for in such a way that nothing changes."""
    collection = path.split("/")[3] if path.count("/") >= 3 else ""
    part = scene.parts[PARTS[collection]] if collection in PARTS else None
    values = {
        "caseId": scene.case.id,
        "partId": part["id"] if part else "",
        "number": "1",
        "version": "1",
        "draftId": _draft(scene) if "{draftId}" in path else "",
        "holdId": _hold(scene) if "{holdId}" in path else "",
        "proposalId": _proposal(scene) if "{proposalId}" in path else "",
        "offerId": offered(scene.case.people) if "{offerId}" in path else "",
        "region": "JZ11",
        "plan": "0" * 64,
        "organisationId": ORGANISATION_IDS["duinhuis"],
        "personId": PERSON_IDS["joke"],
        "name": {"getCodeList": "refusal_reason", "getWorkflow": "case", "getForm": "note@1"}.get(name, ""),
    }
    if "{changeId}" in path:
        values["changeId"] = scene.case.people.roos.get("/administrative-changes").json()["items"][0]["id"]
    if "{subscriptionId}" in path:
        values |= dead_letter(service, scene.case.id)
    headers = {"Idempotency-Key": str(uuid4())}
    address = re.sub(r"\{(\w+)\}", lambda match: str(values[match[1]]), path)
    if method != "get" and ("{draftId}" in path or path.endswith("/changes")):
        headers["If-Match"] = '"1"'
    elif method == "post" and path.endswith("/transitions"):
        headers["If-Match"] = f'"{part["version"] if part else scene.case.view()["main"]["version"]}"'
    return client.request(method, address, json=_body(name, method, scene), headers=headers)


def _body(name: str, method: str, scene: SharedCase) -> dict[str, Any] | None:
    if method == "get" or name == "deleteDraft":
        return None
    bodies: dict[str, dict[str, Any]] = {
        "submitCase": {"trigger": "submit", "occurredAt": FAR_AHEAD, "form": form_for("case", "submit")},
        "createDraft": {"form": {}},
        "saveDraft": {"form": {"question": "Hoe verder?"}},
        "createDemonstrationToken": {"person": "anna"},
        "addEscalationSignal": {
            "trigger": "signal_escalation",
            "number": scene.case.number,
            "occurredAt": FAR_AHEAD,
            "form": form_for("case", "signal_escalation"),
        },
        "addFileRequest": {
            "trigger": "ask_about_file",
            "occurredAt": FAR_AHEAD,
            "form": form_for("file_request", "ask_about_file"),
        },
        "addEmergencyAccess": {
            "trigger": "take_emergency_access",
            "number": "0000-0000",
            "form": form_for("emergency_access", "take_emergency_access"),
        },
        "addEntryDestruction": {
            "trigger": "propose_destruction",
            "occurredAt": FAR_AHEAD,
            "form": form_for("entry_destruction", "propose_destruction"),
        },
        "tryWorkflow": {"kind": "case"},
        "addPlan": {"kind": "case", "from": RULES.current("case").hash},
        "addAdoptions": {"grounds": "Zo werkt de regio nu."},
        "createSubscription": {"organisationId": str(ORGANISATION_IDS["ret"]), "url": "https://127.0.0.1/"},
        "addSubscriptionChange": {"change": "pause", "reason": "maintenance"},
        "addOffer": OFFER,
        "addOfferStatement": {"statedOn": "2025-06-30", "placesFree": 1},
        "addLegalHold": HOLD,
        "liftLegalHold": {},
        "addDestructionProposal": {"caseId": scene.case.id, "requestId": scene.parts["file_request"]["id"]},
        "signDestructionProposal": {"capacity": "team"},
        "withdrawDestructionProposal": {"reason": {"code": "still_needed"}},
        "endOffer": {"lastDay": "2025-06-30"},
    }
    return {**bodies, **DECISIONS}.get(name, NOTE)


def _hold(scene: SharedCase) -> str:
    return str(scene.case.people.esra.post(f"{scene.case.path}/legal-holds", HOLD).json()["id"])


def _proposal(scene: SharedCase) -> str:
    """Returns the id of a proposal that nobody can carry out: its case was reopened after it."""
    people = scene.case.people
    proposals = [item for item in people.esra.get("/destruction-proposals").json()["items"] if item["state"] == "open"]
    if proposals:
        return str(proposals[0]["id"])
    case = withdrawn_case(people)
    proposal = new_proposal(case)
    case.fire("reopen", by="esra")
    return proposal


def _draft(scene: SharedCase) -> str:
    anna = scene.case.people.anna
    unchanged = (item for item in anna.get("/drafts").json()["items"] if item["version"] == 1)
    return str((next(unchanged, None) or anna.post("/drafts", {"form": {}}).json())["id"])


# Faults of requests that may be made and change nothing: for a moment that has not come, to an address where
# nothing is sent, or from a workflow to itself.
_IN_VAIN = {"occurred_in_future", "webhook_not_public", "same_workflow"}


def _class_of(answer: httpx.Response) -> str:
    if answer.is_success:
        return "answered"
    if answer.status_code == 409 and answer.json()["code"] == "destruction_refused":
        return "answered"  # allowed, but an obstacle remains
    if answer.status_code == 400 and {error["code"] for error in answer.json()["errors"]} <= _IN_VAIN:
        return "answered"
    return {401: "unauthenticated", 403: "refused", 404: "not found"}.get(answer.status_code, answer.text)
