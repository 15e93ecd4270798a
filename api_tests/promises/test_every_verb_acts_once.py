"""Every operation that asks for an Idempotency-Key: sent twice it acts once, and says that it is answered again.

Sent a third time, after the person lost every role, it tells no more than a rule stated here allows.
"""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from api_tests.promises.test_acting_once import REPLAYED
from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.every_request import PARTS, PATH_BY_DECISION, QuietService, example_requests, new_quiet_service
from api_tests.support.openapi_documents import operations
from api_tests.support.sabotages import broken_by
from api_tests.support.shared_case import without_memberships

pytestmark = pytest.mark.server

# To a person without a role: an answer within a case is an entry, of which the number alone is told.
NUMBER_ALONE = {
    "submitCase", "addTransition", "addEscalationSignal", "addFileRequest", "addEmergencyAccess",
    "addEntryDestruction",
    *(f"add{name}Transition" for name in PARTS),
}  # fmt: skip
# A draft has one owner and no other reader, whatever the owner's roles.
WHOLE_ANSWER = {"createDraft"}
# The answer would show the present state of a thing beside the cases, which needs a role.
NOT_FOUND = {"addLegalHold", "liftLegalHold"}
NOT_ALLOWED = {
    "addDestructionProposal", "signDestructionProposal", "withdrawDestructionProposal", "addOffer", "addOfferStatement",
    "endOffer", "createSubscription", "addSubscriptionChange", "addResending", "addPlan", "addAdoptions",
    *PATH_BY_DECISION,
}  # fmt: skip


@pytest.fixture(scope="module", params=ENGINES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuietService]:
    folder = tmp_path_factory.mktemp(f"acts-once-{request.param}")
    with new_quiet_service(folder, new_database(request, folder, request.param)) as world:
        yield world


def is_replay(first: httpx.Response, replay: httpx.Response) -> bool:
    """Returns whether the second answer is the first one, replayed. Members of a change may be reordered."""
    comparable = [
        (answer.status_code, answer.json(), answer.headers.get("etag"), answer.headers.get("location"))
        for answer in (first, replay)
    ]
    markers = [answer.headers.get(REPLAYED) for answer in (first, replay)]
    return first.is_success and comparable[0] == comparable[1] and markers == [None, "true"]


def is_reduced(name: str, first: httpx.Response, third: httpx.Response) -> bool:
    """Returns whether the third answer is what a person without a role may know of the first."""
    if name in NOT_FOUND | NOT_ALLOWED:
        return third.status_code == (404 if name in NOT_FOUND else 403)
    if name in WHOLE_ANSWER:  # and the faults for which it would be refused now
        known = {member: first.json()[member] for member in ("id", "version", "form", "savedAt")}
        return bool(third.json().items() >= known.items()) and third.headers.get(REPLAYED) == "true"
    entry_number = {member: first.json()[member] for member in ("caseId", "version")}
    answer_head = (third.status_code, third.headers.get(REPLAYED), third.headers.get("location"), third.headers["etag"])
    return third.json() == entry_number and answer_head == (201, "true", None, first.headers["etag"])


@broken_by(
    "decision 0017: outside cases, a repeated request by a person who lost the role reveals no current data",
    "service/offers/use_cases/offers.py",
    "    acting = _acting_membership(actor, offer)\n\n    def begin() -> Offer:\n",
    "    def begin() -> Offer:\n        acting = _acting_membership(actor, offer)\n",
)
def test_every_operation_that_asks_for_a_key_acts_once_and_says_that_it_answers_again(world: QuietService) -> None:
    published = world.people.anna.get("/openapi.json").json()
    with_key = {
        operation["operationId"]
        for _, _, operation in operations(published)
        if any(parameter["name"] == "Idempotency-Key" for parameter in operation["parameters"])
    }
    differences = dict[str, str]()

    requests = example_requests(world)
    for name, request in requests.items():
        key, rows_before = str(uuid4()), world.stored_rows()
        first = request.send(world.people, key)
        rows_once = world.stored_rows()
        second = request.send(world.people, key)
        rows_twice = world.stored_rows()
        with without_memberships(world.service, world.people[request.by]):
            third = request.send(world.people, key)
        if not is_replay(first, second):
            differences[name] = f"{first.status_code} {first.text}, then {second.status_code} {second.text}"
        elif rows_once == rows_before or rows_twice != rows_once:
            changed_tables = [table for table in rows_once if rows_twice[table] != rows_once[table]]
            differences[name] = (
                f"acted the first time: {rows_once != rows_before}; changed the second time: {changed_tables}"
            )
        elif not is_reduced(name, first, third) or world.stored_rows() != rows_once:
            differences[name] = (
                f"{first.status_code} {first.text}, then without a role {third.status_code} {third.text}"
            )

    assert set(requests) == with_key == NUMBER_ALONE | WHOLE_ANSWER | NOT_FOUND | NOT_ALLOWED
    assert differences == {}
