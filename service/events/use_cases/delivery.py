"""What becomes of an event after a webhook was called: told, tried again later, or a dead letter."""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from service.database.transaction import Transaction
from service.events.store.deliveries import Deliveries, Delivery, Outcome
from service.events.store.subscriptions import Subscription, Subscriptions

DELIVERED = frozenset({200, 201, 202, 204})
GONE, UNSUPPORTED, TOO_MANY = 410, 415, 429
_FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered: a status, or why there is none; and how long it wants to be left alone."""

    status: int | None = None
    error: str | None = None
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A try that was claimed: what to tell, and where."""

    delivery: Delivery
    subscription: Subscription


def next_call(transaction: Transaction, subscription: Subscription) -> Call | None:
    """Claim the next event that this webhook can be told now."""
    delivery = Deliveries(transaction).claim(subscription.id)
    return Call(delivery, subscription) if delivery else None


def settle(transaction: Transaction, call: Call, answer: Answer, *, most_attempts: int) -> None:
    """Write down how a try ended. A receiver that says it is gone is not called again."""
    outcome = _outcome(answer, call.delivery.attempts, transaction.now, most_attempts)
    Deliveries(transaction).settle(call.delivery, outcome)
    if answer.status == GONE and (it := Subscriptions(transaction).find(call.subscription.id, lock=True)):
        gone = replace(
            it, state="retired", reason="gone", version=it.version + 1, changed_by=None, changed_at=transaction.now
        )
        Subscriptions(transaction).change(gone)


def _outcome(answer: Answer, attempts: int, now: datetime, most: int) -> Outcome:
    if answer.status in DELIVERED:
        state = "delivered"
    elif answer.status in (GONE, UNSUPPORTED) or attempts >= most:
        state = "dead"
    else:
        state = "waiting"
    return Outcome(state=state, status=answer.status, error=answer.error, next_at=now + _wait(answer, attempts))


def _wait(answer: Answer, attempts: int) -> timedelta:
    """Twice as long after every try, and never the same for everybody; or as long as the receiver asks."""
    if answer.status == TOO_MANY and answer.retry_after is not None:
        return answer.retry_after
    longest = min(_FIRST_WAIT * (1 << attempts - 1), LONGEST_WAIT)
    return longest * random.uniform(0.5, 1)  # noqa: S311 - spreads the load; nothing secret
