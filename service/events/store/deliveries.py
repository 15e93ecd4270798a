"""What each webhook still has to be told: waiting, delivered or dead; in order per case, and one try at a time.

A try is claimed by moving `next_at` on: when whoever claimed it is killed, the claim runs out and another tries again.
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
from service.events.rules import News
from service.events.store.news import NEWS, to_news
from service.events.store.tables import deliveries, feed, subscriptions
from service.vocabulary.calendar import microseconds

# Longer than a try may take: nobody else begins while one is under way.
CLAIM = timedelta(minutes=1)
Place = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one webhook. `attempts` counts the one under way; `status`, `error`: how the last one ended."""

    subscription_id: UUID
    news: News
    state: str
    attempts: int
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a try ended, and when the next one is due (only for what still waits)."""

    state: str
    status: int | None
    error: str | None
    next_at: datetime


_d, _s, _before = deliveries.c, subscriptions.c, deliveries.alias("before")
# Written out, and no parameter: a statement that PostgreSQL has prepared for any state cannot go along the indexes of
# what waits and of what is dead, and would walk through everything that was ever delivered.
_WAITING: ColumnElement[str] = literal_column("'waiting'")
_DEAD: ColumnElement[str] = literal_column("'dead'")
# While one event of a case waits, later ones of that case wait too.
_FIRST_OF_ITS_CASE = ~exists().where(
    _before.c.subscription_id == _d.subscription_id,
    _before.c.case_id == _d.case_id,
    _before.c.position < _d.position,
    _before.c.state == _WAITING,
)
_DUE = and_(_d.state == _WAITING, _d.next_at <= bindparam("now"), _FIRST_OF_ITS_CASE)
_ACTIVE = exists().where(_s.id == _d.subscription_id, _s.state == "active")
_WITH_WORK = select(_s.id).where(_s.state == "active", exists().where(_d.subscription_id == _s.id, _DUE))
_NEXT = (
    select(_d.position)
    .where(_d.subscription_id == bindparam("id"), _DUE, _ACTIVE)
    .order_by(_d.position)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    update(deliveries)
    .where(_d.subscription_id == bindparam("id"), _d.position == _NEXT.scalar_subquery())
    .values(attempts=_d.attempts + 1, next_at=bindparam("until"))
    .returning(_d.position)
)
_WANTED = select(_s.id, _s.organisation_id, _s.types).where(
    _s.state != "retired", _s.organisation_id.in_(bindparam("organisations", expanding=True))
)
_ADD = insert(deliveries)
_SETTLE = (
    update(deliveries)
    .where(
        _d.subscription_id == bindparam("id"),
        _d.position == bindparam("at"),
        _d.state == "waiting",
        _d.attempts == bindparam("tried"),
    )
    .values(state=bindparam("to"), status=bindparam("said"), error=bindparam("failed"), next_at=bindparam("until"))
)
_OF_ONE = (
    NEWS.add_columns(_d.subscription_id, _d.state.label("delivery_state"), _d.attempts, _d.status, _d.error)
    .join(subscriptions, _s.organisation_id == feed.c.organisation_id)
    .join(deliveries, and_(_d.subscription_id == _s.id, _d.position == feed.c.position))
    .where(_d.subscription_id == bindparam("id"), transitions.c.facts_salt.is_not(None))
)
_AT = _OF_ONE.where(_d.position == bindparam("at"))
_DEAD_LETTERS = _OF_ONE.where(_d.state == _DEAD).order_by(_d.position).limit(200)


class Deliveries:
    """At least once: what was sent and not marked is sent again."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._now = transaction.now

    def expect(self, placed: Sequence[tuple[Place, str]]) -> None:
        """Have every webhook that wants it told of what was placed in the feeds."""
        organisations = sorted({place["organisation_id"] for place, _ in placed})
        listening = self._connection.execute(_WANTED, {"organisations": organisations}).all()
        rows = [
            {
                "subscription_id": one.id,
                "position": place["position"],
                "case_id": place["case_id"],
                "state": "waiting",
                "attempts": 0,
                "next_at": microseconds(self._now),
            }
            for one in listening
            for place, type_ in placed
            if one.organisation_id == place["organisation_id"] and (not one.types or type_ in json.loads(one.types))
        ]
        if rows:
            self._connection.execute(_ADD, rows)

    def with_work(self) -> frozenset[UUID]:
        """The webhooks that can be told something now."""
        rows = self._connection.execute(_WITH_WORK, {"now": microseconds(self._now)}).scalars()
        return frozenset(map(UUID, rows))

    def claim(self, subscription_id: UUID) -> Delivery | None:
        """The next event that this webhook can be told now; nobody else tells it meanwhile."""
        times = {"now": microseconds(self._now), "until": microseconds(self._now + CLAIM)}
        position = self._connection.execute(_CLAIM, {"id": str(subscription_id), **times}).scalar()
        return None if position is None else self.find(subscription_id, position)

    def settle(self, it: Delivery, outcome: Outcome) -> None:
        """Write down how a try ended, unless the claim ran out and another try is under way."""
        of = {"id": str(it.subscription_id), "at": it.news.position, "tried": it.attempts}
        how = {"to": outcome.state, "said": outcome.status, "failed": outcome.error}
        self._connection.execute(_SETTLE, {**of, **how, "until": microseconds(outcome.next_at)})

    def find(self, subscription_id: UUID, position: int) -> Delivery | None:
        found = self._read(_AT, {"id": str(subscription_id), "at": position})
        return found[0] if found else None

    def dead(self, subscription_id: UUID) -> tuple[Delivery, ...]:
        """The dead letters of a webhook, the oldest first; a page of two hundred is more than anybody looks through."""
        return self._read(_DEAD_LETTERS, {"id": str(subscription_id)})

    def resend(self, it: Delivery) -> None:
        """Have a dead letter told again, from the first attempt on."""
        self._connection.execute(
            update(deliveries)
            .where(_d.subscription_id == str(it.subscription_id), _d.position == it.news.position, _d.state == "dead")
            .values(state="waiting", attempts=0, next_at=microseconds(self._now))
        )

    def _read(self, query: Select[Any], which: Mapping[str, Any]) -> tuple[Delivery, ...]:
        return tuple(
            Delivery(
                subscription_id=UUID(row.subscription_id),
                news=to_news(row),
                state=row.delivery_state,
                attempts=row.attempts,
                status=row.status,
                error=row.error,
            )
            for row in self._connection.execute(query, which)
        )
