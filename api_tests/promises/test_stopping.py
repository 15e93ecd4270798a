"""A process that is told to stop finishes what it began, and says at once that nothing more should be sent to it."""

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
def held(database_url: str) -> Iterator[None]:
    """Nobody else writes a case for as long as this lasts."""
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
    else:
        plain = make_url(database_url).set(drivername="postgresql").render_as_string()
        with psycopg.connect(plain) as other_session:
            other_session.execute("LOCK TABLE cases IN EXCLUSIVE MODE")
            yield


@broken_by(
    "Issue 4 point 9: told to stop, a process says at once that nothing more should be sent to it",
    "service/commands/server.py",
    "        self._readiness.stopping = True\n",
    "        self._readiness.stopping = self._readiness.stopping\n",
)
@pytest.mark.parametrize("engine", ENGINES)
def test_what_was_under_way_when_it_was_told_to_stop_is_answered_and_kept(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, engine: str
) -> None:
    """Not ready at once; served on while balancers notice; then nobody new, and an end in good order (issue 4, 9)."""
    folder: Path = tmp_path_factory.mktemp(f"stopping_{engine}")
    url = new_database(request, folder, engine)
    with process(folder, url, drain_seconds=60) as stopping, ThreadPoolExecutor(1) as caller:
        people = everybody(stopping.url)
        with held(url):
            slow = caller.submit(people.anna.submit)
            stopping.wait_until(lambda: stopping.figures()["casusroute_units_under_way"] == 1)
            stopping.itself.send_signal(signal.SIGTERM)
            stopping.wait_until(lambda: people.esra.get("/ready").status_code == 503)
            ready, alive, still = (people.esra.get(path) for path in ("/ready", "/health", "/me"))
            stopping.itself.send_signal(signal.SIGTERM)  # told again, it does not wait for balancers
            stopping.wait_until(lambda: not _accepts(stopping.url))
        answer = slow.result()
        ended = stopping.itself.wait(20)

    for person in people.values():
        person.client.close()
    opened = open_engine(url)
    with opened.connect() as connection:
        kept = connection.exec_driver_sql("SELECT id FROM cases").scalars().all()
    opened.dispose()
    assert problem_of(ready, 503, "not_ready")["checks"] == ["stopping"]
    assert (alive.status_code, still.status_code) == (200, 200)
    assert (answer.status_code, kept) == (201, [answer.json()["caseId"]])
    assert ended == -signal.SIGTERM  # as whoever sent it expects, after everything was closed
    assert [it for it in stopping.log() if it["level"] == "error"] == []


def _accepts(url: str) -> bool:
    try:
        socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=20).close()
    except OSError:
        return False
    return True
