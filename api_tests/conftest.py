"""Fixtures for all tests: the service on each database, its people, and a case to act on.

A test that starts a server or opens a database carries the marker `server`: automatically when it uses one of the
fixtures in STARTS, else by `pytest.mark.server`. All other tests run with `-m "not server"` and may open nothing.
Modules that only a server needs are imported where it starts, so that the other tests start fast.
"""

import os
from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING

import hypothesis
import pytest

from api_tests.support.engines import ENGINES
from api_tests.support.openings import refuse_openings

if TYPE_CHECKING:
    from api_tests.support.case_file import CaseFile
    from api_tests.support.people import People
    from api_tests.support.postgres import Cluster
    from api_tests.support.servers import RunningService

STARTS = frozenset({"service", "telling", "cluster", "story", "emptied"})
# Most clusters do not wait for the disk (postgres.Cluster). A service accepts them with this setting alone, in this
# process or another.
os.environ["CASUSROUTE_DATABASE_MAY_LOSE_DATA"] = "true"
# On a busy machine an example takes long: that is no fault of the code under test.
hypothesis.settings.register_profile("busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("busy")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and not STARTS.isdisjoint(item.fixturenames):
            item.add_marker(pytest.mark.server)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    with nullcontext() if item.get_closest_marker("server") else refuse_openings():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    with nullcontext() if item.get_closest_marker("server") else refuse_openings():
        return (yield)


@pytest.fixture(scope="session")
def cluster() -> Iterator["Cluster"]:
    """A real PostgreSQL server for these tests."""
    from api_tests.support.postgres import Cluster

    with Cluster() as running_cluster:
        yield running_cluster


@pytest.fixture(scope="session", params=ENGINES)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator["RunningService"]:
    """The service on SQLite, then on PostgreSQL. All tests share it, so each makes its own cases."""
    from api_tests.support.databases import new_database
    from api_tests.support.servers import running, settings_for

    folder = tmp_path_factory.mktemp(request.param)
    with running(settings_for(folder, new_database(request, folder, request.param))) as running_service:
        yield running_service


@pytest.fixture(scope="session", params=ENGINES)
def telling(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator["RunningService"]:
    """A service with webhooks, also to this machine, that gives up after three attempts."""
    from api_tests.support.databases import new_database
    from api_tests.support.servers import running, settings_for

    folder = tmp_path_factory.mktemp(f"telling_{request.param}")
    options = {"relay": "in_process", "relay_seconds": 0.05, "webhook_targets": "any", "webhook_attempts": 3}
    with running(settings_for(folder, new_database(request, folder, request.param), **options)) as running_service:
        yield running_service


@pytest.fixture(scope="session")
def told_people(telling: "RunningService") -> Iterator["People"]:
    yield from _sign_in(telling)


@pytest.fixture(scope="session")
def people(service: "RunningService") -> Iterator["People"]:
    yield from _sign_in(service)


def _sign_in(service: "RunningService") -> Iterator["People"]:
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
