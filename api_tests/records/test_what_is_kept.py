"""I11: the database refuses every change of history, content, answers, logs, definitions and settings."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Row, Table, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from api_tests.support.forgery import (
    DIGEST,
    Forger,
    columns_of,
    entries_of_case,
    head_of_case,
    insert_entry,
    insert_row,
    next_entry,
    run_sql,
)
from api_tests.support.sabotages import broken_by
from service.audit.store.tables import access_log
from service.cases.store.tables import cases, contents, outbox, parts, transitions
from service.database.tables import requests
from service.people.store.tables import administrative_changes
from service.workflows.store.tables import dated_region_settings, region_settings, workflow_edges, workflows

NEW = "00000000-0000-4000-8000-000000000001"
# The triggers of the database update the heads; test_forged_heads shows that nothing else may.
HEADS = (cases, parts)
ADMINISTERED = (administrative_changes, dated_region_settings)
NEVER_CHANGED = (
    *(transitions, contents, requests, access_log, workflows, workflow_edges, region_settings),
    *ADMINISTERED,
)
UNDELETABLE = (*NEVER_CHANGED, *HEADS)


def _some_row(connection: Connection, table: Table) -> dict[str, Any]:
    row: Row[Any] | None = connection.execute(select(table)).first()
    assert row is not None, f"there is nothing in {table.name} to attack"
    return columns_of(row)


def _names(table: Table) -> str:
    return ", ".join(column.name for column in table.columns)


def _values(table: Table) -> str:
    return ", ".join(f":{column.name}" for column in table.columns)


def _last_column(table: Table) -> str:
    """The last column of the table, which the attack changes."""
    return table.columns.values()[-1].name


def _replacements(table: Table, engine: str) -> Iterator[tuple[str, str | None]]:
    """Pairs (statement that replaces or removes rows without a plain UPDATE or DELETE, message of the refusal)."""
    if engine == "postgresql":
        yield f"TRUNCATE {table.name} CASCADE", f"{table.name} is append-only"
        yield "TRUNCATE people CASCADE", "append-only"
        return
    whole = f"INTO {table.name} ({_names(table)}) VALUES ({_values(table)})"
    key = table.primary_key.columns.values()[0].name
    yield f"INSERT OR REPLACE {whole}", None
    yield f"REPLACE {whole}", None
    yield f"UPDATE OR REPLACE {table.name} SET {key} = (SELECT max({key}) FROM {table.name})", None


@broken_by(
    "I11: SQLite refuses an update of the history",
    "migrations/sql/0007-sqlite.sql",
    "SELECT RAISE(ABORT, 'transitions is append-only')",
    "SELECT 1",
    case="sqlite transitions",
)
@broken_by(
    "I11: SQLite refuses an update of the log of administration",
    "migrations/versions/0003_administration.py",
    'f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}"',
    'f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} WHEN 0 {refuse}"',
    case="sqlite administrative_changes",
)
@pytest.mark.parametrize("table", NEVER_CHANGED, ids=lambda table: table.name)
def test_i11_a_row_cannot_be_updated(forger: Forger, table: Table) -> None:
    with forger.at_work() as connection:
        _some_row(connection, table)

        with pytest.raises(IntegrityError, match="append-only"):
            run_sql(connection, f"UPDATE {table.name} SET {_last_column(table)} = {_last_column(table)}")


@pytest.mark.parametrize("table", UNDELETABLE, ids=lambda table: table.name)
def test_i11_a_row_cannot_be_deleted(forger: Forger, table: Table) -> None:
    with forger.at_work() as connection:
        _some_row(connection, table)

        with pytest.raises(IntegrityError, match="append-only"):
            run_sql(connection, f"DELETE FROM {table.name}")


@pytest.mark.parametrize("table", NEVER_CHANGED, ids=lambda table: table.name)
def test_i11_a_row_cannot_be_overwritten_by_an_insert_that_updates(forger: Forger, table: Table) -> None:
    key = ", ".join(column.name for column in table.primary_key.columns)
    with forger.at_work() as connection:
        row = _some_row(connection, table)

        with pytest.raises(IntegrityError):
            run_sql(
                connection,
                f"INSERT INTO {table.name} ({_names(table)}) VALUES ({_values(table)}) "
                f"ON CONFLICT ({key}) DO UPDATE SET {_last_column(table)} = excluded.{_last_column(table)}",
                **row,
            )


@broken_by(
    "I11: PostgreSQL refuses to truncate the history",
    "migrations/sql/0001-postgresql.sql",
    "CREATE TRIGGER transitions_no_truncate BEFORE TRUNCATE ON transitions FOR EACH STATEMENT EXECUTE",
    "CREATE TRIGGER transitions_no_truncate BEFORE TRUNCATE ON transitions FOR EACH STATEMENT WHEN (false) EXECUTE",
    case="postgresql transitions",
)
@pytest.mark.parametrize("table", UNDELETABLE, ids=lambda table: table.name)
def test_i11_a_row_cannot_be_replaced_or_swept_away(forger: Forger, table: Table) -> None:
    for statement, objection in _replacements(table, forger.engine.dialect.name):
        with forger.at_work() as connection:
            row = _some_row(connection, table)

            with pytest.raises(IntegrityError, match=objection):
                run_sql(connection, statement, **(row if ":" in statement else {}))


@broken_by(
    "I11: SQLite refuses to replace a history row by its row number",
    "migrations/versions/0001_cases_and_their_history.py",
    '        comment="the history: append-only",\n        sqlite_with_rowid=False,',
    '        comment="the history: append-only",',
)
def test_i11_a_row_cannot_be_replaced_under_a_number_of_the_databases_own(forger: Forger) -> None:
    """A row of SQLite may have a row number besides its key: an entry with the number of another would replace it.

    PostgreSQL refuses every insert with such a number.
    """
    hidden = {"sqlite": "rowid", "postgresql": "ctid"}[forger.engine.dialect.name]
    verb = {"sqlite": "INSERT OR REPLACE", "postgresql": "INSERT"}[forger.engine.dialect.name]
    with forger.at_work() as connection:
        entry = next_entry(connection, forger.cases.advised)
        count = len(entries_of_case(connection, forger.cases.submitted))
        victim = f"SELECT {hidden} FROM transitions WHERE case_id = :victim"
        columns = f"INTO transitions ({hidden}, {_names(transitions)})"

        with pytest.raises(DBAPIError):
            run_sql(
                connection,
                f"{verb} {columns} VALUES (({victim}), {_values(transitions)})",
                **entry,
                victim=forger.cases.submitted,
            )
        connection.rollback()

        assert len(entries_of_case(connection, forger.cases.submitted)) == count


@broken_by(
    "I11: SQLite refuses to replace a case by another with its number",
    "migrations/sql/0001-sqlite.sql",
    "WHERE id = NEW.id OR number = NEW.number",
    "WHERE id = NEW.id",
)
def test_i11_a_case_cannot_be_replaced_by_another_with_its_number(forger: Forger) -> None:
    verb = {"sqlite": "INSERT OR REPLACE", "postgresql": "INSERT"}[forger.engine.dialect.name]
    with forger.at_work() as connection:
        row = columns_of(head_of_case(connection, forger.cases.advised))
        new = {**row, "id": NEW, "sequence": 0, "digest": "0" * 64}

        with pytest.raises(IntegrityError):
            run_sql(connection, f"{verb} INTO cases ({_names(cases)}) VALUES ({_values(cases)})", **new)


@pytest.mark.parametrize(
    "missing", [None, "salt", "nonce", "ciphertext"], ids=lambda name: f"without {name or 'nothing'}"
)
def test_content_is_taken_whole_with_its_entry_and_never_without(forger: Forger, missing: str | None) -> None:
    with forger.at_work() as connection:
        case = head_of_case(connection, forger.cases.advised)
        insert_entry(connection, case.id, content_digest=DIGEST)
        content = {"case_id": case.id, "sequence": case.sequence + 1, "content_class": "notes", "form": None}
        content |= {"salt": b"s" * 16, "nonce": b"n" * 12, "ciphertext": b"c"}

        if missing is None:
            insert_row(connection, contents, content)
            return
        with pytest.raises(IntegrityError):
            insert_row(connection, contents, {**content, missing: None})


@broken_by(
    "I11: PostgreSQL refuses new content for an entry that was recorded without content",
    "migrations/sql/0001-postgresql.sql",
    "WHERE t.case_id = NEW.case_id AND t.sequence = NEW.sequence AND t.content_digest IS NOT NULL",
    "WHERE t.case_id = NEW.case_id AND t.sequence = NEW.sequence",
    case="postgresql",
)
def test_content_cannot_be_slipped_under_an_entry_that_had_none(forger: Forger) -> None:
    with forger.at_work() as connection:
        case = head_of_case(connection, forger.cases.advised)
        insert_entry(connection, case.id, content_digest=None)
        content = {"case_id": case.id, "sequence": case.sequence + 1, "content_class": "notes", "form": None}

        with pytest.raises(IntegrityError):
            insert_row(connection, contents, {**content, "salt": b"s" * 16, "nonce": b"n" * 12, "ciphertext": b"c"})


def test_news_of_an_entry_that_is_not_there_is_refused(forger: Forger) -> None:
    if forger.undermined:
        return  # a foreign key alone: start-up refuses a connection on which those are off
    with forger.at_work() as connection, pytest.raises(IntegrityError):
        insert_row(connection, outbox, {"case_id": forger.cases.advised, "sequence": 10_000, "type": "case.add_note"})
