"""/v1/destructions: the certificates of cases that were destroyed."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from service.cases.rules.certificate import Capacity, Certificate, Signature
from service.database.transaction import Transaction
from service.http.house import TheHouse
from service.http.json_models import InTwoLanguages, Labelled, Named, Utc, View
from service.http.openapi import may_refuse
from service.http.parameters import PageQuery, TheCaller
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.people.store.people import People
from service.retention.use_cases.proposals import list_certificates
from service.vocabulary.messages import MESSAGES
from service.vocabulary.roles import Role

router = StrictRouter("retention")


class SignatureView(View):
    """Who agreed, and as what. `by` is null for somebody whom this database does not know any more."""

    capacity: Capacity
    role: Role
    person_id: UUID
    by: Named | None
    organisation_id: UUID
    signed_at: Utc


class CertificateView(View):
    """What is left of a case to show. `certificate` is the SHA-256 of the rest, as in the list outside."""

    case_id: UUID
    number: str
    proposal_id: UUID
    ground: Labelled
    request_id: UUID | None
    policy: str = Field(description="Version of the retention policy.")
    signed: list[SignatureView]
    destroyed_at: Utc
    day: date
    entries: int = Field(description="How many the history had.")
    contents: int = Field(description="How many of them had content.")
    head: str = Field(description="Head of the chain of the history.")
    certificate: str


class Certificates(View):
    """A page, the newest first. `nextCursor` is null on the last page."""

    items: list[CertificateView]
    next_cursor: str | None


@router.get("/destructions", responses=may_refuse(403))
async def list_destructions(house: TheHouse, caller: TheCaller, wanted: Annotated[PageQuery, Query()]) -> Certificates:
    """The certificates of what was destroyed, for the team and its data-protection officer."""
    return await house.database.read(lambda transaction: view_destructions(transaction, caller, wanted))


def view_destructions(transaction: Transaction, caller: Caller, wanted: PageQuery) -> Certificates:
    """A page of the certificates that this caller may see."""
    found = list_certificates(transaction, caller, limit=wanted.limit, cursor=wanted.cursor)
    items = [certificate_view(transaction, it, found.numbers[it.case_id]) for it in found.page.items]
    return Certificates(items=items, next_cursor=found.page.next_cursor)


def certificate_view(transaction: Transaction, it: Certificate, number: str) -> CertificateView:
    return CertificateView(
        case_id=it.case_id,
        number=number,
        proposal_id=it.proposal_id,
        ground=ground_view(it.ground),
        request_id=it.request_id,
        policy=it.policy,
        signed=signature_views(transaction, it.signed),
        destroyed_at=it.destroyed_at,
        day=it.day,
        entries=it.entries,
        contents=it.contents,
        head=it.head,
        certificate=it.digest,
    )


def signature_views(transaction: Transaction, signed: tuple[Signature, ...]) -> list[SignatureView]:
    names = People(transaction).names({it.person_id for it in signed})
    return [
        SignatureView(
            capacity=it.capacity,
            role=it.role,
            person_id=it.person_id,
            by=Named(id=it.person_id, name=names[it.person_id]) if it.person_id in names else None,
            organisation_id=it.organisation_id,
            signed_at=it.at,
        )
        for it in signed
    ]


def ground_view(code: str) -> Labelled:
    words = MESSAGES["destruction_grounds"][code]
    return Labelled(code=code, label=InTwoLanguages.of(words))
