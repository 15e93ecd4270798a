"""/v1/drafts: referrals that are not sent yet, yours alone; saved however incomplete, with what is still missing."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, TypeAdapter

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
from service.http.context import OnceOnly, TheCaller, TheHouse, Version, read_body
from service.http.json_models import Body, Utc, View
from service.http.openapi import may_refuse, takes
from service.http.paging import PageQuery
from service.http.request_faults import CheckedRoute
from service.http.responses import answer, answer_once


class DraftBody(Body):
    """A draft of a referral: whatever has been typed so far."""

    form: dict[str, Any] = Field(description="Any part of the form referral@1, in any state.")


DRAFT = TypeAdapter(DraftBody)

router = APIRouter(tags=["drafts"], route_class=CheckedRoute)


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
    form: dict[str, object]
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


@router.post(
    "/drafts", status_code=201, response_model=DraftView, openapi_extra=takes("draft"),
    responses=may_refuse(400, 401, 403, 409, 413, 415),
)  # fmt: skip
async def create_draft(request: Request, house: TheHouse, caller: TheCaller, once: OnceOnly) -> Response:
    """Begin a draft with whatever there is. Whoever may submit makes drafts, as many as the settings allow a person."""
    body = await read_body(request, DRAFT)
    draft_id = house.database.keyring.id_for("draft", caller.issuer, caller.subject, once.key)
    await house.database.write(
        lambda transaction: make_draft_key(transaction, caller, once, draft_id=draft_id, rules=house.rules)
    )
    made = await house.database.write(
        lambda transaction: begin_draft(
            transaction, caller, {"form": body.form}, once, draft_id=draft_id, rules=house.rules
        )
    )
    version, where = made.value.draft.version, f"/drafts/{draft_id}"
    return answer_once(made, _view(made.value), version=version, location=where)


@router.get("/drafts", response_model=Drafts, responses=may_refuse(400, 401), name="list_drafts")
async def get_drafts(house: TheHouse, caller: TheCaller, asked: Annotated[PageQuery, Query()]) -> Response:
    """Your drafts, the last saved first."""
    page = await house.database.read(
        lambda transaction: list_drafts(transaction, caller, limit=asked.limit, cursor=asked.cursor, rules=house.rules)
    )
    return answer(Drafts(items=[_view(it) for it in page.items], next_cursor=page.next_cursor))


@router.get("/drafts/{draft_id}", response_model=DraftView, responses=may_refuse(400, 401, 404))
async def get_draft(draft_id: UUID, house: TheHouse, caller: TheCaller) -> Response:
    """A draft of yours, and what is still missing before it can be submitted."""
    found = await house.database.read(lambda transaction: read_draft(transaction, caller, draft_id, rules=house.rules))
    return answer(_view(found), version=found.draft.version)


@router.put(
    "/drafts/{draft_id}", response_model=DraftView, openapi_extra=takes("draft"), name="save_draft",
    responses=may_refuse(400, 401, 403, 404, 412, 413, 415, 428),
)  # fmt: skip
async def put_draft(request: Request, draft_id: UUID, house: TheHouse, caller: TheCaller, version: Version) -> Response:
    """Save a draft again, as incomplete as it may be."""
    body = await read_body(request, DRAFT)
    saved = await house.database.write(
        lambda transaction: save_draft(
            transaction, caller, draft_id, {"form": body.form}, version=version, rules=house.rules
        )
    )
    return answer(_view(saved), version=saved.draft.version)


@router.delete("/drafts/{draft_id}", status_code=204, responses=may_refuse(400, 401, 404, 412, 428))
async def delete_draft(draft_id: UUID, house: TheHouse, caller: TheCaller, version: Version) -> Response:
    """Remove a draft of yours, with its key: it cannot be brought back."""
    await house.database.write(lambda transaction: discard_draft(transaction, caller, draft_id, version=version))
    return Response(status_code=204)
