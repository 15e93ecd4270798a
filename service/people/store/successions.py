"""Organisations that ended, with the organisations that act in their place. Rows are added, never changed."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from service.database.covered_rows import CoveredRows
from service.database.transaction import Transaction
from service.people.rules.people import Successor
from service.people.store.tables import organisation_successions, organisations
from service.vocabulary.calendar import day_in_amsterdam

_columns = organisation_successions.c
_own = organisation_successions.alias("own")
# The last day of an organisation: that before its first successor.
_LAST_DAY = (
    select(func.min(_own.c.last_day)).where(_own.c.organisation_id == _columns.organisation_id).scalar_subquery()
)


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
        """Let an organisation succeed another, and all that this one succeeded, after a day.

        An organisation that goes on longer than its successor keeps its own last day.
        """
        of_ended = select(_columns.organisation_id, _columns.last_day).where(_columns.successor_id == str(ended))
        last_days = {str(ended): last_day.isoformat()}
        for row in self._connection.execute(of_ended):
            last_days[row.organisation_id] = max(row.last_day, last_day.isoformat())
        rows = [
            {"organisation_id": id_, "successor_id": str(successor), "last_day": day} for id_, day in last_days.items()
        ]
        CoveredRows(self._transaction, organisation_successions).insert(*rows)

    def ended_organisations(self) -> frozenset[UUID]:
        """Returns the ids of the organisations that ended before today."""
        query = select(_columns.organisation_id).where(_columns.last_day < self._today)
        return frozenset(map(UUID, self._connection.execute(query).scalars()))

    def successors_of(self, organisation_ids: Collection[UUID]) -> dict[UUID, Successor]:
        """Returns the organisations that go on in the place of these, by id. One that has no end is absent.

        The successor is the last one in a chain of successors; the last day is that of the organisation itself.
        """
        if not organisation_ids:
            return {}
        query = (
            select(_columns.organisation_id, _columns.successor_id, organisations.c.name, _LAST_DAY.label("last_day"))
            .join(organisations, organisations.c.id == _columns.successor_id)
            .where(_columns.organisation_id.in_(sorted(map(str, organisation_ids))))
            .where(_columns.successor_id.not_in(select(_columns.organisation_id)))
        )
        return {
            UUID(row.organisation_id): Successor(UUID(row.successor_id), row.name, date.fromisoformat(row.last_day))
            for row in self._connection.execute(query)
        }
