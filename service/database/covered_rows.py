"""Rows of the administration. They are written here alone, so that its seals cover every change.

The sum of a table is the sum of the tags of its rows. A change subtracts the tag of the row as stored and adds the tag
of the row as it becomes. A row that was changed elsewhere keeps the sum wrong, whatever the service changes later.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Table, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from service.database.keyring import Keyring
from service.database.transaction import Transaction
from service.vocabulary.canonical_json import to_canonical_json

# Tables that say who may do or see what, the places and settings that this rests on, their log, and kept figures.
COVERED = (
    "regions", "municipalities", "municipality_changes", "organisations", "organisation_successions", "people",
    "memberships", "coverages", "emergency_accesses", "administrative_changes", "dated_region_settings",
    "subscriptions", "kept_figures",
)  # fmt: skip
MODULUS = 2**256


class CoveredRows:
    """The rows of one table of the administration. Each change is noted on the transaction, which seals it."""

    def __init__(self, transaction: Transaction, table: Table) -> None:
        if table.name not in COVERED:
            raise ValueError(f"the administration has no table {table.name}")
        self._connection = transaction.connection
        self._keyring = transaction.keyring
        self._changes = transaction.sum_changes
        self._table = table

    def insert(self, *rows: Mapping[str, Any]) -> None:
        if rows:
            self._connection.execute(insert(self._table), list(rows))
        for row in rows:
            self._note(self._tag(row))

    def insert_missing(self, row: Mapping[str, Any]) -> bool:
        """Insert a row. Returns False when the table has a row with its key."""
        add = sqlite.insert if self._connection.dialect.name == "sqlite" else postgresql.insert
        statement = add(self._table).values(row).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
        inserted = self._connection.execute(statement).rowcount == 1
        if inserted:
            self._note(self._tag(row))
        return inserted

    def update(self, *conditions: ColumnElement[bool], **values: Any) -> int:
        """Change the rows that meet the conditions. Returns how many they are."""
        key = list(self._table.primary_key)
        query = select(self._table).where(*conditions).order_by(*key)
        rows = self._connection.execute(query.with_for_update(key_share=True)).all()
        for row in rows:
            stored = dict(row._mapping)  # noqa: SLF001 - its API
            same = [column == stored[column.name] for column in key]
            self._connection.execute(update(self._table).where(*same).values(values))
            self._note(self._tag({**stored, **values}) - self._tag(stored))
        return len(rows)

    def _tag(self, row: Mapping[str, Any]) -> int:
        return tag_of_row(self._keyring, self._table.name, row)

    def _note(self, difference: int) -> None:
        name = self._table.name
        self._changes[name] = (self._changes.get(name, 0) + difference) % MODULUS


def tag_of_row(keyring: Keyring, table: str, row: Mapping[str, Any]) -> int:
    """Returns the keyed tag of a row as a number. An empty column leaves no trace, so a migration may add one."""
    values = {
        name: value.hex() if isinstance(value, bytes) else value for name, value in row.items() if value is not None
    }
    return int.from_bytes(keyring.tag("administration row", table, to_canonical_json(values)))
