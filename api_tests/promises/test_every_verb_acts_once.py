"""Every operation that asks for an Idempotency-Key: sent twice it acts once, and says that it is answered again."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from api_tests.promises.test_acting_once import REPLAYED
from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.every_request import World, asks, new_world
from api_tests.support.openapi_documents import operations

pytestmark = pytest.mark.server


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


def test_every_operation_that_asks_for_a_key_acts_once_and_says_that_it_answers_again(world: World) -> None:
    published = world.people.anna.get("/openapi.json").json()
    with_key = {
        operation["operationId"]
        for _, _, operation in operations(published)
        if any(it["name"] == "Idempotency-Key" for it in operation["parameters"])
    }
    differences = dict[str, str]()

    requests = asks(world)
    for name, ask in requests.items():
        key, before = str(uuid4()), world.stored()
        first = ask.sent(world.people, key)
        once = world.stored()
        again = ask.sent(world.people, key)
        twice = world.stored()
        if not told_alike(first, again):
            differences[name] = f"{first.status_code} {first.text}, then {again.status_code} {again.text}"
        elif once == before or twice != once:
            changed = [table for table in once if twice[table] != once[table]]
            differences[name] = f"acted the first time: {once != before}; changed the second time: {changed}"

    assert set(requests) == with_key
    assert differences == {}
