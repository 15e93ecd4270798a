"""Webhook subscriptions: organisation, URL, event types and signing secrets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, select

from service.cases.store.rows import optional_text
from service.database.covered_rows import CoveredRows
from service.database.transaction import Transaction
from service.events.store.tables import subscriptions
from service.vocabulary.calendar import from_microseconds, to_microseconds
from service.vocabulary.canonical_json import to_canonical_json

SubscriptionState = Literal["active", "paused", "retired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A webhook. `types`: None for all. `secrets`: the current one and, during a rotation, the previous one."""

    id: UUID
    organisation_id: UUID
    url: str
    types: tuple[str, ...] | None
    per_minute: int | None
    state: SubscriptionState
    reason: str | None
    version: int
    secrets: tuple[bytes, ...] = field(repr=False)
    made_by: UUID
    made_at: datetime
    changed_by: UUID | None
    changed_at: datetime


class WebhookSubscriptions:
    """Webhook subscriptions. Use cases check that the reader is an administrator."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._rows = CoveredRows(transaction, subscriptions)
        self._keyring = transaction.keyring

    def add(self, subscription: Subscription) -> None:
        row = {
            "id": str(subscription.id),
            "organisation_id": str(subscription.organisation_id),
            "url": subscription.url,
            "types": None if subscription.types is None else to_canonical_json(list(subscription.types)),
            "per_minute": subscription.per_minute,
            "made_by": str(subscription.made_by),
            "made_at": to_microseconds(subscription.made_at),
        }
        self._rows.insert({**row, **self._changeable(subscription)})

    def change(self, subscription: Subscription) -> None:
        """Update the columns of a webhook that may change."""
        self._rows.update(subscriptions.c.id == str(subscription.id), **self._changeable(subscription))

    def find(self, subscription_id: UUID, *, lock: bool = False) -> Subscription | None:
        query = select(subscriptions).where(subscriptions.c.id == str(subscription_id))
        row = self._connection.execute(query.with_for_update() if lock else query).first()
        return self._read(row) if row else None

    def all(self) -> tuple[Subscription, ...]:
        """Returns all webhooks, also retired ones, the oldest first."""
        rows = self._connection.execute(select(subscriptions).order_by(subscriptions.c.made_at, subscriptions.c.id))
        return tuple(map(self._read, rows))

    def _changeable(self, subscription: Subscription) -> Mapping[str, Any]:
        secret, previous = (*map(self._keyring.wrap, subscription.secrets), None)[:2]
        return {
            "state": subscription.state,
            "reason": subscription.reason,
            "version": subscription.version,
            "secret": secret,
            "previous_secret": previous,
            "changed_by": optional_text(subscription.changed_by),
            "changed_at": to_microseconds(subscription.changed_at),
        }

    def _read(self, row: Row[Any]) -> Subscription:
        return Subscription(
            id=UUID(row.id),
            organisation_id=UUID(row.organisation_id),
            url=row.url,
            types=None if row.types is None else tuple(json.loads(row.types)),
            per_minute=row.per_minute,
            state=row.state,
            reason=row.reason,
            version=row.version,
            secrets=tuple(map(self._keyring.unwrap, filter(None, (row.secret, row.previous_secret)))),
            made_by=UUID(row.made_by),
            made_at=from_microseconds(row.made_at),
            changed_by=row.changed_by and UUID(row.changed_by),
            changed_at=from_microseconds(row.changed_at),
        )
