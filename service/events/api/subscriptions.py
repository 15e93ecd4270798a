"""/v1/subscriptions: webhook subscriptions and their dead letters, for administrators."""

import base64
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Response
from pydantic import Field

from service.database.idempotency import IdempotencyKey, IdempotentResult
from service.database.transaction import Transaction
from service.events.api.feed import LAST_POSITION
from service.events.rules import TYPE_PATTERN, Event, to_event
from service.events.store.deliveries import Delivery
from service.events.store.subscriptions import Subscription, SubscriptionState
from service.events.use_cases.subscriptions import (
    NewSubscription,
    SubscriptionAction,
    SubscriptionReason,
    TargetRefused,
    change_subscription,
    check_new_subscription,
    invalid_target,
    list_dead_letters,
    list_subscriptions,
    read_subscription,
    resend_dead_letter,
    subscribe,
)
from service.http.app_context import AppContext, AppContextDependency
from service.http.json_models import Body, UtcDateTime, View
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency, IdempotencyKeyHeader, IfMatchVersion
from service.http.responses import answer_idempotently, set_version_tag
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller


class SubscriptionBody(Body):
    """An organisation, the URL of its webhook and the event types to deliver. All types when omitted."""

    organisation_id: UUID
    url: str = Field(
        min_length=1,
        max_length=500,
        pattern=r"^https?://[\x21-\x7e]+$",
        description="A public HTTPS address without user name and query, since an address may not contain secrets.",
        examples=["https://ontvanger.example/events"],
    )
    types: tuple[Annotated[str, Field(pattern=TYPE_PATTERN, max_length=100)], ...] | None = Field(
        default=None, min_length=1, max_length=100, description="As in eventType of GET /workflows."
    )


class SubscriptionChangeBody(Body):
    """A change of a webhook and its reason."""

    change: SubscriptionAction
    reason: SubscriptionReason


router = StrictRouter("events")
SubscriptionId = Annotated[UUID, Path(alias="subscriptionId")]
Position = Annotated[int, Path(ge=1, le=LAST_POSITION)]


class SubscriptionView(View):
    """A webhook. `types` is null when it receives all. `changedBy` is null when the receiver answered 410 (gone)."""

    id: UUID
    organisation_id: UUID
    url: str
    types: list[str] | None
    state: SubscriptionState
    reason: str | None
    version: int
    made_by: UUID
    made_at: UtcDateTime
    changed_by: UUID | None
    changed_at: UtcDateTime


class SignedSubscriptionView(SubscriptionView):
    """A webhook with the secret that signs its deliveries (Standard Webhooks); null unless the secret is new."""

    secret: str | None


class Subscriptions(View):
    """Every webhook, the oldest first."""

    items: list[SubscriptionView]


class DeadLetterView(View):
    """An event that could not be delivered to a webhook, with its attempts and the result of the last one."""

    position: int
    state: str
    attempts: int
    status: int | None
    error: str | None
    event: Event


class DeadLetters(View):
    """Dead letters of a webhook, the oldest first."""

    items: list[DeadLetterView]


@router.post("/subscriptions", status_code=201, responses=refusal_responses(403))
async def create_subscription(
    body: SubscriptionBody,
    context: AppContextDependency,
    caller: CallerDependency,
    idempotency_key: IdempotencyKeyHeader,
    response: Response,
) -> SignedSubscriptionView:
    """Create a webhook for the feed of an organisation. The receiver must first agree in its answer to OPTIONS."""
    new_subscription = NewSubscription(organisation_id=body.organisation_id, url=body.url, types=body.types)
    outcome = await context.database.read(
        lambda transaction: check_new_subscription(
            transaction, caller, new_subscription, idempotency_key, rules=context.rules
        )
    )
    outcome = outcome or await _subscribe_when_agreed(context, caller, new_subscription, idempotency_key)
    return _answer_change(response, outcome, secret=True)


async def _subscribe_when_agreed(
    context: AppContext, caller: Caller, new_subscription: NewSubscription, idempotency_key: IdempotencyKey
) -> IdempotentResult[Subscription]:
    """Ask the receiver outside any transaction, then store the webhook."""
    try:
        per_minute = await context.validate_receiver(new_subscription.url)
    except TargetRefused as refusal:
        raise invalid_target(refusal) from None
    return await context.database.write(
        lambda transaction: subscribe(transaction, caller, new_subscription, idempotency_key, per_minute=per_minute)
    )


@router.get("/subscriptions", responses=refusal_responses(403), name="list_subscriptions")
async def get_subscriptions(context: AppContextDependency, caller: CallerDependency) -> Subscriptions:
    """List all webhooks, also retired ones."""
    return await context.database.read(lambda transaction: view_subscriptions(transaction, caller))


def view_subscriptions(transaction: Transaction, caller: Caller) -> Subscriptions:
    """All webhooks, for an administrator."""
    found_subscriptions = list_subscriptions(transaction, caller)
    return Subscriptions(items=[SubscriptionView(**_view_fields(subscription)) for subscription in found_subscriptions])


@router.get("/subscriptions/{subscriptionId}", responses=refusal_responses(403))
async def get_subscription(
    subscription_id: SubscriptionId, context: AppContextDependency, caller: CallerDependency, response: Response
) -> SubscriptionView:
    """Get one webhook."""
    view = await context.database.read(lambda transaction: view_subscription(transaction, caller, subscription_id))
    set_version_tag(response, view.version)
    return view


def view_subscription(transaction: Transaction, caller: Caller, subscription_id: UUID) -> SubscriptionView:
    """One webhook, for an administrator. Raises NotFound."""
    return SubscriptionView(**_view_fields(read_subscription(transaction, caller, subscription_id)))


@router.post("/subscriptions/{subscriptionId}/changes", status_code=201, responses=refusal_responses(403))
async def add_subscription_change(
    subscription_id: SubscriptionId,
    body: SubscriptionChangeBody,
    context: AppContextDependency,
    caller: CallerDependency,
    idempotency_key: IdempotencyKeyHeader,
    version: IfMatchVersion,
    response: Response,
) -> SignedSubscriptionView:
    """Pause, resume or retire a webhook, or rotate its secret. The previous one also signs until the next rotation."""
    outcome = await context.database.write(
        lambda transaction: change_subscription(
            transaction, caller, subscription_id, body.change, body.reason, idempotency_key, version=version
        )
    )
    return _answer_change(response, outcome, secret=body.change == "rotate_secret")


@router.get("/subscriptions/{subscriptionId}/dead-letters", responses=refusal_responses(403), name="list_dead_letters")
async def get_dead_letters(
    subscription_id: SubscriptionId, context: AppContextDependency, caller: CallerDependency
) -> DeadLetters:
    """List the two hundred oldest events that could not be delivered to the webhook."""
    return await context.database.read(
        lambda transaction: view_dead_letters(
            transaction, caller, subscription_id, source=context.event_source, address=context.base_url
        )
    )


def view_dead_letters(
    transaction: Transaction, caller: Caller, subscription_id: UUID, *, source: str, address: str
) -> DeadLetters:
    """The dead letters of a webhook, for an administrator. Raises NotFound."""
    letters = list_dead_letters(transaction, caller, subscription_id)
    return DeadLetters(items=[dead_letter_view(letter, source=source, address=address) for letter in letters])


@router.post(
    "/subscriptions/{subscriptionId}/dead-letters/{position}/resendings",
    status_code=201,
    responses=refusal_responses(403),
)
async def add_resending(
    subscription_id: SubscriptionId,
    position: Position,
    context: AppContextDependency,
    caller: CallerDependency,
    idempotency_key: IdempotencyKeyHeader,
    response: Response,
) -> DeadLetterView:
    """Deliver a dead letter again. Its number of attempts starts at zero."""
    outcome = await context.database.write(
        lambda transaction: resend_dead_letter(transaction, caller, subscription_id, position, idempotency_key)
    )
    view = dead_letter_view(outcome.value, source=context.event_source, address=context.base_url)
    location = f"/subscriptions/{subscription_id}/dead-letters"
    return answer_idempotently(response, IdempotentResult(view, outcome.repeated), location=location)


def signed_subscription_view(subscription: Subscription, *, secret: bool) -> SignedSubscriptionView:
    """A webhook that was created or changed. `secret`: True shows the newest signing secret."""
    signing_secret = "whsec_" + base64.b64encode(subscription.secrets[0]).decode() if secret else None
    return SignedSubscriptionView(**_view_fields(subscription), secret=signing_secret)


def dead_letter_view(delivery: Delivery, *, source: str, address: str) -> DeadLetterView:
    return DeadLetterView(
        position=delivery.entry.position,
        state=delivery.state,
        attempts=delivery.attempts,
        status=delivery.status,
        error=delivery.error,
        event=to_event(delivery.entry, source=source, address=address),
    )


def _answer_change(
    response: Response, result: IdempotentResult[Subscription], *, secret: bool
) -> SignedSubscriptionView:
    view = signed_subscription_view(result.value, secret=secret)
    outcome = IdempotentResult(view, result.repeated)
    return answer_idempotently(response, outcome, version=view.version, location=f"/subscriptions/{view.id}")


def _view_fields(subscription: Subscription) -> dict[str, Any]:
    return {name: getattr(subscription, name) for name in SubscriptionView.model_fields}
