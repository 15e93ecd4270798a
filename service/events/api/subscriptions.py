"""/v1/subscriptions: webhooks, looked after by administrators."""

import base64
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field, TypeAdapter

from service.database.idempotency import IdempotencyKey, Outcome
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
from service.http.context import House, OnceOnly, TheCaller, TheHouse, Version, read_body
from service.http.json_models import Body, Utc, View
from service.http.openapi import may_refuse, takes
from service.http.request_faults import CheckedRoute
from service.http.responses import answer, answer_once
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


SUBSCRIPTION = TypeAdapter(SubscriptionBody)


SUBSCRIPTION_CHANGE = TypeAdapter(SubscriptionChangeBody)

router = APIRouter(tags=["events"], route_class=CheckedRoute)
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


@router.post(
    "/subscriptions", status_code=201, response_model=SignedSubscriptionView, openapi_extra=takes("subscription"),
    responses=may_refuse(400, 401, 403, 409, 413, 415),
)  # fmt: skip
async def create_subscription(request: Request, house: TheHouse, caller: TheCaller, once: OnceOnly) -> Response:
    """Have a webhook told of what an organisation hears, once the receiver says with OPTIONS that it wants to be."""
    body = await read_body(request, SUBSCRIPTION)
    wanted = Wanted(organisation_id=body.organisation_id, url=body.url, types=body.types)
    done = await house.database.read(
        lambda transaction: may_subscribe(transaction, caller, wanted, once, rules=house.rules)
    )
    done = done or await _agreed(house, caller, wanted, once)
    return _changed(done, secret=True)


async def _agreed(house: House, caller: Caller, wanted: Wanted, once: IdempotencyKey) -> Outcome[Subscription]:
    """The receiver is asked outside of any transaction."""
    try:
        per_minute = await house.agreed(wanted.url)
    except TargetRefused as refused:
        raise not_a_target(refused) from None
    return await house.database.write(
        lambda transaction: subscribe(transaction, caller, wanted, once, per_minute=per_minute)
    )


@router.get(
    "/subscriptions", response_model=Subscriptions, responses=may_refuse(400, 401, 403), name="list_subscriptions"
)
async def get_subscriptions(house: TheHouse, caller: TheCaller) -> Response:
    """Every webhook that was ever made."""
    found = await house.database.read(lambda transaction: list_subscriptions(transaction, caller))
    return answer(Subscriptions(items=[SubscriptionView(**_facts(it)) for it in found]))


@router.get(
    "/subscriptions/{subscription_id}", response_model=SubscriptionView, responses=may_refuse(400, 401, 403, 404)
)
async def get_subscription(subscription_id: UUID, house: TheHouse, caller: TheCaller) -> Response:
    """One webhook."""
    found = await house.database.read(lambda transaction: read_subscription(transaction, caller, subscription_id))
    return answer(SubscriptionView(**_facts(found)), version=found.version)


@router.post(
    "/subscriptions/{subscription_id}/changes", status_code=201, response_model=SignedSubscriptionView,
    openapi_extra=takes("subscription_change"), responses=may_refuse(400, 401, 403, 404, 409, 412, 413, 415, 428),
)  # fmt: skip
async def add_subscription_change(
    request: Request, subscription_id: UUID, house: TheHouse, caller: TheCaller, once: OnceOnly, version: Version
) -> Response:
    """Pause, resume or retire a webhook, or give it a new secret: the one before signs as well until the next."""
    body = await read_body(request, SUBSCRIPTION_CHANGE)
    done = await house.database.write(
        lambda transaction: change_subscription(
            transaction, caller, subscription_id, body.change, body.reason, once, version=version
        )
    )
    return _changed(done, secret=body.change == "rotate_secret")


@router.get(
    "/subscriptions/{subscription_id}/dead-letters", response_model=DeadLetters,
    responses=may_refuse(400, 401, 403, 404), name="list_dead_letters",
)  # fmt: skip
async def get_dead_letters(subscription_id: UUID, house: TheHouse, caller: TheCaller) -> Response:
    """What the webhook was not told in all its attempts: the two hundred oldest."""
    found = await house.database.read(lambda transaction: list_dead_letters(transaction, caller, subscription_id))
    return answer(DeadLetters(items=[_letter(house, it) for it in found]))


@router.post(
    "/subscriptions/{subscription_id}/dead-letters/{position}/resendings", status_code=201,
    response_model=DeadLetterView, responses=may_refuse(400, 401, 403, 404, 409),
)  # fmt: skip
async def add_resending(
    subscription_id: UUID, position: Position, house: TheHouse, caller: TheCaller, once: OnceOnly
) -> Response:
    """Have a dead letter told again, with all its attempts before it."""
    resent = await house.database.write(
        lambda transaction: resend(transaction, caller, subscription_id, position, once)
    )
    where = f"/subscriptions/{subscription_id}/dead-letters"
    return answer_once(resent, _letter(house, resent.value), location=where)


def _changed(done: Outcome[Subscription], *, secret: bool) -> Response:
    it = done.value
    told = "whsec_" + base64.b64encode(it.secrets[0]).decode() if secret else None
    view = SignedSubscriptionView(**_facts(it), secret=told)
    return answer_once(done, view, version=it.version, location=f"/subscriptions/{it.id}")


def _facts(it: Subscription) -> dict[str, Any]:
    return {name: getattr(it, name) for name in SubscriptionView.model_fields}


def _letter(house: House, it: Delivery) -> DeadLetterView:
    return DeadLetterView(
        position=it.news.position,
        state=it.state,
        attempts=it.attempts,
        status=it.status,
        error=it.error,
        event=to_event(it.news, source=house.event_source, address=house.address),
    )
