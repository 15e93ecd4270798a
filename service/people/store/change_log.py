"""The administrative change log: one row per change, append-only."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, tuple_

from service.database.covered_rows import CoveredRows
from service.database.paging import Cursors, ListPage
from service.database.transaction import Transaction
from service.people.rules.decisions import AdministrativeChange, Effect
from service.people.store.tables import administrative_changes
from service.vocabulary.calendar import from_microseconds, to_microseconds
from service.vocabulary.canonical_json import to_canonical_json

_change = administrative_changes.c


class AdministrativeChanges:
    """Administrative changes. Administrators read them."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._rows = CoveredRows(transaction, administrative_changes)
        self._cursors = Cursors(transaction.keyring, "changes")
        self._now = transaction.now

    def record(
        self, id_: UUID, effect: Effect, *, actor_id: UUID | None, organisation_id: UUID
    ) -> AdministrativeChange:
        row = {
            "id": str(id_),
            "at": to_microseconds(self._now),
            "actor_id": actor_id and str(actor_id),
            "organisation_id": str(organisation_id),
            "action": effect.action,
            "subject_kind": effect.subject_kind,
            "subject": effect.subject,
            "details": to_canonical_json(dict(effect.details)),
        }
        self._rows.insert(row)
        return AdministrativeChange(
            id=id_, at=self._now, actor_id=actor_id, organisation_id=organisation_id, effect=effect
        )

    def find(self, id_: UUID) -> AdministrativeChange | None:
        row = self._connection.execute(select(administrative_changes).where(_change.id == str(id_))).first()
        return None if row is None else _to_change(row)

    def page(self, limit: int, cursor: str | None) -> ListPage[AdministrativeChange]:
        """Returns a page of changes, the newest first. Raises Invalid for a cursor of another list or installation."""
        query = select(administrative_changes).order_by(_change.at.desc(), _change.id.desc()).limit(limit + 1)
        if cursor is not None:
            at, id_ = self._cursors.position(cursor).split()
            query = query.where(tuple_(_change.at, _change.id) < tuple_(int(at), id_))
        rows = self._connection.execute(query).all()
        return self._cursors.page(rows, limit, item_of=_to_change, position_of=lambda row: f"{row.at} {row.id}")


def _to_change(row: Row[Any]) -> AdministrativeChange:
    return AdministrativeChange(
        id=UUID(row.id),
        at=from_microseconds(row.at),
        actor_id=row.actor_id and UUID(row.actor_id),
        organisation_id=UUID(row.organisation_id),
        effect=Effect(
            action=row.action, subject_kind=row.subject_kind, subject=row.subject, details=json.loads(row.details)
        ),
    )
