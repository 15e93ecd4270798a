"""Organisations that ended, with the organisations that act in their place. Rows are added, never changed."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import select

from service.database.covered_rows import CoveredRows
from service.database.transaction import Transaction
from service.people.rules.people import Successor
from service.people.store.tables import organisation_successions, organisations
from service.vocabulary.calendar import day_in_amsterdam

_columns = organisation_successions.c


class Successions:
    """An organisation has a row for its successor, and one for each successor of that successor."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._transaction = transaction
        self._today = day_in_amsterdam(transaction.now).isoformat()

    def lock(self, organisation_ids: Collection[UUID]) -> None:
        """Lock these organisations until the transaction ends."""
        ids = sorted(map(str, organisation_ids))
        query = select(organisations.c.id).where(organisations.c.id.in_(ids)).order_by(organisations.c.id)
        self._connection.execute(query.with_for_update()).all()

    def add(self, ended: UUID, successor: UUID, last_day: date) -> None:
        """Let an organisation succeed another, and all that this one succeeded, after a day."""
        of_ended = select(_columns.organisation_id).where(_columns.successor_id == str(ended))
        rows = [
            {"organisation_id": id_, "successor_id": str(successor), "last_day": last_day.isoformat()}
            for id_ in (str(ended), *self._connection.execute(of_ended).scalars())
        ]
        CoveredRows(self._transaction, organisation_successions).insert(*rows)

    def ended_organisations(self) -> frozenset[UUID]:
        """Returns the ids of the organisations that ended before today."""
        query = select(_columns.organisation_id).where(_columns.last_day < self._today)
        return frozenset(map(UUID, self._connection.execute(query).scalars()))

    def successors_of(self, organisation_ids: Collection[UUID]) -> dict[UUID, Successor]:
        """Returns the organisations that go on in the place of these, by id. One that has no end is absent."""
        if not organisation_ids:
            return {}
        query = (
            select(organisation_successions, organisations.c.name)
            .join(organisations, organisations.c.id == _columns.successor_id)
            .where(_columns.organisation_id.in_(sorted(map(str, organisation_ids))))
            .where(_columns.successor_id.not_in(select(_columns.organisation_id)))
        )
        return {
            UUID(row.organisation_id): Successor(UUID(row.successor_id), row.name, date.fromisoformat(row.last_day))
            for row in self._connection.execute(query)
        }
