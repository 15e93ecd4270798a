"""Every operation that asks for an Idempotency-Key: sent twice it acts once, and says that it is answered again.

Sent a third time, after the person lost every role, it tells no more than a rule of its own says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from api_tests.promises.test_acting_once import REPLAYED, submission
from api_tests.support.administration import DECISIONS
from api_tests.support.case_file import CaseFile
from api_tests.support.changed_rules import copied, people_at
from api_tests.support.databases import new_database
from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.destructions import ended, granted, proposed
from api_tests.support.engines import ENGINES
from api_tests.support.expected_operations import BY_HAND
from api_tests.support.people import People, everybody, offered
from api_tests.support.receivers import Receiver, dead_letter, receiving
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import Running, running, settings_for
from api_tests.support.shared_case import Scene, help_running, without_memberships
from api_tests.support.upgrades import PAUSE, WHY, planned
from api_tests.support.workflows import form_for
from service.tables import metadata

pytestmark = pytest.mark.server
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
}
DECIDED_AT = {
    "addOrganisation": "/organisations",
    "addPerson": "/people",
    "beginMembership": "/memberships",
    "endMembership": "/membership-ends",
    "beginCoverage": "/coverages",
    "endCoverage": "/coverage-ends",
    "renameOrganisation": f"/organisations/{ORGANISATION_IDS['duinhuis']}/names",
    "renamePerson": f"/people/{PERSON_IDS['joke']}/names",
    "decideSettings": "/regions/JZ11/settings",
}

# To a person who lost every role: what is answered in a case is an entry, of which the number is told.
NUMBER_ALONE = {
    "submitCase", "addTransition", "addEscalationSignal", "addFileRequest", "addEmergencyAccess",
    *(f"add{name}Transition" for name in PARTS),
}  # fmt: skip
# One's own, whatever one is: a draft has one owner and no reader.
ALL_OF_IT = {"createDraft"}
# What would be told stands beside the cases as it stands now, and is for those who have the role for it.
NOT_FOUND = {"addLegalHold", "liftLegalHold"}
NOT_ALLOWED = {
    "addDestructionProposal", "signDestructionProposal", "withdrawDestructionProposal", "addOffer", "addOfferStatement",
    "endOffer", "createSubscription", "addSubscriptionChange", "addResending", "addPlan", "addAdoptions", *DECIDED_AT,
}  # fmt: skip


@dataclass(frozen=True)
class Ask:
    """A request that makes something, by whoever may."""

    by: str
    path: str
    body: Any
    version: int | None = None

    def sent(self, people: People, key: str) -> httpx.Response:
        return people[self.by].post(self.path, self.body, version=self.version, key=key)


@dataclass(frozen=True)
class World:
    """A service that tells nobody, so nothing changes beside what is asked. `older`: the workflow of a case in it."""

    service: Running
    people: People
    receiver: Receiver
    older: str

    def stored(self) -> dict[str, list[Any]]:
        """Everything in its database."""
        with self.service.tables.connect() as connection:
            return {
                name: sorted(map(repr, connection.execute(select(table)))) for name, table in metadata.tables.items()
            }


@pytest.fixture(scope="module", params=ENGINES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp(f"acts-once-{request.param}")
    database = new_database(request, folder, request.param)
    with people_at(folder, database) as (_, people):
        older = CaseFile.submitted(people).history()[0]["workflow"]
    settings = settings_for(folder, database, workflows=copied(folder, case=PAUSE), webhook_targets="any")
    with running(settings) as service, receiving() as receiver:
        people = everybody(service.url)
        yield World(service, people, receiver, older)
        for person in people.values():
            person.client.close()


def told_alike(first: httpx.Response, again: httpx.Response) -> bool:
    """The members of a change may come in another order when they are read back."""
    kept = [(it.status_code, it.json(), it.headers.get("etag"), it.headers.get("location")) for it in (first, again)]
    replayed = [it.headers.get(REPLAYED) for it in (first, again)]
    return first.is_success and kept[0] == kept[1] and replayed == [None, "true"]


def told_less(name: str, first: httpx.Response, again: httpx.Response) -> bool:
    """Whether the third answer is what a person without a role may know of the first."""
    if name in NOT_FOUND | NOT_ALLOWED:
        return again.status_code == (404 if name in NOT_FOUND else 403)
    if name in ALL_OF_IT:
        return told_alike(first, again)
    known = {it: first.json()[it] for it in ("caseId", "version")}
    answered = (again.status_code, again.headers.get(REPLAYED), again.headers.get("location"), again.headers["etag"])
    return again.json() == known and answered == (201, "true", None, first.headers["etag"])


def asks(world: World) -> dict[str, Ask]:
    """A request for every operation that acts once, in an order in which they can be sent."""
    scene = help_running(world.people)
    return {**_on_cases(scene), **_about_files(scene), **_around_cases(world, scene)}


def _on_cases(scene: Scene) -> dict[str, Ask]:
    case = scene.case
    steps = {
        f"add{name}Transition": Ask(
            min(BY_HAND[f"add{name}Transition"].answered),
            f"{scene.path(part)}/transitions",
            NOTE,
            scene.parts[part]["version"],
        )
        for name, part in PARTS.items()
    }
    signalled = {"trigger": "signal_escalation", "number": case.number, "form": form_for("case", "signal_escalation")}
    return {
        "submitCase": Ask("anna", "/cases", submission()),
        "createDraft": Ask("anna", "/drafts", {"form": {}}),
        "addTransition": Ask("anna", f"{case.path}/transitions", NOTE, case.seen()["main"]["version"]),
        **steps,
        "addEscalationSignal": Ask("mila", "/escalation-signals", signalled),
    }


def _about_files(scene: Scene) -> dict[str, Ask]:
    case, people = scene.case, scene.case.people
    asked = {"trigger": "ask_about_file", "form": form_for("file_request", "ask_about_file")}
    taken = {"trigger": "take_emergency_access", "form": form_for("emergency_access", "take_emergency_access")}
    held = {"reason": {"code": "complaint"}}
    holds = f"{case.path}/legal-holds"
    going = ended(people)
    proposals = [f"/destruction-proposals/{proposed(ended(people))}" for _ in range(2)]
    return {
        "addFileRequest": Ask("anna", f"{case.path}/file-requests", asked),
        "addEmergencyAccess": Ask("petra", "/emergency-accesses", taken | {"number": case.number}),
        "addLegalHold": Ask("esra", holds, held),
        "liftLegalHold": Ask("esra", f"{holds}/{people.esra.post(holds, held).json()['id']}/lifting", {}),
        "addDestructionProposal": Ask(
            "carla", "/destruction-proposals", {"caseId": going.id, "requestId": granted(going)}
        ),
        "signDestructionProposal": Ask("carla", f"{proposals[0]}/signatures", {"capacity": "team"}),
        "withdrawDestructionProposal": Ask("carla", f"{proposals[1]}/withdrawal", {"reason": {"code": "still_needed"}}),
    }


def _around_cases(world: World, scene: Scene) -> dict[str, Ask]:
    people, offer = world.people, f"/offers/{offered(world.people)}"
    put_on = {
        "providerId": str(ORGANISATION_IDS["de-veste"]),
        "domain": {"code": "treatment"},
        "function": {"code": "day_treatment"},
        "expertise": "Jongeren die een tijd niet naar school gingen.",
        "region": "JZ11",
        "validFrom": "2025-01-01",
    }
    wanted = {"organisationId": str(ORGANISATION_IDS["ret"]), "url": world.receiver.url}
    hook = people.roos.post("/subscriptions", wanted).json()["id"]
    letter = dead_letter(world.service, scene.case.id)
    letters = f"/subscriptions/{letter['subscriptionId']}/dead-letters/{letter['position']}"
    adoptions = f"/workflow-plans/{planned(people, world.older)['hash']}/adoptions"
    return {
        "addOffer": Ask("ivo", "/offers", put_on),
        "addOfferStatement": Ask("ivo", f"{offer}/statements", {"statedOn": "2025-07-01", "placesFree": 1}),
        "endOffer": Ask("ivo", f"{offer}/ending", {"lastDay": "2025-07-02"}),
        **{name: Ask("roos", path, DECISIONS[name]) for name, path in DECIDED_AT.items()},
        "createSubscription": Ask("roos", "/subscriptions", wanted),
        "addSubscriptionChange": Ask(
            "roos", f"/subscriptions/{hook}/changes", {"change": "rotate_secret", "reason": "routine"}, 1
        ),
        "addResending": Ask("roos", f"{letters}/resendings", None),
        "addPlan": Ask("roos", "/workflow-plans", {"kind": "case", "from": world.older}),
        "addAdoptions": Ask("roos", adoptions, {"grounds": WHY}),
    }


@broken_by(
    "decision 14: without the role a repeated request beside the cases tells nothing that stands now",
    "service/offers/use_cases/offers.py",
    "    acting = _acting(actor, offer)\n\n    def begin() -> Offer:\n",
    "    def begin() -> Offer:\n        acting = _acting(actor, offer)\n",
)
def test_every_operation_that_asks_for_a_key_acts_once_and_says_that_it_answers_again(world: World) -> None:
    published = world.people.anna.get("/openapi.json").json()["paths"].values()
    with_key = {
        operation["operationId"]
        for some in published
        for operation in some.values()
        if any(it["name"] == "Idempotency-Key" for it in operation.get("parameters", ()))
    }
    differences = dict[str, str]()

    requests = asks(world)
    for name, ask in requests.items():
        key, before = str(uuid4()), world.stored()
        first = ask.sent(world.people, key)
        once = world.stored()
        again = ask.sent(world.people, key)
        twice = world.stored()
        with without_memberships(world.service, world.people[ask.by]):
            third = ask.sent(world.people, key)
        if not told_alike(first, again):
            differences[name] = f"{first.status_code} {first.text}, then {again.status_code} {again.text}"
        elif once == before or twice != once:
            changed = [table for table in once if twice[table] != once[table]]
            differences[name] = f"acted the first time: {once != before}; changed the second time: {changed}"
        elif not told_less(name, first, third) or world.stored() != once:
            differences[name] = (
                f"{first.status_code} {first.text}, then without a role {third.status_code} {third.text}"
            )

    assert set(requests) == with_key == NUMBER_ALONE | ALL_OF_IT | NOT_FOUND | NOT_ALLOWED
    assert differences == {}
