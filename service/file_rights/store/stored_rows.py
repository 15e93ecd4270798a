"""Everything that the tables hold about one case, as stored: read off the model, so that no table is forgotten."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, ColumnElement, Select, Table, select

from service.database.columns import KEYS_SCHEMA, metadata
from service.database.transaction import Transaction
from service.file_rights.rules.personal_data import OF_A_CASE, column_of
from service.people.store.tables import memberships, organisations, people
from service.vocabulary.calendar import in_utc_text, moment

Record = Mapping[str, Any]
# Told line by line and opened, elsewhere: who saw the file, and what was written.
_TOLD_OTHERWISE = frozenset({"access_log", "contents"})


class Records:
    """Rows as they are stored, with the columns that tell something of somebody: no other column is ever asked for."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection

    def of_case(self, case_id: UUID) -> dict[str, tuple[Record, ...]]:
        """The rows about a case by table, for whoever may know all of it."""
        tables = [name for name in OF_A_CASE if name not in _TOLD_OTHERWISE]
        return self._read({name: _table(name).select().where(_is_of(name, str(case_id))) for name in tables})

    def of_family(self, family_id: UUID, member: UUID | None) -> dict[str, tuple[Record, ...]]:
        """A family that uses the service itself: what it is called here, and how this member of it is known."""
        queries = {"organisations": organisations.select().where(organisations.c.id == str(family_id))}
        if member:
            queries["people"] = people.select().where(people.c.id == str(member))
            queries["memberships"] = memberships.select().where(memberships.c.person_id == str(member))
        return self._read(queries)

    def _read(self, queries: Mapping[str, Select[Any]]) -> dict[str, tuple[Record, ...]]:
        found = {}
        for name, query in queries.items():
            told = [it for it in _table(name).columns if column_of(name, it.name).is_told]
            rows = self._connection.execute(query.with_only_columns(*told)).mappings()
            found[name] = tuple({it.name: _plain(it, row[it]) for it in told if row[it] is not None} for row in rows)
        return {name: some for name, some in found.items() if some}


def _table(name: str) -> Table:
    return metadata.tables.get(name, metadata.tables.get(f"{KEYS_SCHEMA}.{name}"))  # type: ignore[return-value]  # asked for tables that exist


def _is_of(name: str, case_id: str) -> ColumnElement[bool]:
    column, _, parent = OF_A_CASE[name].partition(" ")
    if not parent:
        return _table(name).c[column] == case_id
    above = _table(parent)
    return _table(name).c[column].in_(select(above.c.id).where(_is_of(parent, case_id)))


def _plain(column: Column[Any], value: Any) -> Any:
    if isinstance(column.type, BigInteger):
        return in_utc_text(moment(value))
    return json.loads(value) if column.name == "codes" else value
