"""A service for journeys in which months pass. No other test uses its clock."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.people import People, everybody
from api_tests.support.servers import Clock, running, settings_for

DAY_IN_SECONDS = 86_400


@dataclass(frozen=True)
class Elsewhere:
    """A region whose clock a test may move on."""

    people: People
    clock: Clock


@pytest.fixture(scope="session", params=ENGINES)
def elsewhere(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    folder = tmp_path_factory.mktemp(f"elsewhere-{request.param}")
    with running(settings_for(folder, new_database(request, folder, request.param))) as service:
        people = everybody(service.url)
        # The clock starts at noon, so that neither midnight nor summer time falls between two readings of it.
        now = service.clock()
        service.clock.let_pass(seconds=(now.replace(hour=12, minute=0) - now).total_seconds() % DAY_IN_SECONDS)
        yield Elsewhere(people, service.clock)
        for person in people.values():
            person.client.close()
