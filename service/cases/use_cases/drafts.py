"""Drafts: saved as often as somebody likes, however incomplete, and told what is still missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from service.cases.rules.forms.referral import Referral
from service.cases.store.drafts import Draft, Drafts
from service.database.idempotency import Answered, IdempotencyKey, Outcome, act_once
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.kinds import KINDS
from service.people.use_cases.identify import allow_rows_of, identify
from service.vocabulary.input_faults import missing_in
from service.vocabulary.refusals import InputFault, NotFound, Stale, VersionMissing


@dataclass(frozen=True, slots=True)
class DraftWithGaps:
    """A draft and what would still be refused if it were sent as a referral now."""

    draft: Draft
    missing: tuple[InputFault, ...]


def begin_draft(
    transaction: Transaction,
    caller: Caller,
    body: Mapping[str, Any],
    once: IdempotencyKey,
    *,
    draft_id: UUID,
    days: int,
) -> Outcome[DraftWithGaps]:
    """Keep a new draft. The key of `draft_id` must have been committed before (decision 16).

    A draft has no history, so a repeated request is answered with the draft as it stands.
    """
    actor = identify(transaction, caller)

    def begin() -> DraftWithGaps:
        transaction.allow_all_rows("expired drafts")
        Drafts(transaction).remove_expired()
        allow_rows_of(transaction, actor, cases={draft_id})
        Drafts(transaction).begin(draft_id, actor.person_id, dict(body), days=days)
        return _found(transaction, draft_id, actor.person_id)

    return act_once(
        transaction,
        once,
        actor.person_id,
        act=begin,
        again=lambda _: _found(transaction, draft_id, actor.person_id),
        answered=lambda _: Answered(draft_id=draft_id),
    )


def save_draft(
    transaction: Transaction, caller: Caller, draft_id: UUID, body: Mapping[str, Any], *, version: int | None, days: int
) -> DraftWithGaps:
    """Replace what a draft holds. `version` is the one that was read last."""
    actor = identify(transaction, caller)
    draft = Drafts(transaction).find(draft_id, seen_by=actor.person_id)
    if draft is None:
        raise NotFound
    if version is None:
        raise VersionMissing
    if version != draft.version or not Drafts(transaction).save(draft, actor.person_id, dict(body), days=days):
        raise Stale(draft.version)
    return _found(transaction, draft_id, actor.person_id)


def read_draft(transaction: Transaction, caller: Caller, draft_id: UUID) -> DraftWithGaps:
    return _found(transaction, draft_id, identify(transaction, caller).person_id)


def list_drafts(transaction: Transaction, caller: Caller) -> tuple[DraftWithGaps, ...]:
    owner = identify(transaction, caller).person_id
    return tuple(_with_gaps(draft) for draft in Drafts(transaction).all(seen_by=owner))


def discard_draft(transaction: Transaction, caller: Caller, draft_id: UUID, *, version: int | None) -> None:
    """Only the owner removes a draft, and only the version they saw."""
    actor = identify(transaction, caller)
    draft = Drafts(transaction).find(draft_id, seen_by=actor.person_id)
    if draft is None:
        raise NotFound
    if version is None:
        raise VersionMissing
    if version != draft.version:
        raise Stale(draft.version)
    Drafts(transaction).remove(draft_id, seen_by=actor.person_id)


def _found(transaction: Transaction, draft_id: UUID, owner: UUID) -> DraftWithGaps:
    draft = Drafts(transaction).find(draft_id, seen_by=owner)
    if draft is None:
        raise NotFound
    return _with_gaps(draft)


def _with_gaps(draft: Draft) -> DraftWithGaps:
    return DraftWithGaps(draft, missing_in(KINDS.forms[Referral.form_name], draft.body.get("form", {})))
