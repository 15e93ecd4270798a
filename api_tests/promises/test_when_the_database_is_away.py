"""A database that is down, locked or full is answered with 503: nothing is lost, and the request succeeds later."""

import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from sqlalchemy import event

from api_tests.support.case_file import CaseFile
from api_tests.support.databases import new_postgresql
from api_tests.support.people import People, everybody
from api_tests.support.postgres import Cluster
from api_tests.support.problems import problem_of
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService, running, settings_for

pytestmark = pytest.mark.server


def is_not_now(answer: httpx.Response) -> bool:
    """Returns whether the answer says to come back in a moment, and nothing else."""
    problem = problem_of(answer, 503, "unavailable")
    return answer.headers["retry-after"].isdigit() and problem.keys() == {"type", "title", "status", "detail", "code"}


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """A PostgreSQL that may be stopped."""
    with Cluster() as cluster:
        yield cluster


@pytest.fixture
def on_postgresql(own_cluster: Cluster, tmp_path: Path) -> Iterator[RunningService]:
    name = f"away_{uuid4().hex[:8]}"
    with running(settings_for(tmp_path, new_postgresql(own_cluster, name))) as service:
        yield service


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[RunningService]:
    """A service that waits a tenth of a second for a lock, instead of the configured ten."""

    def hurry(connection: Any, *_: object) -> None:
        connection.execute("PRAGMA busy_timeout=100")

    with running(settings_for(tmp_path, f"sqlite:///{tmp_path / 'casusroute.db'}")) as service:
        event.listen(service.built.database.engine, "checkout", hurry)
        yield service


@broken_by(
    "While PostgreSQL is down, the service refuses requests as temporarily unavailable",
    "service/database/outage.py",
    "temporary = isinstance(error, OperationalError | InterfaceError)",
    "temporary = False",
    case="kill",
)
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_while_postgresql_is_down_everything_waits_and_then_goes_on(
    on_postgresql: RunningService, own_cluster: Cluster, how: str
) -> None:
    people, key, draft_key = everybody(on_postgresql.url), str(uuid4()), str(uuid4())
    case = CaseFile.submitted(people)

    getattr(own_cluster, how)()
    alive, ready = people.anna.get("/health"), people.anna.get("/ready")
    answers = [people.anna.get(path) for path in (case.path, "/cases", "/regions", f"{case.path}/file")]
    answers += [
        case.attempt("add_note", by="anna", version=1, key=key),
        people.anna.submit(key=key),
        people.anna.post("/drafts", {"form": {"a": 1}}, key=draft_key),
    ]
    own_cluster.start()

    assert all(is_not_now(answer) for answer in answers)
    assert alive.status_code == 200
    assert problem_of(ready, 503, "not_ready")["checks"] == ["database"]
    assert _get_when_back(people, "/ready").status_code == 200
    assert _get_when_back(people, "/regions").status_code == 200
    assert case.attempt("add_note", by="anna", version=1, key=key).status_code == 201
    assert people.anna.post("/drafts", {"form": {"a": 1}}, key=draft_key).status_code == 201
    assert [entry["trigger"] for entry in case.history()] == ["submit", "add_note"]
    for person in people.values():
        person.client.close()


def _get_when_back(people: People, path: str, tries: int = 9) -> httpx.Response:
    """Returns the answer once the database is back: each broken connection is discovered once."""
    answer = people.anna.get(path)
    while answer.status_code == 503 and (tries := tries - 1):
        answer = people.anna.get(path)
    return answer


@broken_by(
    "While another process locks the SQLite file, the service refuses changes as temporarily unavailable",
    "service/database/outage.py",
    '"SQLITE_BUSY", ',
    "",
)
def test_while_another_process_locks_the_sqlite_file_changes_wait_and_reading_goes_on(
    on_sqlite: RunningService,
) -> None:
    people, key = everybody(on_sqlite.url), str(uuid4())
    case = CaseFile.submitted(people)
    file = on_sqlite.settings.database_url.removeprefix("sqlite:///")

    with closing(sqlite3.connect(file, isolation_level=None)) as other_connection:
        other_connection.execute("BEGIN IMMEDIATE")
        refused_changes = [
            case.attempt("add_note", by="anna", version=1, key=key),
            people.anna.submit(),
            people.anna.post("/drafts", {"form": {}}),
            people.anna.get(f"{case.path}/file"),
        ]
        readings = [people.anna.get(path) for path in (case.path, "/cases", "/ready", f"{case.path}/transitions")]
        other_connection.execute("ROLLBACK")

    assert all(is_not_now(answer) for answer in refused_changes)
    assert [answer.status_code for answer in readings] == [200] * 4
    assert case.attempt("add_note", by="anna", version=1, key=key).status_code == 201
    assert [entry["trigger"] for entry in case.history()] == ["submit", "add_note"]
    for person in people.values():
        person.client.close()


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_missing_table_is_an_internal_error_and_no_reason_to_wait(
    engine: str, request: pytest.FixtureRequest
) -> None:
    service: RunningService = request.getfixturevalue(f"on_{engine}")
    with service.tables.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE municipalities RENAME TO municipalities_gone")

    answer = httpx.get(f"{service.url}/v1/municipalities")

    problem_of(answer, 500, "internal")
    assert "retry-after" not in answer.headers


@broken_by(
    "While PostgreSQL takes no changes, the service refuses changes as temporarily unavailable",
    "service/database/outage.py",
    " or isinstance(error.orig, ReadOnlySqlTransaction)",
    "",
)
@broken_by(
    "A process whose database takes no changes is not ready",
    "service/database/health.py",
    'failures = ["read_only"] if _is_read_only(transaction.connection) else []',
    "failures = []",
)
def test_while_postgresql_takes_no_changes_they_wait_and_reading_goes_on(
    on_postgresql: RunningService, own_cluster: Cluster
) -> None:
    people, key = everybody(on_postgresql.url), str(uuid4())
    case, name = CaseFile.submitted(people), on_postgresql.settings.database_url.rpartition("/")[2]
    address = own_cluster.url("postgres").replace("+psycopg", "")

    with psycopg.connect(address, autocommit=True) as connection:
        # As on a standby that was not promoted yet. Sessions learn of it when they begin.
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
        on_postgresql.built.database.engine.dispose()
        waiting = case.attempt("add_note", by="anna", version=1, key=key)
        reading, ready = people.anna.get(case.path), people.anna.get("/ready")
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = off".encode())
        on_postgresql.built.database.engine.dispose()

    assert is_not_now(waiting)
    assert reading.status_code == 200
    assert problem_of(ready, 503, "not_ready")["checks"] == ["read_only"]
    assert case.attempt("add_note", by="anna", version=1, key=key).status_code == 201
    assert [entry["trigger"] for entry in case.history()] == ["submit", "add_note"]
    for person in people.values():
        person.client.close()


@broken_by(
    "PostgreSQL ends an idle transaction of a silent process after a minute",
    "service/database/engine.py",
    '"statement_timeout": 30_000, "idle_in_transaction_session_timeout": 60_000}',
    '"statement_timeout": 30_000}',
)
def test_a_silent_process_or_database_is_waited_for_a_minute_at_most(
    on_postgresql: RunningService,
) -> None:
    with on_postgresql.built.database.engine.connect() as connection:
        idle = connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar()
        descriptor = connection.connection.driver_connection.fileno()  # type: ignore[union-attr]  # psycopg's own
        with socket.socket(fileno=os.dup(descriptor)) as line:
            send_timeout = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            keepalive = line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

    assert idle == "1min"
    assert 0 < send_timeout <= 60_000
    assert keepalive
