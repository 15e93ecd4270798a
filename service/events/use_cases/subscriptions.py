"""Creation and changes of webhooks by administrators. Each change is recorded in the administrative change log."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal
from uuid import UUID

from service.database.idempotency import IdempotencyKey, IdempotentResult, act_once, has_acted
from service.database.transaction import Transaction
from service.events.store.deliveries import Deliveries, Delivery
from service.events.store.subscriptions import Subscription, SubscriptionState, WebhookSubscriptions
from service.identity.caller import Caller
from service.people.rules.decisions import Effect
from service.people.store.change_log import AdministrativeChanges
from service.people.store.people import People
from service.people.use_cases.administer import require_administrator
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.input_faults import simple_fault
from service.vocabulary.language import BilingualText
from service.vocabulary.messages import render_message
from service.vocabulary.refusals import InputFault, Invalid, NotFound, NotPossible, Stale, VersionMissing
from service.vocabulary.sentences import OR, join_texts
from service.workflows.rules.kinds import event_type
from service.workflows.rules.rulebook import Rulebook

SubscriptionAction = Literal["pause", "resume", "retire", "rotate_secret"]
SubscriptionReason = Literal["routine", "maintenance", "receiver_asked", "repaired", "no_longer_used", "secret_leaked"]
SECRET_BYTES = 32
# State after each action, by the state before it. A rotation of the secret keeps the state.
_STATE_AFTER: Mapping[str, Mapping[SubscriptionState, SubscriptionState]] = {
    "pause": {"active": "paused"},
    "resume": {"paused": "active"},
    "retire": {"active": "retired", "paused": "retired"},
    "rotate_secret": {"active": "active", "paused": "paused"},
}


class TargetRefused(Exception):
    """The URL is no permitted webhook target. `code`: key in messages.toml under `[input]`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscription:
    """The webhook that is asked for. `types`: None for all."""

    organisation_id: UUID
    url: str
    types: tuple[str, ...] | None


def check_new_subscription(
    transaction: Transaction,
    caller: Caller,
    new_subscription: NewSubscription,
    idempotency_key: IdempotencyKey,
    *,
    rules: Rulebook,
) -> IdempotentResult[Subscription] | None:
    """Check a new webhook before the receiver is asked for its consent. Raises Invalid.

    Returns the webhook when this request was carried out before, else None.
    """
    actor, _ = require_administrator(transaction, caller)
    if has_acted(transaction, idempotency_key, actor.person_id):
        return IdempotentResult(
            _require_subscription(transaction, _subscription_id(transaction, actor, idempotency_key)), repeated=True
        )
    faults = []
    if new_subscription.organisation_id not in People(transaction).kinds_of_organisations(
        {new_subscription.organisation_id}
    ):
        faults.append(simple_fault("body", "/organisationId", "no_organisation"))
    known_types = {
        event_type(workflow.definition.name, trigger)
        for workflow in rules.by_hash.values()
        for trigger in workflow.definition.triggers
    }
    faults += [
        _unknown_event_type(f"/types/{number}", type_, known_types)
        for number, type_ in enumerate(new_subscription.types or ())
        if type_ not in known_types
    ]
    if faults:
        raise Invalid(tuple(faults))
    return None


def _unknown_event_type(location: str, unknown: str, known_types: Collection[str]) -> InputFault:
    """Returns a fault with the three most similar types: there are more than a hundred."""
    matches = get_close_matches(unknown, sorted(known_types), n=3, cutoff=0)
    similar = join_texts((BilingualText.untranslated(match) for match in matches), OR)
    return InputFault("body", location, "no_event_type", render_message("input", "no_event_type", {"near": similar}))


def invalid_target(refusal: TargetRefused) -> Invalid:
    return Invalid((simple_fault("body", "/url", refusal.code),))


def subscribe(
    transaction: Transaction,
    caller: Caller,
    new_subscription: NewSubscription,
    idempotency_key: IdempotencyKey,
    *,
    per_minute: int | None,
) -> IdempotentResult[Subscription]:
    """Store a webhook whose receiver has agreed, as the caller asked before.

    The webhook receives events that are published from now on.

    `per_minute`: maximum number of requests per minute, None for no limit.
    """
    actor, acting = require_administrator(transaction, caller)
    id_ = _subscription_id(transaction, actor, idempotency_key)

    def make() -> Subscription:
        subscription = Subscription(
            id=id_,
            organisation_id=new_subscription.organisation_id,
            url=new_subscription.url,
            types=new_subscription.types,
            per_minute=per_minute,
            state="active",
            reason=None,
            version=1,
            secrets=(os.urandom(SECRET_BYTES),),
            made_by=actor.person_id,
            made_at=transaction.now,
            changed_by=actor.person_id,
            changed_at=transaction.now,
        )
        WebhookSubscriptions(transaction).add(subscription)
        _record(transaction, actor, acting, idempotency_key, subscription, "webhook_made")
        return subscription

    return act_once(
        transaction,
        idempotency_key,
        actor.person_id,
        act=make,
        rebuild=lambda _: _require_subscription(transaction, id_),
    )


def change_subscription(
    transaction: Transaction,
    caller: Caller,
    id_: UUID,
    change: SubscriptionAction,
    reason: SubscriptionReason,
    idempotency_key: IdempotencyKey,
    *,
    version: int | None,
) -> IdempotentResult[Subscription]:
    """Pause, resume or retire a webhook, or rotate its secret. The previous secret also signs until the next rotation.

    Raises NotFound, VersionMissing, Stale and NotPossible.
    """
    actor, acting = require_administrator(transaction, caller)
    subscription = _require_subscription(transaction, id_, lock=True)

    rotates = change == "rotate_secret"

    def alter() -> Subscription:
        if version is None:
            raise VersionMissing
        if version != subscription.version:
            raise Stale(subscription.version)
        if subscription.state not in _STATE_AFTER[change]:
            raise NotPossible
        changed = replace(
            subscription,
            state=_STATE_AFTER[change][subscription.state],
            reason=reason,
            version=subscription.version + 1,
            secrets=(os.urandom(SECRET_BYTES), subscription.secrets[0]) if rotates else subscription.secrets,
            changed_by=actor.person_id,
            changed_at=transaction.now,
        )
        WebhookSubscriptions(transaction).change(changed)
        _record(transaction, actor, acting, idempotency_key, changed, f"webhook_{change}")
        return changed

    return act_once(transaction, idempotency_key, actor.person_id, act=alter, rebuild=lambda _: subscription)


def list_subscriptions(transaction: Transaction, caller: Caller) -> tuple[Subscription, ...]:
    require_administrator(transaction, caller)
    return WebhookSubscriptions(transaction).all()


def read_subscription(transaction: Transaction, caller: Caller, id_: UUID) -> Subscription:
    require_administrator(transaction, caller)
    return _require_subscription(transaction, id_)


def list_dead_letters(transaction: Transaction, caller: Caller, id_: UUID) -> tuple[Delivery, ...]:
    """Returns the dead letters of a webhook, the oldest first. Raises NotFound."""
    subscription = read_subscription(transaction, caller, id_)
    transaction.allow_all_rows("dead letters")
    return Deliveries(transaction).dead_letters(subscription.id)


def resend_dead_letter(
    transaction: Transaction, caller: Caller, id_: UUID, position: int, idempotency_key: IdempotencyKey
) -> IdempotentResult[Delivery]:
    """Deliver a dead letter again. Raises NotFound, and NotPossible for a delivery that is not dead."""
    actor, acting = require_administrator(transaction, caller)
    subscription = _require_subscription(transaction, id_)
    transaction.allow_all_rows("dead letters")
    letter = Deliveries(transaction).find(subscription.id, position)
    if letter is None:
        raise NotFound

    def send_again() -> Delivery:
        if letter.state != "dead" or subscription.state == "retired":
            raise NotPossible
        Deliveries(transaction).resend(letter)
        _record(transaction, actor, acting, idempotency_key, subscription, "webhook_letter_resent")
        return replace(letter, state="waiting", attempts=0)

    return act_once(transaction, idempotency_key, actor.person_id, act=send_again, rebuild=lambda _: letter)


def _subscription_id(transaction: Transaction, actor: Actor, idempotency_key: IdempotencyKey) -> UUID:
    """Returns the id of the webhook that a request makes: the same id when the request is repeated."""
    return transaction.keyring.derive_id("subscription", str(actor.person_id), idempotency_key.key)


def _require_subscription(transaction: Transaction, id_: UUID, *, lock: bool = False) -> Subscription:
    subscription = WebhookSubscriptions(transaction).find(id_, lock=lock)
    if subscription is None:
        raise NotFound
    return subscription


def _record(
    transaction: Transaction,
    actor: Actor,
    acting: Membership,
    idempotency_key: IdempotencyKey,
    subscription: Subscription,
    action: str,
) -> None:
    effect = Effect(
        action=action,
        subject_kind="organisation",
        subject=str(subscription.organisation_id),
        details={"webhook": str(subscription.id)},
    )
    change_id = transaction.keyring.derive_id("change", str(actor.person_id), idempotency_key.key)
    AdministrativeChanges(transaction).record(
        change_id, effect, actor_id=actor.person_id, organisation_id=acting.organisation_id
    )
