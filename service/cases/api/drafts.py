"""Routes of /v1/drafts: referrals that are not submitted yet. Only their owner sees them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Response
from pydantic import Field

from service.cases.api.form_shapes import DraftContent
from service.cases.api.views import GuardView
from service.cases.use_cases.drafts import (
    DraftWithGaps,
    begin_draft,
    discard_draft,
    list_drafts,
    make_draft_key,
    read_draft,
    save_draft,
)
from service.database.idempotency import Outcome
from service.database.transaction import Transaction
from service.http.house import TheHouse
from service.http.json_models import Body, Utc, View
from service.http.openapi import may_refuse
from service.http.parameters import OnceOnly, PageQuery, TheCaller, Version
from service.http.responses import answer_once, show_version
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.workflows.rules.rulebook import Rulebook


class DraftBody(Body):
    """A draft of a referral. It may be incomplete."""

    form: dict[str, Any] = Field(description="Any part of the form referral@1, in any state.")


router = StrictRouter("drafts")
DraftId = Annotated[UUID, Path(alias="draftId")]


class MissingView(GuardView):
    """A fault for which submission would be refused now. `location` is a JSON Pointer into the request body.

    It is empty for a fault without a place in the form, such as a region that no team covers.
    """

    location: str


class DraftView(View):
    """A draft. It is kept until `expiresAt`, which every save postpones; only you can remove it before that time.

    `complete`: its submission now would open a case. `missing`: all faults for which submission would be refused.
    """

    id: UUID
    version: int
    saved_at: Utc
    expires_at: Utc
    form: DraftContent = Field(description="The form as it was last saved; it may be incomplete.")
    complete: bool
    missing: list[MissingView]


class Drafts(View):
    """A page of your drafts, last saved first. `nextCursor` is null on the last page."""

    items: list[DraftView]
    next_cursor: str | None


def _draft_view(checked: DraftWithGaps) -> DraftView:
    draft = checked.draft
    return DraftView(
        id=draft.id,
        version=draft.version,
        saved_at=draft.saved_at,
        expires_at=draft.expires_at,
        form=draft.body.get("form", {}),
        complete=not checked.missing,
        missing=[
            MissingView(location=fault.location, code=fault.code, nl=fault.words.nl, en=fault.words.en)
            for fault in checked.missing
        ],
    )


@router.post("/drafts", status_code=201, responses=may_refuse(403))
async def create_draft(
    body: DraftBody, house: TheHouse, caller: TheCaller, idempotency_key: OnceOnly, response: Response
) -> DraftView:
    """Begin a draft. You may do so if you may submit a case, up to the number that the settings allow per person."""
    draft_id = house.database.keyring.id_for("draft", caller.issuer, caller.subject, idempotency_key.key)
    await house.database.write(
        lambda transaction: make_draft_key(transaction, caller, idempotency_key, draft_id=draft_id, rules=house.rules)
    )

    def work(transaction: Transaction) -> Outcome[DraftView]:
        outcome = begin_draft(
            transaction, caller, {"form": body.form}, idempotency_key, draft_id=draft_id, rules=house.rules
        )
        return Outcome(_draft_view(outcome.value), outcome.repeated)

    outcome = await house.database.write(work)
    return answer_once(response, outcome, version=outcome.value.version, location=f"/drafts/{draft_id}")


@router.get("/drafts", name="list_drafts")
async def get_drafts(house: TheHouse, caller: TheCaller, query: Annotated[PageQuery, Query()]) -> Drafts:
    """Your drafts, last saved first."""
    return await house.database.read(lambda transaction: view_drafts(transaction, caller, query, rules=house.rules))


def view_drafts(transaction: Transaction, caller: Caller, query: PageQuery, *, rules: Rulebook) -> Drafts:
    """A page of the drafts of this caller."""
    page = list_drafts(transaction, caller, limit=query.limit, cursor=query.cursor, rules=rules)
    return Drafts(items=[_draft_view(draft) for draft in page.items], next_cursor=page.next_cursor)


@router.get("/drafts/{draftId}")
async def get_draft(draft_id: DraftId, house: TheHouse, caller: TheCaller, response: Response) -> DraftView:
    """One of your drafts, with the faults that still prevent its submission."""
    view = await house.database.read(lambda transaction: view_draft(transaction, caller, draft_id, rules=house.rules))
    show_version(response, view.version)
    return view


def view_draft(transaction: Transaction, caller: Caller, draft_id: UUID, *, rules: Rulebook) -> DraftView:
    """A draft of this caller. Raises NotFound for the draft of another person."""
    return _draft_view(read_draft(transaction, caller, draft_id, rules=rules))


@router.put("/drafts/{draftId}", name="save_draft", responses=may_refuse(403))
async def put_draft(
    draft_id: DraftId, body: DraftBody, house: TheHouse, caller: TheCaller, version: Version, response: Response
) -> DraftView:
    """Save a draft again. It may be incomplete."""
    view = await house.database.write(
        lambda transaction: _draft_view(
            save_draft(transaction, caller, draft_id, {"form": body.form}, version=version, rules=house.rules)
        )
    )
    show_version(response, view.version)
    return view


@router.delete("/drafts/{draftId}", status_code=204)
async def delete_draft(draft_id: DraftId, house: TheHouse, caller: TheCaller, version: Version) -> None:
    """Remove one of your drafts, with its encryption key. It cannot be restored."""
    await house.database.write(lambda transaction: discard_draft(transaction, caller, draft_id, version=version))
