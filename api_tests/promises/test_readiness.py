"""Readiness of a process for requests: the failing checks are named, and nothing else is told."""

import asyncio
import os
from collections.abc import Iterator

import httpx
import pytest

from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.people import everybody
from api_tests.support.problems import problem_of
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService, running, settings_for
from service.app import build_service
from service.database.health import MayLoseData, failing_database_checks
from service.database.keyring import Keyring
from service.database.transaction import Transaction
from service.database.worker_threads import Database
from service.events.store.backlog import outbox_age
from service.events.store.feeds import Feeds
from service.http.readiness import Readiness

pytestmark = pytest.mark.server

ALL = [
    "database", "revision", "read_only", "protections", "second_wall", "database_settings", "timeouts", "standby",
    "master_key", "outbox", "disk",
]  # fmt: skip


@pytest.fixture(scope="module", params=ENGINES)
def breakable(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service that repeats every check each time, on a database that a test may break."""
    folder = tmp_path_factory.mktemp(f"unready_{request.param}")
    settings = settings_for(folder, new_database(request, folder, request.param), outbox_seconds=900)
    with pytest.MonkeyPatch.context() as patch, running(settings) as service:
        patch.setattr("service.http.readiness.RECHECK_SECONDS", 0)
        patch.setattr("service.http.readiness.CHECK_TIMEOUT_SECONDS", 30)  # a busy machine is no failure
        yield service


def ready(service: RunningService) -> httpx.Response:
    return httpx.get(f"{service.url}/v1/ready", headers={"Accept-Language": "en"})


def failing_checks(service: RunningService) -> list[str]:
    checks: list[str] = problem_of(ready(service), 503, "not_ready")["checks"]
    return checks


def submit(service: RunningService) -> None:
    people = everybody(service.url)
    assert people.anna.submit().status_code == 201
    for person in people.values():
        person.client.close()


def test_a_service_in_order_is_ready_and_names_its_checks(breakable: RunningService) -> None:
    answer = ready(breakable)

    assert answer.status_code == 200, answer.text
    assert answer.json() == {"status": "ready", "checks": ALL}


def _publish(transaction: Transaction) -> None:
    transaction.allow_all_rows("test")
    Feeds(transaction).publish(100)


def test_undelivered_news_makes_a_service_not_ready_until_it_is_delivered(breakable: RunningService) -> None:
    submit(breakable)
    breakable.clock.let_pass(minutes=16)

    waiting, alive = ready(breakable), httpx.get(f"{breakable.url}/v1/health")
    breakable.built.database.write_sync(_publish)
    problem = problem_of(waiting, 503, "not_ready")

    assert problem["checks"] == ["outbox"]
    assert problem["detail"] == "Send this process no requests now. Not in order: outbox."
    assert problem.keys() == {"type", "title", "status", "detail", "code", "checks"}
    assert alive.status_code == 200
    assert ready(breakable).status_code == 200


@broken_by(
    "A process is not ready when its database lost a protection",
    "service/http/readiness.py",
    "            yield from failures\n",
    "            yield from ()\n",
)
def test_another_schema_and_a_lost_protection_are_named(breakable: RunningService) -> None:
    engine, on_table = breakable.tables, "" if breakable.engine == "sqlite" else " ON transitions"
    with engine.begin() as connection:
        revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    older = failing_checks(breakable)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")
        trigger = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE name = 'transitions_no_delete'"
            if breakable.engine == "sqlite"
            else "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'transitions_no_delete'"
        ).scalar_one()
        connection.exec_driver_sql(f"DROP TRIGGER transitions_no_delete{on_table}")
    unprotected = failing_checks(breakable)
    with engine.begin() as connection:
        connection.exec_driver_sql(trigger)
        if breakable.engine == "postgresql":
            connection.exec_driver_sql("ALTER TABLE transitions ENABLE ALWAYS TRIGGER transitions_no_delete")

    assert older == ["revision"]
    assert unprotected == ["protections"]
    assert ready(breakable).status_code == 200


def test_a_disk_that_is_nearly_full_makes_a_service_not_ready(breakable: RunningService) -> None:
    """PostgreSQL watches its own disk. The destruction list is kept on this one."""
    unattainable = breakable.settings.model_copy(update={"free_megabytes": 10**12})

    failures = asyncio.run(Readiness(breakable.built.database, unattainable, outbox_age).failing_checks())

    assert failures == ("disk",)


def test_another_master_key_than_the_keys_were_wrapped_with_is_named(breakable: RunningService) -> None:
    submit(breakable)
    with_other_key = Database(breakable.built.database.engine, Keyring(os.urandom(32)), connections=1)

    assert with_other_key.monitor_sync(
        lambda transaction: failing_database_checks(transaction, may_lose_data=True, second_wall=False)
    ) == ("master_key",)


@broken_by(
    "The service does not start on a PostgreSQL that answers before data is on disk",
    "service/app.py",
    "        require_durable_writes(transaction.connection)\n",
    "        pass\n",
)
@pytest.mark.parametrize("breakable", ["postgresql"], indirect=True)
def test_a_postgresql_that_answers_before_data_is_on_disk_is_not_served(breakable: RunningService) -> None:
    """The server of these tests has fsync off: a power cut would lose acknowledged changes."""
    strict_settings = breakable.settings.model_copy(update={"database_may_lose_data": False})

    failures = breakable.built.database.monitor_sync(
        lambda transaction: failing_database_checks(transaction, may_lose_data=False, second_wall=False)
    )

    assert failures == ("database_settings",)
    with pytest.raises(MayLoseData, match="fsync = off"):
        build_service(strict_settings)
