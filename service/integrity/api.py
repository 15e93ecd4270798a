"""/v1/cases/{caseId}/verification and /v1/digest: verification of a history, and a digest of heads."""

import json
from uuid import UUID

from fastapi import Response
from pydantic import Field

from service.database.transaction import Transaction
from service.http.app_context import AppContextDependency
from service.http.json_models import InTwoLanguages, Labelled, UtcDateTime, View
from service.http.openapi import media_type_responses, refusal_responses
from service.http.parameters import CallerDependency, CaseId, MediaTypeDependency
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.integrity.store.case_history import Verification
from service.integrity.use_cases import read_digest, read_verification
from service.vocabulary.messages import MESSAGES

router = StrictRouter("cases")
digest_router = StrictRouter("administration")
JSON_LINES = "application/jsonl"


class VerificationView(View):
    """The verification of a stored history: chain, numbers, edges and heads, and the first entry with a fault."""

    sound: bool
    destroyed: bool
    entries: int
    head: str
    first_bad_sequence: int | None
    reason: str | None
    finding: Labelled | None
    next: InTwoLanguages


class HeadView(View):
    """The head of a case: the sequence and the digest of its last entry."""

    case: UUID
    sequence: int
    digest: str


class DigestView(View):
    """The head of each case, and a root over them. Keep it out of reach of those who can reach the database."""

    format: str
    at: UtcDateTime
    database: str = Field(description="Revision of the database.")
    heads: list[HeadView]
    cases: int
    root: str = Field(description="SHA-256 of the lines before it, as they come with `Accept: application/jsonl`.")


@router.get("/cases/{caseId}/verification")
async def verify_case(case_id: CaseId, context: AppContextDependency, caller: CallerDependency) -> VerificationView:
    """Recompute the chain of the history and name the first entry that differs from what was recorded."""
    return await context.database.read(lambda transaction: view_verification(transaction, caller, case_id))


def view_verification(transaction: Transaction, caller: Caller, case_id: UUID) -> VerificationView:
    """The verification of a case that this caller may see."""
    return verification_view(read_verification(transaction, caller, case_id))


@digest_router.get(
    "/digest", response_model=DigestView, responses=media_type_responses(JSON_LINES) | refusal_responses(403)
)
async def get_digest(
    context: AppContextDependency, caller: CallerDependency, media_type: MediaTypeDependency
) -> Response | DigestView:
    """The head of each case of your teams and a root over them, to keep elsewhere. `verify` reads the JSON Lines."""
    if media_type != JSON_LINES:
        return await context.database.read(lambda transaction: view_digest(transaction, caller))
    lines = await context.database.read(lambda transaction: list(read_digest(transaction, caller)))
    headers = {"Content-Disposition": 'attachment; filename="heads.jsonl"'}
    return Response("".join(lines).encode(), headers=headers, media_type=JSON_LINES)


def view_digest(transaction: Transaction, caller: Caller) -> DigestView:
    """The digest of the cases of this caller's teams."""
    header, *heads, footer = read_digest(transaction, caller)
    fields = {**json.loads(header), "heads": [json.loads(line) for line in heads], **json.loads(footer)}
    return DigestView.model_validate(fields)


def verification_view(verification: Verification) -> VerificationView:
    fault = verification.fault
    return VerificationView(
        sound=verification.sound,
        destroyed=verification.destroyed,
        entries=verification.entries,
        head=verification.head,
        first_bad_sequence=verification.first_bad_sequence,
        reason=verification.reason,
        finding=Labelled.of(fault, MESSAGES["verification"][fault]) if fault else None,
        next=InTwoLanguages.of(MESSAGES["verification_next"]["sound" if verification.sound else "unsound"]),
    )
