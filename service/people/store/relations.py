"""Memberships and coverages: relations that hold from a first day to a last, ended and never removed (I29)."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, and_, insert, select, update

from service.database.transaction import Transaction
from service.people.rules.decisions import Period
from service.people.store.tables import coverages, memberships, organisations, people, regions

Keys = Mapping[str, object]


class Relations:
    """The relations of one table; `keys` are the columns that say between whom."""

    def __init__(self, transaction: Transaction, table: Table) -> None:
        self._connection = transaction.connection
        self._table = table

    def within(self, period: Period, keys: Keys) -> tuple[Row[Any], ...]:
        """Those that hold on at least a day of the period."""
        c = self._table.c
        query = select(self._table).where(
            *self._named(keys),
            c.valid_from <= period.last.isoformat(),
            c.valid_until >= period.first.isoformat(),
            c.valid_until >= c.valid_from,
        )
        return tuple(self._connection.execute(query.order_by(*self._table.primary_key)))

    def begin(self, period: Period, keys: Keys) -> None:
        """One that was ended before its first day had come is taken up again."""
        c, until = self._table.c, period.last.isoformat()
        again = update(self._table).where(*self._named(keys), c.valid_from == period.first.isoformat())
        if not self._connection.execute(again.values(valid_until=until)).rowcount:
            days = {"valid_from": period.first.isoformat(), "valid_until": until}
            self._connection.execute(insert(self._table), {**_as_text(keys), **days})

    def end(self, last: date, keys: Keys) -> bool:
        """Nothing of it holds after this day; False when nothing did."""
        c = self._table.c
        going_on = and_(c.valid_until > last.isoformat(), c.valid_until >= c.valid_from)
        ended = update(self._table).where(*self._named(keys), going_on).values(valid_until=last.isoformat())
        return self._connection.execute(ended).rowcount > 0

    def _named(self, keys: Keys) -> list[ColumnElement[bool]]:
        return [self._table.c[name] == value for name, value in _as_text(keys).items()]


def _as_text(keys: Keys) -> dict[str, str]:
    return {name: str(value) for name, value in keys.items()}


class Memberships(Relations):
    """Who acts for whom, as what."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction, memberships)

    def lock(self, person_id: UUID) -> bool:
        """Nobody else changes what this person holds until the transaction ends; False when there is no such person."""
        query = select(people.c.id).where(people.c.id == str(person_id)).with_for_update()
        return self._connection.execute(query).first() is not None


class Coverages(Relations):
    """Which team, network or liaison is there for which region."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction, coverages)

    def lock(self, region: str) -> bool:
        """Nobody else changes who covers this region until the transaction ends; False when there is no such region."""
        query = select(regions.c.code).where(regions.c.code == region).with_for_update()
        return self._connection.execute(query).first() is not None

    def by_kind(self, kind: str, region: str, period: Period) -> UUID | None:
        """An organisation of this kind that covers the region on a day of the period."""
        c = coverages.c
        found = self._connection.execute(
            select(c.organisation_id)
            .join(organisations, organisations.c.id == c.organisation_id)
            .where(organisations.c.kind == kind, c.region == region)
            .where(c.valid_from <= period.last.isoformat(), c.valid_until >= period.first.isoformat())
            .where(c.valid_until >= c.valid_from)
        ).scalar()
        return None if found is None else UUID(found)
