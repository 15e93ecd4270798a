"""Stored rows about one case or family. The tables come from the data model, so that none is forgotten."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, ColumnElement, Select, Table, select

from service.database.columns import KEYS_SCHEMA, metadata
from service.database.transaction import Transaction
from service.file_rights.rules.personal_data import CASE_TABLES, category_of_column
from service.people.store.tables import memberships, organisations, people
from service.vocabulary.calendar import from_microseconds, utc_text

StoredRow = Mapping[str, Any]
# Tables that a subject access shows in another form: the access log in words, content decrypted.
_SHOWN_ELSEWHERE = frozenset({"access_log", "contents"})


class StoredRows:
    """Rows as stored, with only the columns of personal data. No other column is selected."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection

    def of_case(self, case_id: UUID) -> dict[str, tuple[StoredRow, ...]]:
        """Returns the rows about a case per table name. No sight is checked: the use case has checked it."""
        tables = [name for name in CASE_TABLES if name not in _SHOWN_ELSEWHERE]
        return self._read({name: _table(name).select().where(_is_about(name, str(case_id))) for name in tables})

    def of_family(self, family_id: UUID, member: UUID | None) -> dict[str, tuple[StoredRow, ...]]:
        """Returns the rows about a family per table name: its organisation, and the account of this member."""
        queries = {"organisations": organisations.select().where(organisations.c.id == str(family_id))}
        if member:
            queries["people"] = people.select().where(people.c.id == str(member))
            queries["memberships"] = memberships.select().where(memberships.c.person_id == str(member))
        return self._read(queries)

    def _read(self, queries: Mapping[str, Select[Any]]) -> dict[str, tuple[StoredRow, ...]]:
        rows_by_table = {}
        for name, query in queries.items():
            columns = [column for column in _table(name).columns if category_of_column(name, column.name).is_disclosed]
            rows = self._connection.execute(query.with_only_columns(*columns)).mappings()
            rows_by_table[name] = tuple(
                {column.name: _plain(column, row[column]) for column in columns if row[column] is not None}
                for row in rows
            )
        return {name: rows for name, rows in rows_by_table.items() if rows}


def _table(name: str) -> Table:
    return metadata.tables.get(name, metadata.tables.get(f"{KEYS_SCHEMA}.{name}"))  # type: ignore[return-value]  # asked for tables that exist


def _is_about(name: str, case_id: str) -> ColumnElement[bool]:
    column, _, parent = CASE_TABLES[name].partition(" ")
    if not parent:
        return _table(name).c[column] == case_id
    parent_ids = select(_table(parent).c.id).where(_is_about(parent, case_id))
    return _table(name).c[column].in_(parent_ids)


def _plain(column: Column[Any], value: Any) -> Any:
    """The value for JSON. Every BigInteger column is a time in UTC microseconds."""
    if isinstance(column.type, BigInteger):
        return utc_text(from_microseconds(value))
    return json.loads(value) if column.name == "codes" else value
