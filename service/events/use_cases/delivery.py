"""Calls of webhooks and their results: delivered, waiting for another attempt, or dead."""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from service.database.transaction import Transaction
from service.events.store.deliveries import AttemptResult, Deliveries, Delivery
from service.events.store.subscriptions import Subscription, WebhookSubscriptions

DELIVERED_STATUSES = frozenset({200, 201, 202, 204})
GONE, UNSUPPORTED, TOO_MANY = 410, 415, 429
_FIRST_WAIT = timedelta(seconds=5)
MAX_DELAY = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """The answer of a receiver: `status`, or `error` without one. `retry_after`: delay that it asks for."""

    status: int | None = None
    error: str | None = None
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class WebhookCall:
    """A claimed delivery with its webhook."""

    delivery: Delivery
    subscription: Subscription


def claim_next_call(transaction: Transaction, subscription: Subscription) -> WebhookCall | None:
    """Claim the next delivery of a webhook that is due. None when none is due."""
    delivery = Deliveries(transaction).claim(subscription.id)
    return WebhookCall(delivery, subscription) if delivery else None


def record_answer(transaction: Transaction, call: WebhookCall, answer: WebhookAnswer, *, most_attempts: int) -> None:
    """Record the result of a call. A receiver that answers 410 (gone) is retired."""
    result = _attempt_result(answer, call.delivery.attempts, transaction.now, most_attempts)
    Deliveries(transaction).record_attempt(call.delivery, result)
    if answer.status == GONE and (
        subscription := WebhookSubscriptions(transaction).find(call.subscription.id, lock=True)
    ):
        gone = replace(
            subscription,
            state="retired",
            reason="gone",
            version=subscription.version + 1,
            changed_by=None,
            changed_at=transaction.now,
        )
        WebhookSubscriptions(transaction).change(gone)


def _attempt_result(answer: WebhookAnswer, attempts: int, now: datetime, most: int) -> AttemptResult:
    if answer.status in DELIVERED_STATUSES:
        state = "delivered"
    elif answer.status in (GONE, UNSUPPORTED) or attempts >= most:
        state = "dead"
    else:
        state = "waiting"
    return AttemptResult(
        state=state, status=answer.status, error=answer.error, next_at=now + _retry_delay(answer, attempts)
    )


def _retry_delay(answer: WebhookAnswer, attempts: int) -> timedelta:
    """Returns the delay that the receiver asks for with 429, else an exponential backoff with jitter."""
    if answer.status == TOO_MANY and answer.retry_after is not None:
        return answer.retry_after
    longest = min(_FIRST_WAIT * (1 << attempts - 1), MAX_DELAY)
    return longest * random.uniform(0.5, 1)  # noqa: S311 - spreads the load; nothing secret
