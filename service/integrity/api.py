"""/v1/cases/{caseId}/verification and /v1/digest: what is stored is what was recorded, and anybody may keep proof."""

import json
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from service.http.context import TheCaller, TheHouse, accepted
from service.http.json_models import InTwoLanguages, Labelled, Utc, View
from service.http.openapi import may_refuse
from service.http.request_faults import CheckedRoute
from service.http.responses import answer
from service.integrity.store.case_history import Verification
from service.integrity.use_cases import read_digest, read_verification
from service.vocabulary.messages import MESSAGES

router = APIRouter(tags=["cases"], route_class=CheckedRoute)
JSON, LINES = "application/json", "application/jsonl"


class VerificationView(View):
    """Whether the stored history is whole: chain, numbers, edges, heads; and the first entry that is not."""

    sound: bool
    destroyed: bool
    entries: int
    head: str
    first_bad_sequence: int | None
    reason: str | None
    finding: Labelled | None
    next: InTwoLanguages


class HeadView(View):
    """How far a case had come, and the digest of its last entry."""

    case: UUID
    sequence: int
    digest: str


class DigestView(View):
    """The head of every case. Keep it, or its root, where nobody who can reach the database can reach it."""

    format: str
    at: Utc
    database: str = Field(description="Its revision.")
    heads: list[HeadView]
    cases: int
    root: str = Field(description="SHA-256 of the lines before it, as they come with `Accept: application/jsonl`.")


@router.get("/cases/{case_id}/verification", response_model=VerificationView, responses=may_refuse(400, 401, 404))
async def verify_case(case_id: UUID, house: TheHouse, caller: TheCaller) -> Response:
    """Recompute the chain of the history and name the first entry that is not as it was recorded."""
    found = await house.database.read(lambda transaction: read_verification(transaction, caller, case_id))
    return answer(verification_view(found))


@router.get(
    "/digest",
    response_model=DigestView,
    responses={200: {"content": {LINES: {"schema": {"type": "string"}}}}, **may_refuse(400, 401, 403)},
    tags=["administration"],
)
async def get_digest(request: Request, house: TheHouse, caller: TheCaller) -> Response:
    """How far each case has come, and a root over it all, to keep elsewhere. As JSON Lines `verify` reads it."""
    header, *heads, footer = await house.database.read(lambda transaction: list(read_digest(transaction, caller)))
    if accepted(request, (JSON, LINES)) == LINES:
        named = {"Content-Disposition": 'attachment; filename="heads.jsonl"'}
        return Response("".join((header, *heads, footer)).encode(), headers=named, media_type=LINES)
    told = {**json.loads(header), "heads": [json.loads(line) for line in heads], **json.loads(footer)}
    return answer(DigestView.model_validate(told))


get_digest.offers = (JSON, LINES)  # type: ignore[attr-defined]  # read by dependencies.check_request


def verification_view(found: Verification) -> VerificationView:
    return VerificationView(
        sound=found.sound,
        destroyed=found.destroyed,
        entries=found.entries,
        head=found.head,
        first_bad_sequence=found.first_bad_sequence,
        reason=found.reason,
        finding=Labelled.of(found.fault, MESSAGES["verification"][found.fault]) if found.fault else None,
        next=InTwoLanguages.of(MESSAGES["verification_next"]["sound" if found.sound else "unsound"]),
    )
