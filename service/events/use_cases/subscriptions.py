"""Webhooks: made, changed and looked after by administrators, each change recorded as any other of theirs."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal
from uuid import UUID

from service.database.idempotency import IdempotencyKey, Outcome, act_once, has_acted
from service.database.transaction import Transaction
from service.events.store.deliveries import Deliveries, Delivery
from service.events.store.subscriptions import State, Subscription, Subscriptions
from service.identity.caller import Caller
from service.people.rules.decisions import Effect
from service.people.store.change_log import Administration
from service.people.store.people import People
from service.people.use_cases.administer import administrator
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.input_faults import bare_fault
from service.vocabulary.language import Words
from service.vocabulary.messages import say
from service.vocabulary.refusals import InputFault, Invalid, NotFound, NotPossible, Stale, VersionMissing
from service.vocabulary.sentences import OR, joined
from service.workflows.rules.kinds import event_type
from service.workflows.rules.rulebook import Rulebook

Change = Literal["pause", "resume", "retire", "rotate_secret"]
Reason = Literal["routine", "maintenance", "receiver_asked", "repaired", "no_longer_used", "secret_leaked"]
SECRET_BYTES = 32
# From which states a change leads where; a secret is rotated without a change of state.
_LEADS: Mapping[str, Mapping[State, State]] = {
    "pause": {"active": "paused"},
    "resume": {"paused": "active"},
    "retire": {"active": "retired", "paused": "retired"},
    "rotate_secret": {"active": "active", "paused": "paused"},
}


class TargetRefused(Exception):
    """No event is sent there; `code` stands in messages.toml under `[input]`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Who is to be told, where, of which types (None: all)."""

    organisation_id: UUID
    url: str
    types: tuple[str, ...] | None


def may_subscribe(
    transaction: Transaction, caller: Caller, wanted: Wanted, once: IdempotencyKey, *, rules: Rulebook
) -> Outcome[Subscription] | None:
    """Everything that can be said before the receiver is asked; the webhook itself when it was made already."""
    actor, _ = administrator(transaction, caller)
    if has_acted(transaction, once, actor.person_id):
        return Outcome(_found(transaction, _id(transaction, actor, once)), repeated=True)
    faults = []
    if wanted.organisation_id not in People(transaction).kinds({wanted.organisation_id}):
        faults.append(bare_fault("body", "/organisationId", "no_organisation"))
    known = {event_type(it.definition.name, name) for it in rules.by_hash.values() for name in it.definition.triggers}
    faults += [_no_event_type(f"/types/{n}", it, known) for n, it in enumerate(wanted.types or ()) if it not in known]
    if faults:
        raise Invalid(tuple(faults))
    return None


def _no_event_type(location: str, unknown: str, known: Collection[str]) -> InputFault:
    """There are more than a hundred types: told are those that the unknown one looks like."""
    near = joined((Words.same(it) for it in get_close_matches(unknown, sorted(known), n=3, cutoff=0)), OR)
    return InputFault("body", location, "no_event_type", say("input", "no_event_type", {"near": near}))


def not_a_target(refused: TargetRefused) -> Invalid:
    return Invalid((bare_fault("body", "/url", refused.code),))


def subscribe(
    transaction: Transaction, caller: Caller, wanted: Wanted, once: IdempotencyKey, *, per_minute: int | None
) -> Outcome[Subscription]:
    """Make a webhook that the receiver agreed to. It hears of what is published from now on."""
    actor, acting = administrator(transaction, caller)
    id_ = _id(transaction, actor, once)

    def make() -> Subscription:
        made = Subscription(
            id=id_,
            organisation_id=wanted.organisation_id,
            url=wanted.url,
            types=wanted.types,
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
        Subscriptions(transaction).add(made)
        _record(transaction, actor, acting, once, made, "webhook_made")
        return made

    return act_once(transaction, once, actor.person_id, act=make, again=lambda _: _found(transaction, id_))


def change_subscription(
    transaction: Transaction,
    caller: Caller,
    id_: UUID,
    change: Change,
    reason: Reason,
    once: IdempotencyKey,
    *,
    version: int | None,
) -> Outcome[Subscription]:
    """Pause, resume or retire a webhook, or give it a new secret; the one before signs as well until the next one."""
    actor, acting = administrator(transaction, caller)
    it = _found(transaction, id_, lock=True)

    def alter() -> Subscription:
        if version is None:
            raise VersionMissing
        if version != it.version:
            raise Stale(it.version)
        if it.state not in _LEADS[change]:
            raise NotPossible
        changed = replace(
            it,
            state=_LEADS[change][it.state],
            reason=reason,
            version=it.version + 1,
            secrets=(os.urandom(SECRET_BYTES), it.secrets[0]) if change == "rotate_secret" else it.secrets,
            changed_by=actor.person_id,
            changed_at=transaction.now,
        )
        Subscriptions(transaction).change(changed)
        _record(transaction, actor, acting, once, changed, f"webhook_{change}")
        return changed

    return act_once(transaction, once, actor.person_id, act=alter, again=lambda _: it)


def list_subscriptions(transaction: Transaction, caller: Caller) -> tuple[Subscription, ...]:
    administrator(transaction, caller)
    return Subscriptions(transaction).all()


def read_subscription(transaction: Transaction, caller: Caller, id_: UUID) -> Subscription:
    administrator(transaction, caller)
    return _found(transaction, id_)


def list_dead_letters(transaction: Transaction, caller: Caller, id_: UUID) -> tuple[Delivery, ...]:
    """What a webhook was not told in all its attempts."""
    it = read_subscription(transaction, caller, id_)
    transaction.allow_all_rows("dead letters")
    return Deliveries(transaction).dead(it.id)


def resend(
    transaction: Transaction, caller: Caller, id_: UUID, position: int, once: IdempotencyKey
) -> Outcome[Delivery]:
    """Have a dead letter told again."""
    actor, acting = administrator(transaction, caller)
    it = _found(transaction, id_)
    transaction.allow_all_rows("dead letters")
    letter = Deliveries(transaction).find(it.id, position)
    if letter is None:
        raise NotFound

    def send_again() -> Delivery:
        if letter.state != "dead" or it.state == "retired":
            raise NotPossible
        Deliveries(transaction).resend(letter)
        _record(transaction, actor, acting, once, it, "webhook_letter_resent")
        return replace(letter, state="waiting", attempts=0)

    return act_once(transaction, once, actor.person_id, act=send_again, again=lambda _: letter)


def _id(transaction: Transaction, actor: Actor, once: IdempotencyKey) -> UUID:
    """The same for the same request, so that a repeated one finds what it made."""
    return transaction.keyring.id_for("subscription", str(actor.person_id), once.key)


def _found(transaction: Transaction, id_: UUID, *, lock: bool = False) -> Subscription:
    found = Subscriptions(transaction).find(id_, lock=lock)
    if found is None:
        raise NotFound
    return found


def _record(
    transaction: Transaction,
    actor: Actor,
    acting: Membership,
    once: IdempotencyKey,
    it: Subscription,
    action: str,
) -> None:
    effect = Effect(
        action=action,
        subject_kind="organisation",
        subject=str(it.organisation_id),
        details={"webhook": str(it.id)},
    )
    change_id = transaction.keyring.id_for("change", str(actor.person_id), once.key)
    Administration(transaction).record(
        change_id, effect, actor_id=actor.person_id, organisation_id=acting.organisation_id
    )
