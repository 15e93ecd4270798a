"""/v1/destruction-proposals: cases that may be destroyed, signed by two."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field, TypeAdapter

from service.cases.rules.certificate import Capacity
from service.database.idempotency import Outcome
from service.database.transaction import Transaction
from service.http.context import OnceOnly, TheCaller, TheHouse, read_body
from service.http.json_models import Body, Labelled, OptionalDay, View
from service.http.openapi import may_refuse, takes
from service.http.paging import PageQuery
from service.http.request_faults import CheckedRoute
from service.http.responses import answer, answer_once
from service.retention.api.certificates import (
    CertificateView,
    SignatureView,
    certificate_view,
    ground_view,
    signature_views,
)
from service.retention.api.legal_holds import CodedReasonView, RecordedView, coded_reason, reason_view, recorded_view
from service.retention.rules.destruction import CodedReason, Proposal
from service.retention.store.certificate_list import DestructionList
from service.retention.store.destructions import Destructions
from service.retention.use_cases.proposals import list_proposals, propose_on_request, read_proposal
from service.retention.use_cases.signing import sign, withdraw
from service.vocabulary.coded_answers import DestructionWithdrawalReason


async def _certificate_list(request: Request) -> DestructionList:
    kept: DestructionList = request.app.state.certificate_list
    return kept


TheCertificateList = Annotated[DestructionList, Depends(_certificate_list)]


class DestructionProposalBody(Body):
    """The case, and the request that was granted."""

    case_id: UUID
    request_id: UUID = Field(description="The part (file request) that asked for destruction and was granted in full.")


class DestructionSignatureBody(Body):
    """As what you sign: for the team, or as its data-protection officer."""

    capacity: Capacity


class DestructionWithdrawalBody(Body):
    """Why the proposal is taken back."""

    reason: DestructionWithdrawalReason

    def to_reason(self) -> CodedReason:
        return coded_reason(self.reason)


DESTRUCTION_PROPOSAL = TypeAdapter(DestructionProposalBody)


DESTRUCTION_SIGNATURE = TypeAdapter(DestructionSignatureBody)


DESTRUCTION_WITHDRAWAL = TypeAdapter(DestructionWithdrawalBody)

router = APIRouter(tags=["retention"], route_class=CheckedRoute)


class ProposalView(View):
    """A case that may be destroyed once both capacities have signed, by two different people."""

    id: UUID
    case_id: UUID
    number: str
    ground: Labelled
    request_id: UUID | None
    policy: str = Field(description="Version of the retention policy.")
    keep_until: OptionalDay = Field(description="When its term passed; null on request.")
    state: Literal["open", "withdrawn", "carried_out"]
    proposed: RecordedView
    signed: list[SignatureView]
    withdrawn: RecordedView | None
    withdrawn_because: CodedReasonView | None
    certificate: CertificateView | None


class Proposals(View):
    """A page, the newest first. `nextCursor` is null on the last page."""

    items: list[ProposalView]
    next_cursor: str | None


class ProposalsQuery(PageQuery):
    """Which, how many, and from where."""

    state: Literal["open", "all"] = "open"


@router.get(
    "/destruction-proposals", response_model=Proposals, responses=may_refuse(400, 401, 403),
    name="list_destruction_proposals",
)  # fmt: skip
async def get_proposals(house: TheHouse, caller: TheCaller, wanted: Annotated[ProposalsQuery, Query()]) -> Response:
    """The cases that are proposed to be destroyed, for the team and its data-protection officer: both sign."""

    def work(transaction: Transaction) -> Response:
        open_only = wanted.state == "open"
        found = list_proposals(transaction, caller, open_only=open_only, limit=wanted.limit, cursor=wanted.cursor)
        items = [_proposal_view(transaction, it, found.numbers[it.case_id]) for it in found.page.items]
        return answer(Proposals(items=items, next_cursor=found.page.next_cursor))

    return await house.database.read(work)


@router.get(
    "/destruction-proposals/{proposal_id}", response_model=ProposalView, responses=may_refuse(400, 401, 403, 404),
    name="get_destruction_proposal",
)  # fmt: skip
async def get_proposal(proposal_id: UUID, house: TheHouse, caller: TheCaller) -> Response:
    """A proposal with its signatures, and the certificate once it was carried out."""

    def work(transaction: Transaction) -> Response:
        found = read_proposal(transaction, caller, proposal_id)
        return answer(_view(transaction, found), version=_version(found))

    return await house.database.read(work)


@router.post(
    "/destruction-proposals", status_code=201, response_model=ProposalView, name="add_destruction_proposal",
    openapi_extra=takes("destruction_proposal"), responses=may_refuse(400, 401, 403, 404, 409, 410, 413, 415),
)  # fmt: skip
async def add_proposal(request: Request, house: TheHouse, caller: TheCaller, once: OnceOnly) -> Response:
    """Propose to destroy a case because a request for it was granted in full; what is due is proposed every night."""
    body = await read_body(request, DESTRUCTION_PROPOSAL)
    return await house.database.write(
        lambda transaction: _made(
            transaction, propose_on_request(transaction, caller, body.case_id, body.request_id, once, rules=house.rules)
        )
    )


@router.post(
    "/destruction-proposals/{proposal_id}/signatures", status_code=201, response_model=ProposalView,
    name="sign_destruction_proposal", openapi_extra=takes("destruction_signature"),
    responses=may_refuse(400, 401, 403, 404, 409, 410, 413, 415, 503),
)  # fmt: skip
async def add_signature(
    request: Request,
    proposal_id: UUID,
    house: TheHouse,
    certificate_list: TheCertificateList,
    caller: TheCaller,
    once: OnceOnly,
) -> Response:
    """Agree, for the team or as its officer. The second signature destroys the case, at once and for good."""
    body = await read_body(request, DESTRUCTION_SIGNATURE)

    def work(transaction: Transaction) -> tuple[Response, bool]:
        signed = sign(transaction, caller, proposal_id, body.capacity, once, outside=certificate_list)
        return _made(transaction, signed), signed.value.certificate is not None

    answered, destroyed = await house.database.write(work)
    if destroyed:
        await house.database.scrub()
    return answered


@router.post(
    "/destruction-proposals/{proposal_id}/withdrawal", status_code=201, response_model=ProposalView,
    name="withdraw_destruction_proposal", openapi_extra=takes("destruction_withdrawal"),
    responses=may_refuse(400, 401, 403, 404, 409, 410, 413, 415),
)  # fmt: skip
async def add_withdrawal(
    request: Request, proposal_id: UUID, house: TheHouse, caller: TheCaller, once: OnceOnly
) -> Response:
    """Take a proposal back; the case stays, and can be proposed again."""
    body = await read_body(request, DESTRUCTION_WITHDRAWAL)
    return await house.database.write(
        lambda transaction: _made(transaction, withdraw(transaction, caller, proposal_id, body.to_reason(), once))
    )


def _made(transaction: Transaction, made: Outcome[Proposal]) -> Response:
    proposal = made.value
    where = f"/destruction-proposals/{proposal.id}"
    return answer_once(made, _view(transaction, proposal), version=_version(proposal), location=where)


def _version(it: Proposal) -> int:
    """Grows with everything that is added to a proposal."""
    return 1 + len(it.signed) + (it.withdrawn is not None)


def _view(transaction: Transaction, it: Proposal) -> ProposalView:
    return _proposal_view(transaction, it, Destructions(transaction).numbers({it.case_id})[it.case_id])


def _proposal_view(transaction: Transaction, it: Proposal, number: str) -> ProposalView:
    because = it.withdrawn_because
    return ProposalView(
        id=it.id,
        case_id=it.case_id,
        number=number,
        ground=ground_view(it.ground),
        request_id=it.request_id,
        policy=it.policy,
        keep_until=it.keep_until,
        state="withdrawn" if it.withdrawn else "carried_out" if it.certificate else "open",
        proposed=recorded_view(transaction, it.recorded),
        signed=signature_views(transaction, it.signed),
        withdrawn=recorded_view(transaction, it.withdrawn) if it.withdrawn else None,
        withdrawn_because=reason_view(because, "destruction_withdrawal_reason") if because else None,
        certificate=certificate_view(transaction, it.certificate, number) if it.certificate else None,
    )
