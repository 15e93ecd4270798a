"""Definitions that all tables share: constraint names, column types, partial indexes, table options."""

from typing import Any

from sqlalchemy import Column, ForeignKey, Index, MetaData, String, text

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)
NO_DUE_DAY = "9999-12-31"
LARGEST_INTEGER = 2**31 - 1  # that a column of type Integer holds in PostgreSQL
KEYS_SCHEMA = "keys"
# Append-only tables have no SQLite rowid next to their key: a row could be replaced under its rowid, and the triggers
# that protect the key would not see it.
WITHOUT_ROWID: dict[str, Any] = {"sqlite_with_rowid": False}


def id_column(name: str, *args: ForeignKey, nullable: bool = False, comment: str = "") -> Column[str]:
    return Column(name, String(36), *args, nullable=nullable, comment=comment or None)


def partial_index(condition: str, name: str, *columns: str) -> Index:
    """Returns a partial index of the rows that meet the condition. A query uses it only with the same condition text.

    SQLite ignores such an index on a table without rowid whose key begins with the same column.
    """
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


# The first entry of a part has no predecessor; every other entry follows the one before it. CASE and not OR, because a
# CHECK that evaluates to NULL passes.
PREDECESSOR_CHECK = (
    "CASE WHEN {n} = 1 THEN {p} IS NULL ELSE {p} IS NOT NULL AND {p} = {n} - 1 END"  # placeholders, not SQL input
)
