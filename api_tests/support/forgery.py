"""A forger: raw SQL against the database of a running service.

Each forgery runs in a transaction that is rolled back, so that a forgery which succeeds harms no other test.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, Table, event, insert, select, text

from api_tests.support.databases import ROLES, as_role
from api_tests.support.postgres import SUPERUSER
from service.cases.rules.history_chain import content_digest
from service.cases.store.tables import cases, parts, transitions
from service.database.engine import open_engine
from service.tables import metadata

DIGEST = "d" * 64
Changes = dict[str, Any]


@dataclass(frozen=True)
class KnownCases:
    """The ids of cases that the service wrote, for a forger to change."""

    advised: str  # with an advice, and parts of each kind
    submitted: str  # just submitted, so that its state differs
    withdrawn: str  # withdrawn


@dataclass(frozen=True)
class Forger:
    """A person with the password of the database. `undermined`: without protections that a session can switch off."""

    engine: Engine
    cases: KnownCases
    undermined: bool

    @contextmanager
    def at_work(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            try:
                yield connection
            finally:
                connection.rollback()


def engine_for(url: str, *, undermined: bool) -> Engine:
    """An engine for the owner of the tables; undermined for a superuser, who alone may switch protections off."""
    engine = open_engine(as_role(url, SUPERUSER if undermined else ROLES.owner), connections=2)
    if undermined:
        event.listen(engine, "connect", _undermine)
    return engine


def _undermine(connection: Any, _record: object) -> None:
    """Open SQLite with its checks off, as a shell may do; switch triggers off on PostgreSQL, as replication does."""
    if connection.__class__.__module__.startswith("sqlite3"):
        for pragma in ("foreign_keys=OFF", "recursive_triggers=OFF", "ignore_check_constraints=ON"):
            connection.execute(f"PRAGMA {pragma}")
    else:
        connection.execute("SET session_replication_role = replica")
        connection.commit()


def head_of_case(connection: Connection, case_id: str) -> Row[Any]:
    return connection.execute(select(cases).where(cases.c.id == case_id)).one()


def head_of_part(connection: Connection, part_id: str) -> Row[Any]:
    return connection.execute(select(parts).where(parts.c.id == part_id)).one()


def entries_of_case(connection: Connection, case_id: str) -> list[Row[Any]]:
    rows = connection.execute(
        select(transitions).where(transitions.c.case_id == case_id).order_by(transitions.c.sequence)
    )
    return list(rows)


def entries_of_part(connection: Connection, part_id: str) -> list[Row[Any]]:
    rows = connection.execute(
        select(transitions).where(transitions.c.part_id == part_id).order_by(transitions.c.part_sequence)
    )
    return list(rows)


def parts_of(connection: Connection, case_id: str, kind: str) -> list[Row[Any]]:
    query = select(parts).where(parts.c.case_id == case_id, parts.c.kind == kind).order_by(parts.c.id)
    return list(connection.execute(query))


def columns_of(row: Row[Any]) -> Changes:
    return dict(row._mapping)  # noqa: SLF001 - its public name


def next_entry(connection: Connection, part_id: str, /, **changes: Any) -> Changes:
    """The row of a note that would be the next valid entry of this part, with these changes."""
    part = head_of_part(connection, part_id)
    case = head_of_case(connection, part.case_id)
    last = entries_of_part(connection, part_id)[-1]
    note = {
        "sequence": case.sequence + 1,
        "prev_sequence": case.sequence,
        "prev_digest": case.digest,
        "part_sequence": part.sequence + 1,
        "prev_part_sequence": part.sequence,
        "digest": DIGEST,
        "facts_digest": DIGEST,
        "content_digest": None,
        "facts_salt": b"s" * 16,
        "trigger_name": "add_note",
        "source": part.state,
        "target": part.state,
        "recorded_at": case.recorded_at,
        "form": None,
        "codes": None,
        "cause": None,
    }
    return {**columns_of(last), **note, **changes}


def first_entry(connection: Connection, like: Row[Any], part_id: str, **changes: Any) -> Changes:
    """The row of a valid first entry of a new part like this one, with these changes."""
    first_of_like = entries_of_part(connection, like.id)[0]
    facts = {name: getattr(first_of_like, name) for name in ("trigger_name", "source", "target", "phase")}
    numbers = {"part_id": part_id, "part_sequence": 1, "prev_part_sequence": None}
    return {**next_entry(connection, like.id), **facts, **numbers, **changes}


def new_part(like: Row[Any], part_id: str, **changes: Any) -> Changes:
    """The row of a part like this one, before its first entry."""
    fixed = ("case_id", "kind", "team_id", "submitter_id", "line", "addressee_id", "workflow")
    return {"id": part_id, **{name: getattr(like, name) for name in fixed}, **changes}


def sealed_content(case_id: str, sequence: int, form: str) -> tuple[Changes, str]:
    """Returns (row of content that nobody can read, the right digest of it)."""
    salt, nonce, ciphertext = os.urandom(16), os.urandom(12), os.urandom(40)
    row = {"case_id": case_id, "sequence": sequence, "content_class": "notes", "form": form, "salt": salt}
    return {**row, "nonce": nonce, "ciphertext": ciphertext}, content_digest(salt, nonce, "notes", form, ciphertext)


def insert_row(connection: Connection, table: Table, row: Changes) -> None:
    connection.execute(insert(table), row)


def insert_entry(connection: Connection, part_id: str, /, **changes: Any) -> None:
    insert_row(connection, transitions, next_entry(connection, part_id, **changes))


def run_sql(connection: Connection, statement: str, **values: Any) -> None:
    connection.execute(text(statement), values)


def row_counts(connection: Connection) -> dict[str, int]:
    """Returns the number of rows per table."""
    return {
        table.fullname: int(connection.execute(text(f"SELECT count(*) FROM {table.fullname}")).scalar_one())
        for table in metadata.sorted_tables
    }


Attack = Callable[[Connection, KnownCases], None]
