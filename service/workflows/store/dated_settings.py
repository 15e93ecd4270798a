"""Settings that a region decided, each from a day on: append-only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Row, bindparam, insert, select

from service.database.transaction import Transaction
from service.vocabulary.calendar import microseconds, moment
from service.vocabulary.canonical_json import canonical
from service.workflows.store.tables import dated_region_settings

_d = dated_region_settings.c
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


class DatedSettings:
    """The settings that regions decided, each until a later day or a later decision says otherwise."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection

    def decide(self, id_: UUID, decided: Decided, settings: str) -> None:
        """Record what a region decided. `settings`: the hash of all its settings from that day on."""
        row = {
            "id": str(id_),
            "region": decided.region,
            "valid_from": decided.valid_from.isoformat(),
            "changes": canonical(dict(decided.changes)),
            "settings": settings,
            "recorded_at": microseconds(decided.recorded_at),
            "actor_id": str(decided.actor_id),
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


def _to_decided(row: Row[Any]) -> Decided:
    return Decided(
        region=row.region,
        valid_from=date.fromisoformat(row.valid_from),
        changes=_read(row.changes),
        recorded_at=moment(row.recorded_at),
        actor_id=UUID(row.actor_id),
    )
