"""Drafts: saved as often as somebody likes, however incomplete, and told what is still missing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from service.cases.rules.forms.referral import Referral
from service.cases.store.drafts import Draft
from service.database.idempotency import Answered
from service.database.transaction import Unit
from service.forms import FORMS
from service.people.use_cases.identify import Asker, Once, known
from service.vocabulary.input_faults import missing_in
from service.vocabulary.refusals import InputFault, NotFound, Stale, VersionMissing


@dataclass(frozen=True, slots=True)
class DraftWithGaps:
    """A draft and what would still be refused if it were sent as a referral now. `repeated`: it was there already."""

    draft: Draft
    missing: tuple[InputFault, ...]
    repeated: bool = False


def begin_draft(
    unit: Unit, asker: Asker, body: Mapping[str, Any], once: Once, *, draft_id: UUID, days: int
) -> DraftWithGaps:
    """Keep a new draft. The key of `draft_id` must have been committed before (decision 16).

    A draft has no history, so a repeated request is answered with the draft as it stands.
    """
    actor = known(unit, asker)
    request = once.by(actor.person_id)
    answered = unit.requests.answered(request)
    if answered is None:
        unit.sees_all("expired drafts")
        unit.drafts.remove_expired()
        unit.sees(actor, begins={draft_id})
        unit.drafts.begin(draft_id, actor.person_id, dict(body), days=days)
        unit.requests.remember(request, Answered(draft_id=draft_id))
    return replace(_found(unit, draft_id, actor.person_id), repeated=answered is not None)


def save_draft(
    unit: Unit, asker: Asker, draft_id: UUID, body: Mapping[str, Any], *, version: int | None, days: int
) -> DraftWithGaps:
    """Replace what a draft holds. `version` is the one that was read last."""
    actor = known(unit, asker)
    draft = unit.drafts.find(draft_id, seen_by=actor.person_id)
    if draft is None:
        raise NotFound
    if version is None:
        raise VersionMissing
    if version != draft.version or not unit.drafts.save(draft, actor.person_id, dict(body), days=days):
        raise Stale(draft.version)
    return _found(unit, draft_id, actor.person_id)


def read_draft(unit: Unit, asker: Asker, draft_id: UUID) -> DraftWithGaps:
    return _found(unit, draft_id, known(unit, asker).person_id)


def list_drafts(unit: Unit, asker: Asker) -> tuple[DraftWithGaps, ...]:
    owner = known(unit, asker).person_id
    return tuple(_with_gaps(draft) for draft in unit.drafts.all(seen_by=owner))


def discard_draft(unit: Unit, asker: Asker, draft_id: UUID, *, version: int | None) -> None:
    """Only the owner removes a draft, and only the version they saw."""
    actor = known(unit, asker)
    draft = unit.drafts.find(draft_id, seen_by=actor.person_id)
    if draft is None:
        raise NotFound
    if version is None:
        raise VersionMissing
    if version != draft.version:
        raise Stale(draft.version)
    unit.drafts.remove(draft_id, seen_by=actor.person_id)


def _found(unit: Unit, draft_id: UUID, owner: UUID) -> DraftWithGaps:
    draft = unit.drafts.find(draft_id, seen_by=owner)
    if draft is None:
        raise NotFound
    return _with_gaps(draft)


def _with_gaps(draft: Draft) -> DraftWithGaps:
    return DraftWithGaps(draft, missing_in(FORMS[Referral.form_name], draft.body.get("form", {})))
