"""Tampering by the owner of the database, without foreign keys, triggers or constraints. Changes are rolled back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Column, Connection, Engine, Integer, LargeBinary, Table, delete, text, update

from api_tests.support.forgery import Changes, run_sql
from service.database.tables import administration_seals
from service.vocabulary.ages import AGE_BANDS

OTHER_ID = "00000000-0000-4000-8000-00000000000f"
_CONSTRAINTS = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', conrelid::regclass, conname) FROM pg_constraint
WHERE contype IN ('c', 'f', 'p', 'u') AND connamespace = current_schema()::regnamespace
"""
_NOT_NULL = """
SELECT format('ALTER TABLE %I ALTER COLUMN %I DROP NOT NULL', table_name, column_name) FROM information_schema.columns
WHERE table_schema = current_schema() AND is_nullable = 'NO' AND table_name <> 'alembic_version'
"""
_TRIGGERS = {
    "sqlite": "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": """
SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE NOT tgisinternal
""",
}
_REMOVALS = {
    "sqlite": (_TRIGGERS["sqlite"],),
    "postgresql": (_TRIGGERS["postgresql"], _CONSTRAINTS, _NOT_NULL),
}


def remove_protections(connection: Connection) -> None:
    """Drop all triggers and constraints that refuse changes. SQLite keeps NOT NULL, which cannot be dropped there."""
    for removals in _REMOVALS[connection.dialect.name]:
        for statement in connection.execute(text(removals)).scalars().all():
            run_sql(connection, statement)


def remove_administration_seals(engine: Engine) -> None:
    """Remove the seals of the administration, as the owner of the tables, so that older migrations can refuse."""
    table = administration_seals.name
    with engine.begin() as connection:
        of_table = "" if engine.dialect.name == "sqlite" else f" ON {table}"
        connection.exec_driver_sql(f"DROP TRIGGER {table}_no_delete{of_table}")
        connection.execute(delete(administration_seals))


@contextmanager
def rolled_back(connection: Connection) -> Iterator[None]:
    """Roll back the changes inside the block."""
    with connection.begin_nested() as savepoint:
        try:
            yield
        finally:
            savepoint.rollback()


def false_values(column: Column[Any], truth: Any) -> list[Any]:
    """False values for a column: likely ones, nonsense, and null."""
    if isinstance(column.type, LargeBinary):
        lies: list[Any] = [b"\x00" * 16 if truth is None else bytes([truth[0] ^ 1]) + truth[1:]]
    elif isinstance(column.type, Integer):
        lies = [1000 if truth is None else truth + 1000]
    elif column.name.endswith("_id") or column.name == "id":
        lies = [OTHER_ID, "nobody"]
    elif column.name == "due_on":
        lies = ["2031-01-01", "soon"]
    elif column.name == "age_band":
        lies = [next(band for band in AGE_BANDS if band != truth), "else"]
    else:
        lies = ["else", "{"]
    if truth is not None and column.nullable:
        lies.append(None)
    return lies


def change(connection: Connection, table: Table, where: Changes, column: str, value: Any) -> None:
    statement = update(table).where(*(table.c[name] == expected for name, expected in where.items()))
    changed = connection.execute(statement.values({column: value}))
    assert changed.rowcount == 1
