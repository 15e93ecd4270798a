"""/v1/drafts: referrals that are not sent yet, yours alone; saved however incomplete, with what is still missing."""

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
    """A draft of a referral: whatever has been typed so far."""

    form: dict[str, Any] = Field(description="Any part of the form referral@1, in any state.")


router = StrictRouter("drafts")
DraftId = Annotated[UUID, Path(alias="draftId")]


class MissingView(GuardView):
    """What submitting would be refused for now, at which place of what is sent (JSON Pointer).

    Empty for what has no place in the form, as a region that no team covers.
    """

    location: str


class DraftView(View):
    """A draft. It is kept until `expiresAt`, which moves on with every save; only you can remove it before.

    `complete`: submitting it now would make a case of it. `missing`: everything that it would be refused for.
    """

    id: UUID
    version: int
    saved_at: Utc
    expires_at: Utc
    form: DraftContent = Field(description="As it was saved, however incomplete.")
    complete: bool
    missing: list[MissingView]


class Drafts(View):
    """A page of your drafts, the last saved first; `nextCursor` is null on the last page."""

    items: list[DraftView]
    next_cursor: str | None


def _view(it: DraftWithGaps) -> DraftView:
    return DraftView(
        id=it.draft.id,
        version=it.draft.version,
        saved_at=it.draft.saved_at,
        expires_at=it.draft.expires_at,
        form=it.draft.body.get("form", {}),
        complete=not it.missing,
        missing=[
            MissingView(location=one.location, code=one.code, nl=one.words.nl, en=one.words.en) for one in it.missing
        ],
    )


@router.post("/drafts", status_code=201, responses=may_refuse(403))
async def create_draft(
    body: DraftBody, house: TheHouse, caller: TheCaller, once: OnceOnly, response: Response
) -> DraftView:
    """Begin a draft with whatever there is. Whoever may submit makes drafts, as many as the settings allow a person."""
    draft_id = house.database.keyring.id_for("draft", caller.issuer, caller.subject, once.key)
    await house.database.write(
        lambda transaction: make_draft_key(transaction, caller, once, draft_id=draft_id, rules=house.rules)
    )

    def work(transaction: Transaction) -> Outcome[DraftView]:
        begun = begin_draft(transaction, caller, {"form": body.form}, once, draft_id=draft_id, rules=house.rules)
        return Outcome(_view(begun.value), begun.repeated)

    outcome = await house.database.write(work)
    return answer_once(response, outcome, version=outcome.value.version, location=f"/drafts/{draft_id}")


@router.get("/drafts", name="list_drafts")
async def get_drafts(house: TheHouse, caller: TheCaller, wanted: Annotated[PageQuery, Query()]) -> Drafts:
    """Your drafts, the last saved first."""
    return await house.database.read(lambda transaction: view_drafts(transaction, caller, wanted, rules=house.rules))


def view_drafts(transaction: Transaction, caller: Caller, wanted: PageQuery, *, rules: Rulebook) -> Drafts:
    """A page of the drafts of this caller."""
    page = list_drafts(transaction, caller, limit=wanted.limit, cursor=wanted.cursor, rules=rules)
    return Drafts(items=[_view(it) for it in page.items], next_cursor=page.next_cursor)


@router.get("/drafts/{draftId}")
async def get_draft(draft_id: DraftId, house: TheHouse, caller: TheCaller, response: Response) -> DraftView:
    """A draft of yours, and what is still missing before it can be submitted."""
    view = await house.database.read(lambda transaction: view_draft(transaction, caller, draft_id, rules=house.rules))
    show_version(response, view.version)
    return view


def view_draft(transaction: Transaction, caller: Caller, draft_id: UUID, *, rules: Rulebook) -> DraftView:
    """A draft of this caller. Raises NotFound for somebody else's."""
    return _view(read_draft(transaction, caller, draft_id, rules=rules))


@router.put("/drafts/{draftId}", name="save_draft", responses=may_refuse(403))
async def put_draft(
    draft_id: DraftId, body: DraftBody, house: TheHouse, caller: TheCaller, version: Version, response: Response
) -> DraftView:
    """Save a draft again, as incomplete as it may be."""
    view = await house.database.write(
        lambda transaction: _view(
            save_draft(transaction, caller, draft_id, {"form": body.form}, version=version, rules=house.rules)
        )
    )
    show_version(response, view.version)
    return view


@router.delete("/drafts/{draftId}", status_code=204)
async def delete_draft(draft_id: DraftId, house: TheHouse, caller: TheCaller, version: Version) -> None:
    """Remove a draft of yours, with its key: it cannot be brought back."""
    await house.database.write(lambda transaction: discard_draft(transaction, caller, draft_id, version=version))
