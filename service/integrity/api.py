"""/v1/cases/{caseId}/verification and /v1/digest: what is stored is what was recorded, and anybody may keep proof."""

import json
from uuid import UUID

from fastapi import Response
from pydantic import Field

from service.database.transaction import Transaction
from service.http.house import TheHouse
from service.http.json_models import InTwoLanguages, Labelled, Utc, View
from service.http.openapi import also_as, may_refuse
from service.http.parameters import CaseId, TheCaller, TheMediaType
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.integrity.store.case_history import Verification
from service.integrity.use_cases import read_digest, read_verification
from service.vocabulary.messages import MESSAGES

router = StrictRouter("cases")
digest_router = StrictRouter("administration")
LINES = "application/jsonl"


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


@router.get("/cases/{caseId}/verification")
async def verify_case(case_id: CaseId, house: TheHouse, caller: TheCaller) -> VerificationView:
    """Recompute the chain of the history and name the first entry that is not as it was recorded."""
    return await house.database.read(lambda transaction: view_verification(transaction, caller, case_id))


def view_verification(transaction: Transaction, caller: Caller, case_id: UUID) -> VerificationView:
    """What was found of the history of a case that this caller may see."""
    return verification_view(read_verification(transaction, caller, case_id))


@digest_router.get("/digest", response_model=DigestView, responses=also_as(LINES) | may_refuse(403))
async def get_digest(house: TheHouse, caller: TheCaller, media_type: TheMediaType) -> Response | DigestView:
    """How far each case has come, and a root over it all, to keep elsewhere. As JSON Lines `verify` reads it."""
    if media_type != LINES:
        return await house.database.read(lambda transaction: view_digest(transaction, caller))
    lines = await house.database.read(lambda transaction: list(read_digest(transaction, caller)))
    named = {"Content-Disposition": 'attachment; filename="heads.jsonl"'}
    return Response("".join(lines).encode(), headers=named, media_type=LINES)


def view_digest(transaction: Transaction, caller: Caller) -> DigestView:
    """The head of every case, and the root."""
    header, *heads, footer = read_digest(transaction, caller)
    told = {**json.loads(header), "heads": [json.loads(line) for line in heads], **json.loads(footer)}
    return DigestView.model_validate(told)


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
