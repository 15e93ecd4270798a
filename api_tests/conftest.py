"""What every specification may ask for: the service on each database, its people, and a case to act on.

A test that starts a server or opens a database carries the marker `server`: by itself where it asks for one of the
fixtures in STARTS, else by `pytest.mark.server`. All others run alone with `-m "not server"` and may open nothing.
What only a server needs is imported where it is started, so that they do not wait for it.
"""

import os
from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from api_tests.support.engines import ENGINES
from api_tests.support.openings import refused

if TYPE_CHECKING:
    from api_tests.support.case_file import CaseFile
    from api_tests.support.people import People
    from api_tests.support.postgres import Cluster
    from api_tests.support.servers import Running

STARTS = frozenset({"service", "telling", "cluster", "story"})
# Most servers here are told not to wait for the disk (postgres.Cluster); no service would take those otherwise, also
# not one in a process of its own.
os.environ["CASUSROUTE_DATABASE_MAY_LOSE_DATA"] = "true"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and not STARTS.isdisjoint(item.fixturenames):
            item.add_marker(pytest.mark.server)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    with nullcontext() if item.get_closest_marker("server") else refused():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    with nullcontext() if item.get_closest_marker("server") else refused():
        return (yield)


@pytest.fixture(scope="session")
def cluster() -> Iterator["Cluster"]:
    """A real PostgreSQL of our own."""
    from api_tests.support.postgres import Cluster

    with Cluster() as started:
        yield started


@pytest.fixture(scope="session", params=ENGINES)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Running"]:
    """The service on SQLite, then on PostgreSQL; shared by all tests, so each makes cases of its own."""
    from api_tests.support.databases import new_database
    from api_tests.support.servers import running, settings_for

    folder = tmp_path_factory.mktemp(request.param)
    with running(settings_for(folder, new_database(request, folder, request.param))) as started:
        yield started


@pytest.fixture(scope="session", params=ENGINES)
def telling(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Running"]:
    """A service that tells the outside, also on this machine, and gives up after three attempts."""
    from api_tests.support.databases import new_database
    from api_tests.support.servers import running, settings_for

    folder = tmp_path_factory.mktemp(f"telling_{request.param}")
    how = {"relay": "in_process", "relay_seconds": 0.05, "webhook_targets": "any", "webhook_attempts": 3}
    with running(settings_for(folder, new_database(request, folder, request.param), **how)) as started:
        yield started


@pytest.fixture(scope="session")
def told_people(telling: "Running") -> Iterator["People"]:
    yield from _acting(telling)


@pytest.fixture(scope="session")
def people(service: "Running") -> Iterator["People"]:
    yield from _acting(service)


def _acting(service: "Running") -> Iterator["People"]:
    from api_tests.support.people import everybody

    people = everybody(service.url)
    yield people
    for person in people.values():
        person.client.close()


@pytest.fixture
def case(people: "People") -> "CaseFile":
    """A case that was just submitted."""
    from api_tests.support.case_file import CaseFile

    return CaseFile.submitted(people)
