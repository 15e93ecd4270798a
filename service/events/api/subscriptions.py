"""/v1/subscriptions: webhooks, looked after by administrators."""

import base64
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Response
from pydantic import Field

from service.database.idempotency import IdempotencyKey, Outcome
from service.database.transaction import Transaction
from service.events.api.feed import LAST_POSITION
from service.events.rules import TYPE_PATTERN, Event, to_event
from service.events.store.deliveries import Delivery
from service.events.store.subscriptions import State, Subscription
from service.events.use_cases.subscriptions import (
    Change,
    Reason,
    TargetRefused,
    Wanted,
    change_subscription,
    list_dead_letters,
    list_subscriptions,
    may_subscribe,
    not_a_target,
    read_subscription,
    resend,
    subscribe,
)
from service.http.house import House, TheHouse
from service.http.json_models import Body, Utc, View
from service.http.openapi import may_refuse
from service.http.parameters import OnceOnly, TheCaller, Version
from service.http.responses import answer_once, show_version
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller


class SubscriptionBody(Body):
    """Who is to be told, where, of which types of event; of all when left out."""

    organisation_id: UUID
    url: str = Field(
        min_length=1,
        max_length=500,
        pattern=r"^https?://[\x21-\x7e]+$",
        description="HTTPS, a public address; no user name, no query: nothing secret belongs in an address.",
        examples=["https://ontvanger.example/events"],
    )
    types: tuple[Annotated[str, Field(pattern=TYPE_PATTERN, max_length=100)], ...] | None = Field(
        default=None, min_length=1, max_length=100, description="As in eventType of GET /workflows."
    )


class SubscriptionChangeBody(Body):
    """What is to change of a webhook, and why."""

    change: Change
    reason: Reason


router = StrictRouter("events")
SubscriptionId = Annotated[UUID, Path(alias="subscriptionId")]
Position = Annotated[int, Path(ge=1, le=LAST_POSITION)]


class SubscriptionView(View):
    """A webhook. `types` is null when it is told everything; `changedBy` is null when the receiver said it is gone."""

    id: UUID
    organisation_id: UUID
    url: str
    types: list[str] | None
    state: State
    reason: str | None
    version: int
    made_by: UUID
    made_at: Utc
    changed_by: UUID | None
    changed_at: Utc


class SignedSubscriptionView(SubscriptionView):
    """A webhook with the secret that signs what it is told (Standard Webhooks); null unless it is new."""

    secret: str | None


class Subscriptions(View):
    """Every webhook, the oldest first."""

    items: list[SubscriptionView]


class DeadLetterView(View):
    """An event that a webhook was not told: after how many attempts, and how the last one ended."""

    position: int
    state: str
    attempts: int
    status: int | None
    error: str | None
    event: Event


class DeadLetters(View):
    """The dead letters of a webhook, the oldest first."""

    items: list[DeadLetterView]


@router.post("/subscriptions", status_code=201, responses=may_refuse(403))
async def create_subscription(
    body: SubscriptionBody, house: TheHouse, caller: TheCaller, once: OnceOnly, response: Response
) -> SignedSubscriptionView:
    """Have a webhook told of what an organisation hears, once the receiver says with OPTIONS that it wants to be."""
    wanted = Wanted(organisation_id=body.organisation_id, url=body.url, types=body.types)
    done = await house.database.read(
        lambda transaction: may_subscribe(transaction, caller, wanted, once, rules=house.rules)
    )
    done = done or await _agreed(house, caller, wanted, once)
    return _changed(response, done, secret=True)


async def _agreed(house: House, caller: Caller, wanted: Wanted, once: IdempotencyKey) -> Outcome[Subscription]:
    """The receiver is asked outside of any transaction."""
    try:
        per_minute = await house.agreed(wanted.url)
    except TargetRefused as refused:
        raise not_a_target(refused) from None
    return await house.database.write(
        lambda transaction: subscribe(transaction, caller, wanted, once, per_minute=per_minute)
    )


@router.get("/subscriptions", responses=may_refuse(403), name="list_subscriptions")
async def get_subscriptions(house: TheHouse, caller: TheCaller) -> Subscriptions:
    """Every webhook that was ever made."""
    return await house.database.read(lambda transaction: view_subscriptions(transaction, caller))


def view_subscriptions(transaction: Transaction, caller: Caller) -> Subscriptions:
    """Every webhook, for an administrator."""
    found = list_subscriptions(transaction, caller)
    return Subscriptions(items=[SubscriptionView(**_facts(it)) for it in found])


@router.get("/subscriptions/{subscriptionId}", responses=may_refuse(403))
async def get_subscription(
    subscription_id: SubscriptionId, house: TheHouse, caller: TheCaller, response: Response
) -> SubscriptionView:
    """One webhook."""
    view = await house.database.read(lambda transaction: view_subscription(transaction, caller, subscription_id))
    show_version(response, view.version)
    return view


def view_subscription(transaction: Transaction, caller: Caller, subscription_id: UUID) -> SubscriptionView:
    """The webhook, for an administrator."""
    return SubscriptionView(**_facts(read_subscription(transaction, caller, subscription_id)))


@router.post("/subscriptions/{subscriptionId}/changes", status_code=201, responses=may_refuse(403))
async def add_subscription_change(
    subscription_id: SubscriptionId,
    body: SubscriptionChangeBody,
    house: TheHouse,
    caller: TheCaller,
    once: OnceOnly,
    version: Version,
    response: Response,
) -> SignedSubscriptionView:
    """Pause, resume or retire a webhook, or give it a new secret: the one before signs as well until the next."""
    done = await house.database.write(
        lambda transaction: change_subscription(
            transaction, caller, subscription_id, body.change, body.reason, once, version=version
        )
    )
    return _changed(response, done, secret=body.change == "rotate_secret")


@router.get("/subscriptions/{subscriptionId}/dead-letters", responses=may_refuse(403), name="list_dead_letters")
async def get_dead_letters(subscription_id: SubscriptionId, house: TheHouse, caller: TheCaller) -> DeadLetters:
    """What the webhook was not told in all its attempts: the two hundred oldest."""
    return await house.database.read(
        lambda transaction: view_dead_letters(
            transaction, caller, subscription_id, source=house.event_source, address=house.address
        )
    )


def view_dead_letters(
    transaction: Transaction, caller: Caller, subscription_id: UUID, *, source: str, address: str
) -> DeadLetters:
    """What the webhook was not told, for an administrator."""
    found = list_dead_letters(transaction, caller, subscription_id)
    return DeadLetters(items=[dead_letter_view(it, source=source, address=address) for it in found])


@router.post(
    "/subscriptions/{subscriptionId}/dead-letters/{position}/resendings",
    status_code=201,
    responses=may_refuse(403),
)
async def add_resending(
    subscription_id: SubscriptionId,
    position: Position,
    house: TheHouse,
    caller: TheCaller,
    once: OnceOnly,
    response: Response,
) -> DeadLetterView:
    """Have a dead letter told again, with all its attempts before it."""
    resent = await house.database.write(
        lambda transaction: resend(transaction, caller, subscription_id, position, once)
    )
    view = dead_letter_view(resent.value, source=house.event_source, address=house.address)
    where = f"/subscriptions/{subscription_id}/dead-letters"
    return answer_once(response, Outcome(view, resent.repeated), location=where)


def signed_subscription_view(it: Subscription, *, secret: bool) -> SignedSubscriptionView:
    """The webhook as it was made or changed. `secret`: with the newest secret that signs."""
    told = "whsec_" + base64.b64encode(it.secrets[0]).decode() if secret else None
    return SignedSubscriptionView(**_facts(it), secret=told)


def dead_letter_view(it: Delivery, *, source: str, address: str) -> DeadLetterView:
    return DeadLetterView(
        position=it.news.position,
        state=it.state,
        attempts=it.attempts,
        status=it.status,
        error=it.error,
        event=to_event(it.news, source=source, address=address),
    )


def _changed(response: Response, done: Outcome[Subscription], *, secret: bool) -> SignedSubscriptionView:
    view = signed_subscription_view(done.value, secret=secret)
    outcome = Outcome(view, done.repeated)
    return answer_once(response, outcome, version=view.version, location=f"/subscriptions/{view.id}")


def _facts(it: Subscription) -> dict[str, Any]:
    return {name: getattr(it, name) for name in SubscriptionView.model_fields}
