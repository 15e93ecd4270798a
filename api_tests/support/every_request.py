"""A valid request for each operation that acts once, and a service that can answer all of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from api_tests.support.administration import DECISIONS
from api_tests.support.case_file import CaseFile
from api_tests.support.changed_rules import copy_workflows, service_with_people
from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.destructions import granted_request, new_proposal, withdrawn_case
from api_tests.support.expected_operations import BY_HAND
from api_tests.support.people import People, everybody, offered
from api_tests.support.receivers import Receiver, dead_letter, run_receiver
from api_tests.support.servers import RunningService, running, settings_for
from api_tests.support.shared_case import SharedCase, help_running
from api_tests.support.upgrades import GROUNDS, PAUSE, new_plan
from api_tests.support.workflows import form_for
from service.tables import metadata

NOTE = {"trigger": "add_note", "form": {"text": "Gebeld."}}
PARTS = {
    "Placement": "placement A",
    "Commitment": "commitment A",
    "Funding": "funding A",
    "Escalation": "escalation",
    "Question": "question",
    "Reconsideration": "reconsideration",
    "FollowUp": "follow_up",
    "FileRequest": "file_request",
    "EmergencyAccess": "emergency_access",
    "EntryDestruction": "entry_destruction",
}
PATH_BY_DECISION = {
    "addOrganisation": "/organisations",
    "addPerson": "/people",
    "beginMembership": "/memberships",
    "endMembership": "/membership-ends",
    "beginCoverage": "/coverages",
    "endCoverage": "/coverage-ends",
    "endOrganisation": "/organisation-ends",
    "addMunicipality": "/municipalities",
    "changeMunicipality": "/municipality-changes",
    "renameOrganisation": f"/organisations/{ORGANISATION_IDS['duinhuis']}/names",
    "renamePerson": f"/people/{PERSON_IDS['joke']}/names",
    "decideSettings": "/regions/JZ11/settings",
}


@dataclass(frozen=True)
class ExampleRequest:
    """A request that makes something, by a person who may send it."""

    by: str
    path: str
    body: Any
    version: int | None = None

    def send(self, people: People, key: str) -> httpx.Response:
        return people[self.by].post(self.path, self.body, version=self.version, key=key)


@dataclass(frozen=True)
class QuietService:
    """A service without a relay: nothing changes but by requests. `older`: an earlier workflow of a case in it."""

    service: RunningService
    people: People
    receiver: Receiver
    older_workflow: str

    def stored_rows(self) -> dict[str, list[Any]]:
        """The rows of its database, by table."""
        with self.service.tables.connect() as connection:
            return {
                name: sorted(map(repr, connection.execute(select(table)))) for name, table in metadata.tables.items()
            }


@contextmanager
def new_quiet_service(folder: Path, database: str) -> Iterator[QuietService]:
    with service_with_people(folder, database) as (_, people):
        older = CaseFile.submitted(people).history()[0]["workflow"]
    settings = settings_for(folder, database, workflows=copy_workflows(folder, case=PAUSE), webhook_targets="any")
    with running(settings) as service, run_receiver() as receiver:
        people = everybody(service.url)
        yield QuietService(service, people, receiver, older)
        for person in people.values():
            person.client.close()


def example_requests(world: QuietService) -> dict[str, ExampleRequest]:
    """A request for each operation that acts once, in an order in which they succeed."""
    scene = help_running(world.people)
    return {**_on_cases(scene), **_about_files(scene), **_around_cases(world, scene)}


def _on_cases(scene: SharedCase) -> dict[str, ExampleRequest]:
    case = scene.case
    steps = {
        f"add{name}Transition": ExampleRequest(
            min(BY_HAND[f"add{name}Transition"].answered),
            f"{scene.path(part)}/transitions",
            NOTE,
            scene.parts[part]["version"],
        )
        for name, part in PARTS.items()
    }
    signal = {"trigger": "signal_escalation", "number": case.number, "form": form_for("case", "signal_escalation")}
    return {
        "submitCase": ExampleRequest("anna", "/cases", {"trigger": "submit", "form": form_for("case", "submit")}),
        "createDraft": ExampleRequest("anna", "/drafts", {"form": {}}),
        "addTransition": ExampleRequest("anna", f"{case.path}/transitions", NOTE, case.view()["main"]["version"]),
        **steps,
        "addEscalationSignal": ExampleRequest("mila", "/escalation-signals", signal),
    }


def _about_files(scene: SharedCase) -> dict[str, ExampleRequest]:
    case, people = scene.case, scene.case.people
    file_request = {"trigger": "ask_about_file", "form": form_for("file_request", "ask_about_file")}
    emergency_access = {
        "trigger": "take_emergency_access",
        "form": form_for("emergency_access", "take_emergency_access"),
    }
    noted_case = CaseFile.submitted(people)  # no hold stands on it
    entry_destruction = {
        "trigger": "propose_destruction",
        "form": form_for("entry_destruction", "propose_destruction", partId=noted_case.id),
    }
    hold = {"reason": {"code": "complaint"}}
    holds = f"{case.path}/legal-holds"
    ended_case = withdrawn_case(people)
    proposals = [f"/destruction-proposals/{new_proposal(withdrawn_case(people))}" for _ in range(2)]
    return {
        "addFileRequest": ExampleRequest("anna", f"{case.path}/file-requests", file_request),
        "addEmergencyAccess": ExampleRequest(
            "petra", "/emergency-accesses", emergency_access | {"number": case.number}
        ),
        "addEntryDestruction": ExampleRequest("carla", f"{noted_case.path}/entry-destructions", entry_destruction),
        "addLegalHold": ExampleRequest("esra", holds, hold),
        "liftLegalHold": ExampleRequest("esra", f"{holds}/{people.esra.post(holds, hold).json()['id']}/lifting", {}),
        "addDestructionProposal": ExampleRequest(
            "carla", "/destruction-proposals", {"caseId": ended_case.id, "requestId": granted_request(ended_case)}
        ),
        "signDestructionProposal": ExampleRequest("carla", f"{proposals[0]}/signatures", {"capacity": "team"}),
        "withdrawDestructionProposal": ExampleRequest(
            "carla", f"{proposals[1]}/withdrawal", {"reason": {"code": "still_needed"}}
        ),
    }


def _around_cases(world: QuietService, scene: SharedCase) -> dict[str, ExampleRequest]:
    people, offer = world.people, f"/offers/{offered(world.people)}"
    offer_body = {
        "providerId": str(ORGANISATION_IDS["de-veste"]),
        "domain": {"code": "treatment"},
        "function": {"code": "day_treatment"},
        "expertise": "Jongeren die een tijd niet naar school gingen.",
        "region": "JZ11",
        "validFrom": "2025-01-01",
    }
    subscription = {"organisationId": str(ORGANISATION_IDS["ret"]), "url": world.receiver.url}
    hook = people.roos.post("/subscriptions", subscription).json()["id"]
    letter = dead_letter(world.service, scene.case.id)
    letters = f"/subscriptions/{letter['subscriptionId']}/dead-letters/{letter['position']}"
    adoptions = f"/workflow-plans/{new_plan(people, world.older_workflow)['hash']}/adoptions"
    return {
        "addOffer": ExampleRequest("ivo", "/offers", offer_body),
        "addOfferStatement": ExampleRequest("ivo", f"{offer}/statements", {"statedOn": "2025-07-01", "placesFree": 1}),
        "endOffer": ExampleRequest("ivo", f"{offer}/ending", {"lastDay": "2025-07-02"}),
        **{name: ExampleRequest("roos", path, DECISIONS[name]) for name, path in PATH_BY_DECISION.items()},
        "createSubscription": ExampleRequest("roos", "/subscriptions", subscription),
        "addSubscriptionChange": ExampleRequest(
            "roos", f"/subscriptions/{hook}/changes", {"change": "rotate_secret", "reason": "routine"}, 1
        ),
        "addResending": ExampleRequest("roos", f"{letters}/resendings", None),
        "addPlan": ExampleRequest("roos", "/workflow-plans", {"kind": "case", "from": world.older_workflow}),
        "addAdoptions": ExampleRequest("roos", adoptions, {"grounds": GROUNDS}),
    }
