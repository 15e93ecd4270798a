"""/v1/destruction-proposals: proposals to destroy a case, their signatures and withdrawals."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic import Field

from service.cases.rules.certificate import SignerCapacity
from service.database.idempotency import IdempotentResult
from service.database.transaction import Transaction
from service.http.app_context import AppContextDependency
from service.http.json_models import Body, Labelled, OptionalDay, View
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency, IdempotencyKeyHeader, PageQuery
from service.http.responses import answer_idempotently, set_version_tag
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.retention.api.certificates import (
    CertificateView,
    SignatureView,
    certificate_view,
    ground_view,
    signature_views,
)
from service.retention.api.legal_holds import CodedReasonView, RecordedView, coded_reason, reason_view, recorded_view
from service.retention.rules.destruction import CodedReason, Proposal
from service.retention.store.destruction_list import DestructionList
from service.retention.store.destructions import Destructions
from service.retention.use_cases.proposals import list_proposals, propose_on_request, read_proposal
from service.retention.use_cases.signatures import sign_proposal, withdraw_proposal
from service.vocabulary.coded_answers import DestructionWithdrawalReason


async def _destruction_list(request: Request) -> DestructionList:
    destruction_list: DestructionList = request.app.state.certificate_list
    return destruction_list


TheDestructionList = Annotated[DestructionList, Depends(_destruction_list)]


class DestructionProposalBody(Body):
    """The case to destroy, and the granted request for its destruction."""

    case_id: UUID
    request_id: UUID = Field(description="The part (file request) that asked for destruction and was granted in full.")


class DestructionSignatureBody(Body):
    """The capacity in which you sign: for the team, or as its data-protection officer."""

    capacity: SignerCapacity


class DestructionWithdrawalBody(Body):
    """The reason for withdrawing the proposal."""

    reason: DestructionWithdrawalReason

    def to_reason(self) -> CodedReason:
        return coded_reason(self.reason)


router = StrictRouter("retention")
ProposalId = Annotated[UUID, Path(alias="proposalId")]


class ProposalView(View):
    """A proposal to destroy a case. It is carried out once two different people have signed, one in each capacity."""

    id: UUID
    case_id: UUID
    number: str
    ground: Labelled
    request_id: UUID | None
    policy: str = Field(description="Version of the retention policy.")
    keep_until: OptionalDay = Field(description="Day on which its term passed; null for a destruction on request.")
    state: Literal["open", "withdrawn", "carried_out"]
    proposed: RecordedView
    signed: list[SignatureView]
    withdrawn: RecordedView | None
    withdrawn_because: CodedReasonView | None
    certificate: CertificateView | None

    @property
    def version(self) -> int:
        """Grows by one with each signature and with the withdrawal."""
        return 1 + len(self.signed) + (self.withdrawn is not None)


class Proposals(View):
    """A page of proposals, newest first. `nextCursor` is null on the last page."""

    items: list[ProposalView]
    next_cursor: str | None


class ProposalsQuery(PageQuery):
    """Filter and page of a list of proposals."""

    state: Literal["open", "all"] = "open"


@router.get("/destruction-proposals", responses=refusal_responses(403), name="list_destruction_proposals")
async def get_proposals(
    context: AppContextDependency, caller: CallerDependency, query: Annotated[ProposalsQuery, Query()]
) -> Proposals:
    """List the destruction proposals, for the team and its data-protection officer, who both sign."""
    return await context.database.read(lambda transaction: view_proposals(transaction, caller, query))


def view_proposals(transaction: Transaction, caller: Caller, query: ProposalsQuery) -> Proposals:
    """A page of the proposals that this caller may see."""
    open_only = query.state == "open"
    result = list_proposals(transaction, caller, open_only=open_only, limit=query.limit, cursor=query.cursor)
    items = [
        _proposal_view(transaction, proposal, result.case_numbers[proposal.case_id]) for proposal in result.page.items
    ]
    return Proposals(items=items, next_cursor=result.page.next_cursor)


@router.get("/destruction-proposals/{proposalId}", responses=refusal_responses(403), name="get_destruction_proposal")
async def get_proposal(
    proposal_id: ProposalId, context: AppContextDependency, caller: CallerDependency, response: Response
) -> ProposalView:
    """One proposal with its signatures, and the certificate once it is carried out."""
    view = await context.database.read(lambda transaction: view_proposal(transaction, caller, proposal_id))
    set_version_tag(response, view.version)
    return view


def view_proposal(transaction: Transaction, caller: Caller, proposal_id: UUID) -> ProposalView:
    """The proposal, when this caller may see it."""
    return _numbered_view(transaction, read_proposal(transaction, caller, proposal_id))


@router.post(
    "/destruction-proposals",
    status_code=201,
    responses=refusal_responses(403, 404, 410),
    name="add_destruction_proposal",
)
async def add_proposal(
    body: DestructionProposalBody,
    context: AppContextDependency,
    caller: CallerDependency,
    idempotency_key: IdempotencyKeyHeader,
    response: Response,
) -> ProposalView:
    """Propose to destroy a case because a request for it was granted in full.

    Cases whose term has passed are proposed by a nightly command.
    """
    outcome = await context.database.write(
        lambda transaction: proposal_outcome_view(
            transaction,
            propose_on_request(
                transaction, caller, body.case_id, body.request_id, idempotency_key, rules=context.rules
            ),
        )
    )
    return _answer(response, outcome)


@router.post(
    "/destruction-proposals/{proposalId}/signatures",
    status_code=201,
    responses=refusal_responses(403, 410),
    name="sign_destruction_proposal",
)
async def add_signature(
    proposal_id: ProposalId,
    body: DestructionSignatureBody,
    context: AppContextDependency,
    destruction_list: TheDestructionList,
    caller: CallerDependency,
    idempotency_key: IdempotencyKeyHeader,
    response: Response,
) -> ProposalView:
    """Sign for the team or as its data-protection officer. The second signature destroys the case for good."""
    outcome = await context.database.write(
        lambda transaction: proposal_outcome_view(
            transaction,
            sign_proposal(
                transaction, caller, proposal_id, body.capacity, idempotency_key, destruction_list=destruction_list
            ),
        )
    )
    return _answer(response, outcome)


@router.post(
    "/destruction-proposals/{proposalId}/withdrawal",
    status_code=201,
    responses=refusal_responses(403, 410),
    name="withdraw_destruction_proposal",
)
async def add_withdrawal(
    proposal_id: ProposalId,
    body: DestructionWithdrawalBody,
    context: AppContextDependency,
    caller: CallerDependency,
    idempotency_key: IdempotencyKeyHeader,
    response: Response,
) -> ProposalView:
    """Withdraw a proposal. The case stays and can be proposed again."""
    outcome = await context.database.write(
        lambda transaction: proposal_outcome_view(
            transaction, withdraw_proposal(transaction, caller, proposal_id, body.to_reason(), idempotency_key)
        )
    )
    return _answer(response, outcome)


def proposal_outcome_view(
    transaction: Transaction, outcome: IdempotentResult[Proposal]
) -> IdempotentResult[ProposalView]:
    """The outcome of proposing, signing or withdrawing, with the proposal as a view."""
    return IdempotentResult(_numbered_view(transaction, outcome.value), outcome.repeated)


def _answer(response: Response, outcome: IdempotentResult[ProposalView]) -> ProposalView:
    view = outcome.value
    return answer_idempotently(response, outcome, version=view.version, location=f"/destruction-proposals/{view.id}")


def _numbered_view(transaction: Transaction, proposal: Proposal) -> ProposalView:
    numbers = Destructions(transaction).case_numbers({proposal.case_id})
    return _proposal_view(transaction, proposal, numbers[proposal.case_id])


def _proposal_view(transaction: Transaction, proposal: Proposal, number: str) -> ProposalView:
    reason, certificate = proposal.withdrawn_because, proposal.certificate
    return ProposalView(
        id=proposal.id,
        case_id=proposal.case_id,
        number=number,
        ground=ground_view(proposal.ground),
        request_id=proposal.request_id,
        policy=proposal.policy,
        keep_until=proposal.keep_until,
        state="withdrawn" if proposal.withdrawn else "carried_out" if certificate else "open",
        proposed=recorded_view(transaction, proposal.recorded),
        signed=signature_views(transaction, proposal.signed),
        withdrawn=recorded_view(transaction, proposal.withdrawn) if proposal.withdrawn else None,
        withdrawn_because=reason_view(reason, "destruction_withdrawal_reason") if reason else None,
        certificate=certificate_view(transaction, certificate, number) if certificate else None,
    )
