"""What all tables are made with: names of constraints, kinds of columns and of indexes."""

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
NO_DAY = "9999-12-31"
KEYS_SCHEMA = "keys"
# What is kept for ever has no row number of SQLite's own beside its key: a row could be replaced under that number,
# past every protection that looks at the key.
NO_ROWID: dict[str, Any] = {"sqlite_with_rowid": False}


def id_column(name: str, *args: ForeignKey, nullable: bool = False, comment: str = "") -> Column[str]:
    return Column(name, String(36), *args, nullable=nullable, comment=comment or None)


def index_where(held: str, name: str, *columns: str) -> Index:
    """An index of the few rows for which this holds; a statement that is to use it says so in the same words.

    SQLite makes no use of one on a table without rowids where the key begins with the same column.
    """
    return Index(name, *columns, sqlite_where=text(held), postgresql_where=text(held))


# The first entry of a part has no predecessor and starts at "start"; every other follows the one before. CASE and not
# OR: a CHECK that comes out NULL counts as held.
FOLLOWS = "CASE WHEN {n} = 1 THEN {p} IS NULL ELSE {p} IS NOT NULL AND {p} = {n} - 1 END"  # placeholders, not SQL input
