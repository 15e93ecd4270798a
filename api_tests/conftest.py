"""What every specification may ask for: the service on each database, its people, and a case to act on."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.databases import new_postgresql
from api_tests.support.people import People, everybody
from api_tests.support.postgres import Cluster
from api_tests.support.servers import Running, running, settings_for

ENGINES = ("sqlite", "postgresql")
# Most servers here are told not to wait for the disk (postgres.Cluster); no service would take those otherwise, also
# not one in a process of its own.
os.environ["CASUSROUTE_DATABASE_MAY_LOSE_DATA"] = "true"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A real PostgreSQL of our own."""
    with Cluster() as started:
        yield started


@pytest.fixture(scope="session", params=ENGINES)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The service on SQLite, then on PostgreSQL; shared by all tests, so each makes cases of its own."""
    folder = tmp_path_factory.mktemp(request.param)
    with running(settings_for(folder, new_database(request, folder, request.param))) as started:
        yield started


@pytest.fixture(scope="session", params=ENGINES)
def telling(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that tells the outside, also on this machine, and gives up after three attempts."""
    folder = tmp_path_factory.mktemp(f"telling_{request.param}")
    how = {"relay": "in_process", "relay_seconds": 0.05, "webhook_targets": "any", "webhook_attempts": 3}
    with running(settings_for(folder, new_database(request, folder, request.param), **how)) as started:
        yield started


@pytest.fixture(scope="session")
def told_people(telling: Running) -> Iterator[People]:
    found = everybody(telling.url)
    yield found
    for person in found.values():
        person.client.close()


def new_database(request: pytest.FixtureRequest, folder: Path, engine: str) -> str:
    """The address of a database that nobody else uses, as its owner."""
    if engine == "sqlite":
        return f"sqlite:///{folder / 'casusroute.db'}"
    started: Cluster = request.getfixturevalue("cluster")
    name = folder.name.replace("-", "_").lower()
    return new_postgresql(started, name)


@pytest.fixture(scope="session")
def people(service: Running) -> Iterator[People]:
    found = everybody(service.url)
    yield found
    for person in found.values():
        person.client.close()


@pytest.fixture
def case(people: People) -> CaseFile:
    """A case that was just submitted."""
    return CaseFile.submitted(people)
