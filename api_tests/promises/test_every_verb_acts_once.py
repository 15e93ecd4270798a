"""Every operation that asks for an Idempotency-Key: sent twice it acts once, and says that it is answered again.

Sent a third time, after the person lost every role, it tells no more than a rule of its own says.
"""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from api_tests.promises.test_acting_once import REPLAYED
from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.every_request import DECIDED_AT, PARTS, World, asks, new_world
from api_tests.support.openapi_documents import operations
from api_tests.support.sabotages import broken_by
from api_tests.support.shared_case import without_memberships

pytestmark = pytest.mark.server

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


@pytest.fixture(scope="module", params=ENGINES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp(f"acts-once-{request.param}")
    with new_world(folder, new_database(request, folder, request.param)) as made:
        yield made


def told_alike(first: httpx.Response, again: httpx.Response) -> bool:
    """The members of a change may come in another order when they are read back."""
    kept = [(it.status_code, it.json(), it.headers.get("etag"), it.headers.get("location")) for it in (first, again)]
    replayed = [it.headers.get(REPLAYED) for it in (first, again)]
    return first.is_success and kept[0] == kept[1] and replayed == [None, "true"]


def told_less(name: str, first: httpx.Response, again: httpx.Response) -> bool:
    """Whether the third answer is what a person without a role may know of the first."""
    if name in NOT_FOUND | NOT_ALLOWED:
        return again.status_code == (404 if name in NOT_FOUND else 403)
    if name in ALL_OF_IT:  # and what it would be refused for now
        now = {it: first.json()[it] for it in ("id", "version", "form", "savedAt")}
        return bool(again.json().items() >= now.items()) and again.headers.get(REPLAYED) == "true"
    known = {it: first.json()[it] for it in ("caseId", "version")}
    answered = (again.status_code, again.headers.get(REPLAYED), again.headers.get("location"), again.headers["etag"])
    return again.json() == known and answered == (201, "true", None, first.headers["etag"])


@broken_by(
    "decision 14: without the role a repeated request beside the cases tells nothing that stands now",
    "service/offers/use_cases/offers.py",
    "    acting = _acting_membership(actor, offer)\n\n    def begin() -> Offer:\n",
    "    def begin() -> Offer:\n        acting = _acting_membership(actor, offer)\n",
)
def test_every_operation_that_asks_for_a_key_acts_once_and_says_that_it_answers_again(world: World) -> None:
    published = world.people.anna.get("/openapi.json").json()
    with_key = {
        operation["operationId"]
        for _, _, operation in operations(published)
        if any(parameter["name"] == "Idempotency-Key" for parameter in operation["parameters"])
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
