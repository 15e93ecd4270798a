"""I11: a step is stored whole or not at all, and its commit comes before its 2xx answer."""

import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, event, text

from api_tests.support.case_file import CaseFile
from api_tests.support.forgery import head_of_case, row_counts, run_sql
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService

# Limit of the size of a file in bytes: the log of a commit of SQLite does not fit into it.
FULL_AT_BYTES = 16_384

REFUSING = {
    "sqlite": ("CREATE TRIGGER no_news BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'no news'); END",),
    "postgresql": (
        "CREATE FUNCTION no_news() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no news'; END $$",
        "CREATE TRIGGER no_news BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION no_news()",
    ),
}
# A deferred foreign key is checked at COMMIT only: every statement succeeds, and the commit fails.
REFUSING_AT_COMMIT = {
    "sqlite": (
        "CREATE TABLE too_late (region VARCHAR(4) REFERENCES regions (code) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER no_news AFTER INSERT ON outbox BEGIN INSERT INTO too_late VALUES ('none'); END",
    ),
    "postgresql": (
        "CREATE TABLE too_late (region VARCHAR(4) REFERENCES regions (code) DEFERRABLE INITIALLY DEFERRED)",
        (
            "CREATE FUNCTION no_news() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN INSERT INTO too_late VALUES ('none'); RETURN NULL; END $$"
        ),
        "CREATE TRIGGER no_news AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION no_news()",
    ),
}
FULL_DISK = (
    (
        "CREATE FUNCTION no_news() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$"
    ),
    (
        "CREATE CONSTRAINT TRIGGER no_news AFTER INSERT ON outbox DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION no_news()"
    ),
)
UNDO = {
    "sqlite": ("DROP TRIGGER no_news", "DROP TABLE IF EXISTS too_late"),
    "postgresql": ("DROP TRIGGER no_news ON outbox", "DROP FUNCTION no_news", "DROP TABLE IF EXISTS too_late"),
}


@contextmanager
def _set_up(database: Engine, statements: tuple[str, ...]) -> Iterator[None]:
    with database.begin() as connection:
        for statement in statements:
            run_sql(connection, statement)
    try:
        yield
    finally:
        with database.begin() as connection:
            for statement in UNDO[database.dialect.name]:
                run_sql(connection, statement)


@contextmanager
def _refusing(database: Engine) -> Iterator[None]:
    """The database fails halfway through a step: the rows written until then must be rolled back."""
    with _set_up(database, REFUSING[database.dialect.name]):
        yield


@contextmanager
def _refusing_at_commit(database: Engine) -> Iterator[None]:
    with _set_up(database, REFUSING_AT_COMMIT[database.dialect.name]):
        yield


@contextmanager
def _full_disk(database: Engine) -> Iterator[None]:
    """The disk is full at the commit."""
    if database.dialect.name == "postgresql":
        with _set_up(database, FULL_DISK):
            yield
        return
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_AT_BYTES, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


Fault = Callable[[Engine], AbstractContextManager[None]]
FAULTS: dict[str, Fault] = {
    "halfway": _refusing,
    "at the commit": _refusing_at_commit,
    "because the disk is full": _full_disk,
}


def _rows(database: Engine) -> dict[str, int]:
    with database.connect() as connection:
        return row_counts(connection)


@broken_by(
    "I11: a step that fails halfway changes nothing",
    "service/database/engine.py",
    '        connection.exec_driver_sql(f"BEGIN {mode}")',
    "        _ = mode",
    case="sqlite-halfway",
)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_i11_a_step_that_fails_is_not_answered_as_done_leaves_nothing_and_is_settled_by_its_key(
    case: CaseFile, database: Engine, fault: Fault
) -> None:
    key, version = str(uuid4()), 1
    before = _rows(database)

    with fault(database):
        failed = case.attempt("start_triage", key=key, version=version)
    after = _rows(database)
    settled = case.attempt("start_triage", key=key, version=version)
    repeated = case.attempt("start_triage", key=key, version=version)

    assert failed.status_code >= 500, failed.text
    assert failed.headers["Content-Type"] == "application/problem+json"
    assert after == before
    assert (settled.status_code, repeated.status_code) == (201, 201)
    assert [entry["trigger"] for entry in case.history()] == ["submit", "start_triage"]


@broken_by(
    "A full disk is refused as temporarily unavailable, and the request may be sent again",
    "service/database/outage.py",
    "temporary = isinstance(error, OperationalError | InterfaceError)",
    "temporary = isinstance(error, InterfaceError)",
    case="postgresql",
)
def test_a_full_disk_is_a_not_now_that_may_be_sent_again(case: CaseFile, database: Engine) -> None:
    with _full_disk(database):
        failed = case.attempt("start_triage", version=1)

    assert (failed.status_code, failed.json()["code"]) == (503, "unavailable")
    assert failed.headers["Retry-After"]


def test_i11_a_submission_that_fails_leaves_nothing_or_on_sqlite_keys_that_the_retry_uses(
    people: People, database: Engine
) -> None:
    """Keys are committed before the data that needs them, or on PostgreSQL with it (decision 0008)."""
    key = str(uuid4())
    before = _rows(database)

    with _refusing_at_commit(database):
        failed = people.anna.submit(key=key)
    after = _rows(database)
    settled = people.anna.submit(key=key)

    assert failed.status_code >= 500
    left = {"keys.case_keys"} if database.dialect.name == "sqlite" else set()
    assert {name for name in after if after[name] != before[name]} == left
    assert settled.status_code == 201
    assert (_rows(database)["keys.case_keys"] == after["keys.case_keys"]) is bool(left)
    assert _owners(database) >= {settled.json()["caseId"]}


def _owners(database: Engine) -> set[str]:
    with database.connect() as connection:
        return set(connection.execute(text("SELECT owner_id FROM keys.case_keys")).scalars())


REFUSED: dict[str, tuple[int, dict[str, Any]]] = {
    "of a trigger that the state does not know": (409, {"trigger": "issue_advice"}),
    "by somebody whose role it is not": (403, {"trigger": "start_triage", "by": "esra"}),
    "by somebody who may not see the case": (404, {"trigger": "start_triage", "by": "otto"}),
    "with a form that is wrong": (400, {"trigger": "start_triage", "form": {"made": "up"}}),
    "that names somebody who is not there": (400, {"trigger": "start_triage", "screener_id": str(uuid4())}),
    "on a version that has passed": (412, {"trigger": "add_note", "version": 9}),
    "in the future": (400, {"trigger": "add_note", "occurred_at": "2099-01-01T00:00:00Z"}),
}


@pytest.mark.parametrize(("status", "step"), REFUSED.values(), ids=REFUSED.keys())
def test_i11_a_refused_step_leaves_no_trace_in_any_table(
    case: CaseFile, database: Engine, status: int, step: dict[str, Any]
) -> None:
    before = _rows(database)

    refused = case.attempt(**step)

    assert refused.status_code == status, refused.text
    assert _rows(database) == before


@broken_by(
    "A step is committed before its answer leaves",
    "service/database/worker_threads.py",
    "return await self._run_queued(self._writers, self.write_sync, work)",
    "loop = asyncio.get_running_loop(); early = loop.create_future(); "
    "loop.run_in_executor(self._writers, self.write_sync, "
    "lambda unit: loop.call_soon_threadsafe(early.set_result, work(unit))); return await early",
)
def test_an_answered_step_is_committed_before_its_answer_leaves(service: RunningService, case: CaseFile) -> None:
    """The commit is delayed: an answer that did not wait for it would arrive first."""
    answered, committing, too_soon = threading.Event(), threading.Event(), []

    def hold(_connection: Connection) -> None:
        too_soon.append(answered.wait(0.3))
        committing.set()

    version = int(case.people.esra.get(case.path).headers["ETag"].strip('"'))
    event.listen(service.built.database.engine, "commit", hold)
    try:
        case.fire("add_note", version=version)
        answered.set()
        assert committing.wait(10)
    finally:
        event.remove(service.built.database.engine, "commit", hold)

    assert not any(too_soon)


def test_an_answered_step_is_seen_at_once_by_everybody(case: CaseFile, database: Engine) -> None:
    for _ in range(5):
        step = case.fire("add_note")

        with database.connect() as connection:
            assert head_of_case(connection, case.id).sequence == step["version"]
