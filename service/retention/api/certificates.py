"""/v1/destructions: certificates of destroyed cases."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from service.cases.rules.certificate import Certificate, Signature, SignerCapacity
from service.database.transaction import Transaction
from service.http.app_context import AppContextDependency
from service.http.json_models import InTwoLanguages, Labelled, Named, UtcDateTime, View
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency, PageQuery
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.people.store.people import People
from service.retention.use_cases.proposals import list_certificates
from service.vocabulary.messages import MESSAGES
from service.vocabulary.roles import Role

router = StrictRouter("retention")


class SignatureView(View):
    """The signature of one person in one capacity. `by` is null when this database no longer knows the person."""

    capacity: SignerCapacity
    role: Role
    person_id: UUID
    by: Named | None
    organisation_id: UUID
    signed_at: UtcDateTime


class CertificateView(View):
    """The certificate of a destroyed case. `certificate` is its SHA-256, as in the list of destructions."""

    case_id: UUID
    number: str
    proposal_id: UUID
    ground: Labelled
    request_id: UUID | None
    policy: str = Field(description="Version of the retention policy.")
    signed: list[SignatureView]
    destroyed_at: UtcDateTime
    day: date
    entries: int = Field(description="Number of entries of the history.")
    contents: int = Field(description="Number of entries with content.")
    head: str = Field(description="Head of the chain of the history.")
    certificate: str


class Certificates(View):
    """A page of certificates, newest first. `nextCursor` is null on the last page."""

    items: list[CertificateView]
    next_cursor: str | None


@router.get("/destructions", responses=refusal_responses(403))
async def list_destructions(
    context: AppContextDependency, caller: CallerDependency, query: Annotated[PageQuery, Query()]
) -> Certificates:
    """List the certificates of destroyed cases, for the team and its data-protection officer."""
    return await context.database.read(lambda transaction: view_destructions(transaction, caller, query))


def view_destructions(transaction: Transaction, caller: Caller, query: PageQuery) -> Certificates:
    """A page of the certificates that this caller may see."""
    result = list_certificates(transaction, caller, limit=query.limit, cursor=query.cursor)
    items = [
        certificate_view(transaction, certificate, result.case_numbers[certificate.case_id])
        for certificate in result.page.items
    ]
    return Certificates(items=items, next_cursor=result.page.next_cursor)


def certificate_view(transaction: Transaction, certificate: Certificate, number: str) -> CertificateView:
    return CertificateView(
        case_id=certificate.case_id,
        number=number,
        proposal_id=certificate.proposal_id,
        ground=ground_view(certificate.ground),
        request_id=certificate.request_id,
        policy=certificate.policy,
        signed=signature_views(transaction, certificate.signatures),
        destroyed_at=certificate.destroyed_at,
        day=certificate.day,
        entries=certificate.entries,
        contents=certificate.contents,
        head=certificate.head,
        certificate=certificate.digest,
    )


def signature_views(transaction: Transaction, signatures: tuple[Signature, ...]) -> list[SignatureView]:
    names = People(transaction).names({signature.person_id for signature in signatures})
    return [
        SignatureView(
            capacity=signature.capacity,
            role=signature.role,
            person_id=signature.person_id,
            by=Named(id=signature.person_id, name=names[signature.person_id]) if signature.person_id in names else None,
            organisation_id=signature.organisation_id,
            signed_at=signature.signed_at,
        )
        for signature in signatures
    ]


def ground_view(code: str) -> Labelled:
    return Labelled(code=code, label=InTwoLanguages.of(MESSAGES["destruction_grounds"][code]))
