"""Deliveries of events to webhooks: waiting, delivered or dead. They are made in order per case, one at a time.

A relay claims an attempt by moving `next_at`. When the relay is killed, the claim expires and another relay tries
again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    insert,
    literal_column,
    select,
    update,
)

from service.cases.store.tables import transitions
from service.database.transaction import Transaction
from service.events.rules import FeedEntry
from service.events.store.feed_entries import FEED_ENTRIES, to_feed_entry
from service.events.store.tables import deliveries, feed, subscriptions
from service.vocabulary.calendar import to_microseconds

# Longer than an attempt may take, so that no second attempt begins before the first one ends.
CLAIM_DURATION = timedelta(minutes=1)
FeedRow = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one webhook. `attempts` includes a running one. `status`, `error`: result of the last attempt."""

    subscription_id: UUID
    entry: FeedEntry
    state: str
    attempts: int
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptResult:
    """The result of an attempt. `next_at`: time of the next attempt, used in state `waiting` only."""

    state: str
    status: int | None
    error: str | None
    next_at: datetime


_delivery, _subscription, _earlier = deliveries.c, subscriptions.c, deliveries.alias("before")
# Literals instead of parameters: a generic plan of PostgreSQL for any state cannot use the partial indexes of waiting
# and dead deliveries, and would scan all deliveries ever made.
_WAITING: ColumnElement[str] = literal_column("'waiting'")
_DEAD: ColumnElement[str] = literal_column("'dead'")
# Events of a case are delivered in order: while one waits, later ones wait too.
_FIRST_OF_ITS_CASE = ~exists().where(
    _earlier.c.subscription_id == _delivery.subscription_id,
    _earlier.c.case_id == _delivery.case_id,
    _earlier.c.position < _delivery.position,
    _earlier.c.state == _WAITING,
)
_DUE = and_(_delivery.state == _WAITING, _delivery.next_at <= bindparam("now"), _FIRST_OF_ITS_CASE)
_ACTIVE = exists().where(_subscription.id == _delivery.subscription_id, _subscription.state == "active")
_SUBSCRIPTIONS_DUE = select(_subscription.id).where(
    _subscription.state == "active", exists().where(_delivery.subscription_id == _subscription.id, _DUE)
)
_NEXT_DUE = (
    select(_delivery.position)
    .where(_delivery.subscription_id == bindparam("id"), _DUE, _ACTIVE)
    .order_by(_delivery.position)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    update(deliveries)
    .where(_delivery.subscription_id == bindparam("id"), _delivery.position == _NEXT_DUE.scalar_subquery())
    .values(attempts=_delivery.attempts + 1, next_at=bindparam("until"))
    .returning(_delivery.position)
)
_SUBSCRIPTIONS_OF = select(_subscription.id, _subscription.organisation_id, _subscription.types).where(
    _subscription.state != "retired", _subscription.organisation_id.in_(bindparam("organisations", expanding=True))
)
_INSERT = insert(deliveries)
_RECORD_ATTEMPT = (
    update(deliveries)
    .where(
        _delivery.subscription_id == bindparam("id"),
        _delivery.position == bindparam("at"),
        _delivery.state == "waiting",
        _delivery.attempts == bindparam("attempt"),
    )
    .values(
        state=bindparam("new_state"),
        status=bindparam("new_status"),
        error=bindparam("new_error"),
        next_at=bindparam("until"),
    )
)
_DELIVERIES_OF_SUBSCRIPTION = (
    FEED_ENTRIES.add_columns(
        _delivery.subscription_id,
        _delivery.state.label("delivery_state"),
        _delivery.attempts,
        _delivery.status,
        _delivery.error,
    )
    .join(subscriptions, _subscription.organisation_id == feed.c.organisation_id)
    .join(deliveries, and_(_delivery.subscription_id == _subscription.id, _delivery.position == feed.c.position))
    .where(_delivery.subscription_id == bindparam("id"), transitions.c.facts_salt.is_not(None))
)
_DELIVERY_AT = _DELIVERIES_OF_SUBSCRIPTION.where(_delivery.position == bindparam("at"))
_DEAD_LETTERS = _DELIVERIES_OF_SUBSCRIPTION.where(_delivery.state == _DEAD).order_by(_delivery.position).limit(200)


class Deliveries:
    """Deliveries with at-least-once semantics: an event that was sent and not recorded as sent is sent again."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._now = transaction.now

    def add_for_subscribers(self, feed_rows: Sequence[tuple[FeedRow, str]]) -> None:
        """Add a delivery per webhook for new rows of the feeds. `feed_rows`: pairs of (feed row, event type)."""
        organisations = sorted({feed_row["organisation_id"] for feed_row, _ in feed_rows})
        subscribers = self._connection.execute(_SUBSCRIPTIONS_OF, {"organisations": organisations}).all()
        rows = [
            {
                "subscription_id": subscriber.id,
                "position": feed_row["position"],
                "case_id": feed_row["case_id"],
                "state": "waiting",
                "attempts": 0,
                "next_at": to_microseconds(self._now),
            }
            for subscriber in subscribers
            for feed_row, type_ in feed_rows
            if subscriber.organisation_id == feed_row["organisation_id"]
            and (not subscriber.types or type_ in json.loads(subscriber.types))
        ]
        if rows:
            self._connection.execute(_INSERT, rows)

    def subscriptions_due(self) -> frozenset[UUID]:
        """Returns the ids of the active webhooks that have a delivery due now."""
        rows = self._connection.execute(_SUBSCRIPTIONS_DUE, {"now": to_microseconds(self._now)}).scalars()
        return frozenset(map(UUID, rows))

    def claim(self, subscription_id: UUID) -> Delivery | None:
        """Claim the next delivery of this webhook that is due, for `CLAIM_DURATION`. None when none is due."""
        times = {"now": to_microseconds(self._now), "until": to_microseconds(self._now + CLAIM_DURATION)}
        position = self._connection.execute(_CLAIM, {"id": str(subscription_id), **times}).scalar()
        return None if position is None else self.find(subscription_id, position)

    def record_attempt(self, delivery: Delivery, outcome: AttemptResult) -> None:
        """Record the result of an attempt, unless the claim expired and another attempt has begun."""
        key = {"id": str(delivery.subscription_id), "at": delivery.entry.position, "attempt": delivery.attempts}
        result = {"new_state": outcome.state, "new_status": outcome.status, "new_error": outcome.error}
        self._connection.execute(_RECORD_ATTEMPT, {**key, **result, "until": to_microseconds(outcome.next_at)})

    def find(self, subscription_id: UUID, position: int) -> Delivery | None:
        matches = self._read(_DELIVERY_AT, {"id": str(subscription_id), "at": position})
        return matches[0] if matches else None

    def dead_letters(self, subscription_id: UUID) -> tuple[Delivery, ...]:
        """Returns the two hundred oldest dead letters of a webhook, the oldest first."""
        return self._read(_DEAD_LETTERS, {"id": str(subscription_id)})

    def resend(self, delivery: Delivery) -> None:
        """Reset a dead letter to waiting, with no attempts."""
        self._connection.execute(
            update(deliveries)
            .where(
                _delivery.subscription_id == str(delivery.subscription_id),
                _delivery.position == delivery.entry.position,
                _delivery.state == "dead",
            )
            .values(state="waiting", attempts=0, next_at=to_microseconds(self._now))
        )

    def _read(self, query: Select[Any], parameters: Mapping[str, Any]) -> tuple[Delivery, ...]:
        return tuple(
            Delivery(
                subscription_id=UUID(row.subscription_id),
                entry=to_feed_entry(row),
                state=row.delivery_state,
                attempts=row.attempts,
                status=row.status,
                error=row.error,
            )
            for row in self._connection.execute(query, parameters)
        )
