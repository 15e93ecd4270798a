"""Memberships and coverages: relations from a first day to a last day, ended and never deleted (I29)."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, and_, select

from service.database.covered_rows import CoveredRows
from service.database.transaction import Transaction
from service.people.rules.decisions import Period
from service.people.store.tables import coverages, memberships, organisations, people, regions

RelationKeys = Mapping[str, object]


class Relations:
    """Dated relations of one table. `keys`: values of the columns that identify the related subjects."""

    def __init__(self, transaction: Transaction, table: Table) -> None:
        self._connection = transaction.connection
        self._table = table
        self._rows = CoveredRows(transaction, table)

    def overlapping(self, period: Period, keys: RelationKeys) -> tuple[Row[Any], ...]:
        """Returns the relations that hold on at least one day of the period."""
        columns = self._table.c
        query = select(self._table).where(
            *self._matching(keys),
            columns.valid_from <= period.last.isoformat(),
            columns.valid_until >= period.first.isoformat(),
            columns.valid_until >= columns.valid_from,
        )
        return tuple(self._connection.execute(query.order_by(*self._table.primary_key)))

    def begin(self, period: Period, keys: RelationKeys) -> None:
        """Begin a relation. A row with the same first day, which was ended before that day, is used again."""
        first, until = period.first.isoformat(), period.last.isoformat()
        same_day = self._table.c.valid_from == first
        if not self._rows.update(*self._matching(keys), same_day, valid_until=until):
            self._rows.insert({**_as_text(keys), "valid_from": first, "valid_until": until})

    def end(self, last: date, keys: RelationKeys) -> bool:
        """End the relations after this day. Returns False when none held after it."""
        columns = self._table.c
        continues = and_(columns.valid_until > last.isoformat(), columns.valid_until >= columns.valid_from)
        return self._rows.update(*self._matching(keys), continues, valid_until=last.isoformat()) > 0

    def _matching(self, keys: RelationKeys) -> list[ColumnElement[bool]]:
        return [self._table.c[name] == value for name, value in _as_text(keys).items()]


def _as_text(keys: RelationKeys) -> dict[str, str]:
    return {name: str(value) for name, value in keys.items()}


class Memberships(Relations):
    """Memberships: people act in roles for organisations."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction, memberships)

    def lock(self, person_id: UUID) -> bool:
        """Lock a person's memberships until the transaction ends. Returns False for an unknown person."""
        query = select(people.c.id).where(people.c.id == str(person_id)).with_for_update()
        return self._connection.execute(query).first() is not None


class Coverages(Relations):
    """Coverages: teams, networks and liaisons cover regions."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction, coverages)

    def lock(self, region: str) -> bool:
        """Lock a region's coverages until the transaction ends. Returns False for an unknown region."""
        query = select(regions.c.code).where(regions.c.code == region).with_for_update()
        return self._connection.execute(query).first() is not None

    def organisation_of_kind(self, kind: str, region: str, period: Period) -> UUID | None:
        """Returns the id of an organisation of this kind that covers the region on a day of the period."""
        columns = coverages.c
        organisation_id = self._connection.execute(
            select(columns.organisation_id)
            .join(organisations, organisations.c.id == columns.organisation_id)
            .where(organisations.c.kind == kind, columns.region == region)
            .where(columns.valid_from <= period.last.isoformat(), columns.valid_until >= period.first.isoformat())
            .where(columns.valid_until >= columns.valid_from)
        ).scalar()
        return None if organisation_id is None else UUID(organisation_id)
