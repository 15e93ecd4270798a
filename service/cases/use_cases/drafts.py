"""Drafts of a referral: begun, saved incomplete, and shown with the faults that submission would be refused for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from service.cases.rules.steps import Step
from service.cases.store.drafts import Draft, DraftOrder, FormDrafts
from service.cases.use_cases.check_submission import check_submission, require_submitter
from service.database.idempotency import AnswerReference, IdempotencyKey, IdempotentResult, act_once, has_acted
from service.database.keyring import DRAFT_CLASS
from service.database.paging import ListPage
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.use_cases.identify import allow_rows_of, identify
from service.vocabulary.actor import Actor
from service.vocabulary.messages import MESSAGES
from service.vocabulary.refusals import (
    GuardsNotMet,
    InputFault,
    Invalid,
    NotFound,
    RequestRefusal,
    Stale,
    TooManyDrafts,
    VersionMissing,
)
from service.workflows.rules.rulebook import Rulebook

SUBMIT = "submit"


@dataclass(frozen=True, slots=True)
class DraftWithFaults:
    """A draft, and the faults for which its submission would be refused now."""

    draft: Draft
    faults: tuple[InputFault, ...]


def create_draft_key(
    transaction: Transaction, caller: Caller, idempotency_key: IdempotencyKey, *, draft_id: UUID, rules: Rulebook
) -> None:
    """Create the key of a draft, before the draft (decision 0008).

    Raises what `begin_draft` raises.
    """
    actor = identify(transaction, caller)
    if not has_acted(transaction, idempotency_key, actor.person_id):
        _require_room(transaction, actor, rules)
        allow_rows_of(transaction, actor, cases={draft_id})
        transaction.keyring.create_keys(transaction.connection, draft_id, (DRAFT_CLASS,))


def begin_draft(
    transaction: Transaction,
    caller: Caller,
    body: Mapping[str, Any],
    idempotency_key: IdempotencyKey,
    *,
    draft_id: UUID,
    rules: Rulebook,
) -> IdempotentResult[DraftWithFaults]:
    """Store a new draft. The key of `draft_id` must have been created before (decision 0008).

    A draft has no history: a repeated request gets the draft as it is now. Raises NotAllowed for a person who may not
    submit, and TooManyDrafts.
    """
    actor = identify(transaction, caller)

    def begin() -> DraftWithFaults:
        transaction.allow_all_rows("expired drafts")
        FormDrafts(transaction).remove_expired()
        allow_rows_of(transaction, actor, cases={draft_id})
        _require_room(transaction, actor, rules)
        FormDrafts(transaction).begin(draft_id, actor.person_id, dict(body), days=rules.settings.default.draft_days)
        return _require_draft_with_faults(transaction, draft_id, actor, rules)

    return act_once(
        transaction,
        idempotency_key,
        actor.person_id,
        act=begin,
        rebuild=lambda _: _require_draft_with_faults(transaction, draft_id, actor, rules),
        reference_of=lambda _: AnswerReference(draft_id=draft_id),
    )


def save_draft(
    transaction: Transaction,
    caller: Caller,
    draft_id: UUID,
    body: Mapping[str, Any],
    *,
    version: int | None,
    rules: Rulebook,
) -> DraftWithFaults:
    """Replace the form of a draft. `version` is the version that the caller last read.

    Raises NotFound, VersionMissing, Stale, and NotAllowed for a person who may not submit any more.
    """
    actor = identify(transaction, caller)
    draft = _require_version(transaction, draft_id, actor, version)
    require_submitter(actor, rules, SUBMIT)
    days = rules.settings.default.draft_days
    if not FormDrafts(transaction).save(draft, actor.person_id, dict(body), days=days):
        raise Stale(draft.version)
    return _require_draft_with_faults(transaction, draft_id, actor, rules)


def read_draft(transaction: Transaction, caller: Caller, draft_id: UUID, *, rules: Rulebook) -> DraftWithFaults:
    """Read a draft of the caller. Raises NotFound."""
    return _require_draft_with_faults(transaction, draft_id, identify(transaction, caller), rules)


def list_drafts(
    transaction: Transaction,
    caller: Caller,
    *,
    limit: int,
    cursor: str | None,
    order: DraftOrder,
    rules: Rulebook,
) -> ListPage[DraftWithFaults]:
    """A page of the caller's drafts. Raises Invalid for a cursor of another order or origin."""
    actor = identify(transaction, caller)
    page = FormDrafts(transaction).page(limit, cursor, seen_by=actor.person_id, order=order)
    items = (_with_faults(transaction, draft, actor, rules) for draft in page.items if draft)
    return ListPage(tuple(items), page.next_cursor)


def discard_draft(transaction: Transaction, caller: Caller, draft_id: UUID, *, version: int | None) -> None:
    """Remove a draft of the caller, at the version that they last read. Raises NotFound, VersionMissing, Stale."""
    actor = identify(transaction, caller)
    _require_version(transaction, draft_id, actor, version)
    FormDrafts(transaction).remove(draft_id, seen_by=actor.person_id)


def _require_room(transaction: Transaction, actor: Actor, rules: Rulebook) -> None:
    """Raises NotAllowed for a person who may not submit, TooManyDrafts for one who has the allowed number."""
    require_submitter(actor, rules, SUBMIT)
    default = rules.settings.default
    if FormDrafts(transaction).count(actor.person_id) >= default.drafts_per_person:
        raise TooManyDrafts(default.drafts_per_person, default.draft_days)


def _require_version(transaction: Transaction, draft_id: UUID, actor: Actor, version: int | None) -> Draft:
    draft = FormDrafts(transaction).find(draft_id, seen_by=actor.person_id)
    if draft is None:
        raise NotFound
    if version is None:
        raise VersionMissing
    if version != draft.version:
        raise Stale(draft.version)
    return draft


def _require_draft_with_faults(
    transaction: Transaction, draft_id: UUID, actor: Actor, rules: Rulebook
) -> DraftWithFaults:
    draft = FormDrafts(transaction).find(draft_id, seen_by=actor.person_id)
    if draft is None:
        raise NotFound
    return _with_faults(transaction, draft, actor, rules)


def _with_faults(transaction: Transaction, draft: Draft, actor: Actor, rules: Rulebook) -> DraftWithFaults:
    """The draft with its faults, by the same checks as its submission."""
    step = Step(trigger=SUBMIT, occurred_at=transaction.now, has_date=False, raw_form=draft.body.get("form", {}))
    try:
        acting = require_submitter(actor, rules, SUBMIT)
        check_submission(transaction, actor, acting, step, case_id=draft.id, rules=rules, trace_id="")
    except RequestRefusal as refusal:
        return DraftWithFaults(draft, _faults_of_refusal(refusal))
    return DraftWithFaults(draft, ())


def _faults_of_refusal(refusal: RequestRefusal) -> tuple[InputFault, ...]:
    """The refusal of a submission as faults. A fault without a place in the form is located at the whole body."""
    match refusal:
        case Invalid():
            return refusal.errors
        case GuardsNotMet():
            return tuple(InputFault("body", "", guard.code, guard.words) for guard in refusal.unmet)
        case _:
            return (InputFault("body", "", refusal.code, MESSAGES["problems"][refusal.code]),)
