"""A process that gets a signal to stop finishes its requests, and reports at once that it takes no more."""

import signal
import socket
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy import make_url

from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.people import everybody
from api_tests.support.problems import problem_of
from api_tests.support.processes import process
from api_tests.support.sabotages import broken_by
from service.database.engine import open_engine

pytestmark = pytest.mark.server


@contextmanager
def cases_locked(database_url: str) -> Iterator[None]:
    """No other writer changes a case for as long as this lasts."""
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)) as locker:
            locker.execute("BEGIN IMMEDIATE")
            yield
            locker.execute("ROLLBACK")
    else:
        plain = make_url(database_url).set(drivername="postgresql").render_as_string()
        with psycopg.connect(plain) as other_session:
            other_session.execute("LOCK TABLE cases IN EXCLUSIVE MODE")
            yield


@broken_by(
    "A process that must stop reports at once that it is not ready",
    "service/commands/server.py",
    "        self._readiness.stopping = True\n",
    "        self._readiness.stopping = self._readiness.stopping\n",
)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_request_under_way_when_a_process_stops_is_answered_and_kept(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, engine: str
) -> None:
    """Not ready at once; served on while balancers notice; then no new connection, and an orderly end."""
    folder: Path = tmp_path_factory.mktemp(f"stopping_{engine}")
    url = new_database(request, folder, engine)
    with process(folder, url, drain_seconds=60) as stopping, ThreadPoolExecutor(1) as caller:
        people = everybody(stopping.url)
        with cases_locked(url):
            slow = caller.submit(people.anna.submit)
            stopping.wait_until(lambda: stopping.metrics()["casusroute_units_under_way"] == 1)
            stopping.popen.send_signal(signal.SIGTERM)
            stopping.wait_until(lambda: people.esra.get("/ready").status_code == 503)
            ready, alive, me = (people.esra.get(path) for path in ("/ready", "/health", "/me"))
            stopping.popen.send_signal(signal.SIGTERM)  # a second signal ends the wait for balancers
            stopping.wait_until(lambda: not _accepts(stopping.url))
        answer = slow.result()
        exit_code = stopping.popen.wait(20)

    for person in people.values():
        person.client.close()
    engine_after = open_engine(url)
    with engine_after.connect() as connection:
        case_ids = connection.exec_driver_sql("SELECT id FROM cases").scalars().all()
    engine_after.dispose()
    assert problem_of(ready, 503, "not_ready")["checks"] == ["stopping"]
    assert (alive.status_code, me.status_code) == (200, 200)
    assert (answer.status_code, case_ids) == (201, [answer.json()["caseId"]])
    assert exit_code == -signal.SIGTERM  # the sender expects this, after everything was closed
    assert [line for line in stopping.log() if line["level"] == "error"] == []


def _accepts(url: str) -> bool:
    try:
        socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=20).close()
    except OSError:
        return False
    return True
