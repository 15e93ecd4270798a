"""What administrators changed, one row each, and what regions decided from which day on: both append-only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Row, bindparam, insert, select, tuple_

from service.cases.rules.history_chain import microseconds
from service.cases.store.rows import moment
from service.database.paging import Cursors
from service.database.transaction import Transaction
from service.people.rules.decisions import Change, Effect
from service.tables import administrative_changes, dated_region_settings
from service.vocabulary.canonical_json import canonical

_c, _d = administrative_changes.c, dated_region_settings.c
_EVER = 2**63 - 1
# Read in every transaction that moves a case: built once, and one step along the index.
_IN_FORCE = (
    select(_d.changes)
    .where(
        _d.region == bindparam("region"),
        _d.valid_from <= bindparam("day"),
        _d.recorded_at <= bindparam("recorded_by", type_=BigInteger),
    )
    .order_by(_d.valid_from.desc(), _d.recorded_at.desc(), _d.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a region decided otherwise from a day on, and who recorded it when."""

    region: str
    valid_from: date
    changes: Mapping[str, Any]
    recorded_at: datetime
    actor_id: UUID


class Administration:
    """The log of administration, and the dated settings."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._cursors = Cursors(transaction.keyring, "changes")
        self._now = transaction.now

    def record(self, id_: UUID, effect: Effect, *, actor_id: UUID | None, organisation_id: UUID) -> Change:
        row = {
            "id": str(id_),
            "at": microseconds(self._now),
            "actor_id": actor_id and str(actor_id),
            "organisation_id": str(organisation_id),
            "action": effect.action,
            "subject_kind": effect.subject_kind,
            "subject": effect.subject,
            "details": canonical(dict(effect.details)),
        }
        self._connection.execute(insert(administrative_changes), row)
        return Change(id=id_, at=self._now, actor_id=actor_id, organisation_id=organisation_id, effect=effect)

    def change(self, id_: UUID) -> Change | None:
        row = self._connection.execute(select(administrative_changes).where(_c.id == str(id_))).first()
        return None if row is None else _to_change(row)

    def page(self, limit: int, cursor: str | None) -> tuple[tuple[Change, ...], str | None]:
        """The newest first, and the cursor to the page after. Raises Invalid for another cursor."""
        query = select(administrative_changes).order_by(_c.at.desc(), _c.id.desc()).limit(limit + 1)
        if cursor is not None:
            at, id_ = self._cursors.place(cursor).split()
            query = query.where(tuple_(_c.at, _c.id) < tuple_(int(at), id_))
        rows = self._connection.execute(query).all()
        shown = rows[:limit]
        more = self._cursors.after(f"{shown[-1].at} {shown[-1].id}") if len(rows) > limit else None
        return tuple(_to_change(row) for row in shown), more

    def decide(self, change: Change, decided: Mapping[str, Any]) -> None:
        """What the region of this change decided otherwise, until a later day or a later decision says otherwise."""
        row = {
            "id": str(change.id),
            "region": change.effect.subject,
            "valid_from": change.effect.details["from"],
            "changes": canonical(dict(decided)),
            "settings": change.effect.details["settings"],
            "recorded_at": microseconds(change.at),
            "actor_id": str(change.actor_id),
        }
        self._connection.execute(insert(dated_region_settings), row)

    def in_force(self, region: str, day: date, *, recorded_by: datetime | None = None) -> Mapping[str, Any] | None:
        """What the region had decided for this day, as far as recorded by a moment; None when that was never."""
        until = _EVER if recorded_by is None else microseconds(recorded_by)
        text = self._connection.execute(
            _IN_FORCE, {"region": region, "day": day.isoformat(), "recorded_by": until}
        ).scalar()
        return None if text is None else _read(text)

    def decided(self, region: str | None = None) -> tuple[Decided, ...]:
        """What holds from which day on, in that order: of each day the last that was recorded."""
        query = select(dated_region_settings).order_by(_d.region, _d.valid_from, _d.recorded_at, _d.id)
        if region is not None:
            query = query.where(_d.region == region)
        last = {(row.region, row.valid_from): _to_decided(row) for row in self._connection.execute(query)}
        return tuple(last.values())


@lru_cache(maxsize=200)
def _read(text: str) -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def _to_change(row: Row[Any]) -> Change:
    return Change(
        id=UUID(row.id),
        at=moment(row.at),
        actor_id=row.actor_id and UUID(row.actor_id),
        organisation_id=UUID(row.organisation_id),
        effect=Effect(
            action=row.action, subject_kind=row.subject_kind, subject=row.subject, details=json.loads(row.details)
        ),
    )


def _to_decided(row: Row[Any]) -> Decided:
    return Decided(
        region=row.region,
        valid_from=date.fromisoformat(row.valid_from),
        changes=_read(row.changes),
        recorded_at=moment(row.recorded_at),
        actor_id=UUID(row.actor_id),
    )
