"""The settings that regions decided, each with a first day. Append-only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Row, bindparam, select

from service.database.covered_rows import CoveredRows
from service.database.transaction import Transaction
from service.vocabulary.calendar import from_microseconds, to_microseconds
from service.vocabulary.canonical_json import to_canonical_json
from service.workflows.store.tables import dated_region_settings

_columns = dated_region_settings.c
_END_OF_TIME = 2**63 - 1
# Every step of a case reads this: the statement is built once and takes one row of the index.
_IN_FORCE = (
    select(_columns.changes)
    .where(
        _columns.region == bindparam("region"),
        _columns.valid_from <= bindparam("day"),
        _columns.recorded_at <= bindparam("recorded_by", type_=BigInteger),
    )
    .order_by(_columns.valid_from.desc(), _columns.recorded_at.desc(), _columns.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsDecision:
    """A region's decision to change settings from a day on. `changes` has only the settings that differ."""

    region: str
    valid_from: date
    changes: Mapping[str, Any]
    recorded_at: datetime
    actor_id: UUID


class DatedSettings:
    """Store of the settings that regions decided. Of decisions with the same first day the one recorded last holds."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._rows = CoveredRows(transaction, dated_region_settings)

    def add(self, id_: UUID, decided: SettingsDecision, settings: str) -> None:
        """Record a decision of a region. `settings`: the hash of all its settings from that day on."""
        row = {
            "id": str(id_),
            "region": decided.region,
            "valid_from": decided.valid_from.isoformat(),
            "changes": to_canonical_json(dict(decided.changes)),
            "settings": settings,
            "recorded_at": to_microseconds(decided.recorded_at),
            "actor_id": str(decided.actor_id),
        }
        self._rows.insert(row)

    def changes_in_force(
        self, region: str, day: date, *, recorded_by: datetime | None = None
    ) -> Mapping[str, Any] | None:
        """Returns the changes in force in a region on a day, or None without a decision.

        `recorded_by`: leaves out decisions recorded after this moment.
        """
        until = _END_OF_TIME if recorded_by is None else to_microseconds(recorded_by)
        text = self._connection.execute(
            _IN_FORCE, {"region": region, "day": day.isoformat(), "recorded_by": until}
        ).scalar()
        return None if text is None else _read(text)

    def decisions(self, region: str | None = None) -> tuple[SettingsDecision, ...]:
        """Returns the decisions by region and first day, in that order; of each day the one recorded last."""
        query = select(dated_region_settings).order_by(
            _columns.region, _columns.valid_from, _columns.recorded_at, _columns.id
        )
        if region is not None:
            query = query.where(_columns.region == region)
        last = {(row.region, row.valid_from): _from_row(row) for row in self._connection.execute(query)}
        return tuple(last.values())


@lru_cache(maxsize=200)
def _read(text: str) -> Mapping[str, Any]:
    changes: dict[str, Any] = json.loads(text)
    return changes


def _from_row(row: Row[Any]) -> SettingsDecision:
    return SettingsDecision(
        region=row.region,
        valid_from=date.fromisoformat(row.valid_from),
        changes=_read(row.changes),
        recorded_at=from_microseconds(row.recorded_at),
        actor_id=UUID(row.actor_id),
    )
