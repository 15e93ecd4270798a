"""Routes of /v1/drafts: referrals that are not submitted yet. Only their owner sees them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Response
from pydantic import Field

from service.cases.api.form_shapes import DraftContent
from service.cases.api.views import GuardView
from service.cases.store.drafts import DraftOrder
from service.cases.use_cases.drafts import (
    DraftWithFaults,
    begin_draft,
    create_draft_key,
    discard_draft,
    list_drafts,
    read_draft,
    save_draft,
)
from service.database.idempotency import IdempotentResult
from service.database.transaction import Transaction
from service.http.app_context import AppContextDependency
from service.http.json_models import Body, UtcDateTime, View
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency, IdempotencyKeyHeader, IfMatchVersion, PageQuery
from service.http.responses import answer_idempotently, set_version_tag
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
    saved_at: UtcDateTime
    expires_at: UtcDateTime
    form: DraftContent = Field(description="The form as it was last saved; it may be incomplete.")
    complete: bool
    missing: list[MissingView]


class Drafts(View):
    """A page of your drafts, last saved first. `nextCursor` is null on the last page."""

    items: list[DraftView]
    next_cursor: str | None


def _draft_view(checked: DraftWithFaults) -> DraftView:
    draft = checked.draft
    return DraftView(
        id=draft.id,
        version=draft.version,
        saved_at=draft.saved_at,
        expires_at=draft.expires_at,
        form=draft.body.get("form", {}),
        complete=not checked.faults,
        missing=[
            MissingView(location=fault.location, code=fault.code, nl=fault.words.nl, en=fault.words.en)
            for fault in checked.faults
        ],
    )


@router.post("/drafts", status_code=201, responses=refusal_responses(403))
async def create_draft(
    body: DraftBody,
    context: AppContextDependency,
    caller: CallerDependency,
    idempotency_key: IdempotencyKeyHeader,
    response: Response,
) -> DraftView:
    """Begin a draft. You may do so if you may submit a case, up to the number that the settings allow per person."""
    draft_id = context.database.keyring.derive_id("draft", caller.issuer, caller.subject, idempotency_key.key)

    def create_key(transaction: Transaction) -> None:
        create_draft_key(transaction, caller, idempotency_key, draft_id=draft_id, rules=context.rules)

    def work(transaction: Transaction) -> IdempotentResult[DraftView]:
        outcome = begin_draft(
            transaction, caller, {"form": body.form}, idempotency_key, draft_id=draft_id, rules=context.rules
        )
        return IdempotentResult(_draft_view(outcome.value), outcome.repeated)

    outcome = await context.database.write_with_keys(create_key, work)
    return answer_idempotently(response, outcome, version=outcome.value.version, location=f"/drafts/{draft_id}")


class DraftsQuery(PageQuery):
    """A page of your drafts, in one of two orders."""

    order: DraftOrder = Field(
        default="saved",
        description="`saved`: the last saved first. `id`: an order that never changes, for programs that read all "
        "pages. A cursor keeps to its order.",
    )


@router.get("/drafts", name="list_drafts")
async def get_drafts(
    context: AppContextDependency, caller: CallerDependency, query: Annotated[DraftsQuery, Query()]
) -> Drafts:
    """Your drafts, last saved first or by id."""
    return await context.database.read(lambda transaction: view_drafts(transaction, caller, query, rules=context.rules))


def view_drafts(transaction: Transaction, caller: Caller, query: DraftsQuery, *, rules: Rulebook) -> Drafts:
    """A page of the drafts of this caller."""
    page = list_drafts(transaction, caller, limit=query.limit, cursor=query.cursor, order=query.order, rules=rules)
    return Drafts(items=[_draft_view(draft) for draft in page.items], next_cursor=page.next_cursor)


@router.get("/drafts/{draftId}")
async def get_draft(
    draft_id: DraftId, context: AppContextDependency, caller: CallerDependency, response: Response
) -> DraftView:
    """One of your drafts, with the faults that still prevent its submission."""
    view = await context.database.read(
        lambda transaction: view_draft(transaction, caller, draft_id, rules=context.rules)
    )
    set_version_tag(response, view.version)
    return view


def view_draft(transaction: Transaction, caller: Caller, draft_id: UUID, *, rules: Rulebook) -> DraftView:
    """A draft of this caller. Raises NotFound for the draft of another person."""
    return _draft_view(read_draft(transaction, caller, draft_id, rules=rules))


@router.put("/drafts/{draftId}", name="save_draft", responses=refusal_responses(403))
async def put_draft(
    draft_id: DraftId,
    body: DraftBody,
    context: AppContextDependency,
    caller: CallerDependency,
    version: IfMatchVersion,
    response: Response,
) -> DraftView:
    """Save a draft again. It may be incomplete."""
    view = await context.database.write(
        lambda transaction: _draft_view(
            save_draft(transaction, caller, draft_id, {"form": body.form}, version=version, rules=context.rules)
        )
    )
    set_version_tag(response, view.version)
    return view


@router.delete("/drafts/{draftId}", status_code=204)
async def delete_draft(
    draft_id: DraftId, context: AppContextDependency, caller: CallerDependency, version: IfMatchVersion
) -> None:
    """Remove one of your drafts, with its encryption key. It cannot be restored."""
    await context.database.write(lambda transaction: discard_draft(transaction, caller, draft_id, version=version))
