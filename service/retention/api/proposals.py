"""/v1/destruction-proposals: cases that may be destroyed, signed by two."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic import Field

from service.cases.rules.certificate import Capacity
from service.database.idempotency import Outcome
from service.database.transaction import Transaction
from service.http.house import TheHouse
from service.http.json_models import Body, Labelled, OptionalDay, View
from service.http.openapi import may_refuse
from service.http.parameters import OnceOnly, PageQuery, TheCaller
from service.http.responses import answer_once, show_version
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


router = StrictRouter("retention")
ProposalId = Annotated[UUID, Path(alias="proposalId")]


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

    @property
    def version(self) -> int:
        """Grows with everything that is added to a proposal."""
        return 1 + len(self.signed) + (self.withdrawn is not None)


class Proposals(View):
    """A page, the newest first. `nextCursor` is null on the last page."""

    items: list[ProposalView]
    next_cursor: str | None


class ProposalsQuery(PageQuery):
    """Which, how many, and from where."""

    state: Literal["open", "all"] = "open"


@router.get("/destruction-proposals", responses=may_refuse(403), name="list_destruction_proposals")
async def get_proposals(house: TheHouse, caller: TheCaller, wanted: Annotated[ProposalsQuery, Query()]) -> Proposals:
    """The cases that are proposed to be destroyed, for the team and its data-protection officer: both sign."""
    return await house.database.read(lambda transaction: view_proposals(transaction, caller, wanted))


def view_proposals(transaction: Transaction, caller: Caller, wanted: ProposalsQuery) -> Proposals:
    """A page of the proposals that this caller may see."""
    open_only = wanted.state == "open"
    found = list_proposals(transaction, caller, open_only=open_only, limit=wanted.limit, cursor=wanted.cursor)
    items = [_proposal_view(transaction, it, found.numbers[it.case_id]) for it in found.page.items]
    return Proposals(items=items, next_cursor=found.page.next_cursor)


@router.get("/destruction-proposals/{proposalId}", responses=may_refuse(403), name="get_destruction_proposal")
async def get_proposal(proposal_id: ProposalId, house: TheHouse, caller: TheCaller, response: Response) -> ProposalView:
    """A proposal with its signatures, and the certificate once it was carried out."""
    view = await house.database.read(lambda transaction: view_proposal(transaction, caller, proposal_id))
    show_version(response, view.version)
    return view


def view_proposal(transaction: Transaction, caller: Caller, proposal_id: UUID) -> ProposalView:
    """The proposal, for who may see it."""
    return _view(transaction, read_proposal(transaction, caller, proposal_id))


@router.post(
    "/destruction-proposals", status_code=201, responses=may_refuse(403, 404, 410), name="add_destruction_proposal"
)
async def add_proposal(
    body: DestructionProposalBody, house: TheHouse, caller: TheCaller, once: OnceOnly, response: Response
) -> ProposalView:
    """Propose to destroy a case because a request for it was granted in full; what is due is proposed every night."""
    outcome = await house.database.write(
        lambda transaction: made_proposal_view(
            transaction, propose_on_request(transaction, caller, body.case_id, body.request_id, once, rules=house.rules)
        )
    )
    return _answered(response, outcome)


@router.post(
    "/destruction-proposals/{proposalId}/signatures",
    status_code=201,
    responses=may_refuse(403, 410),
    name="sign_destruction_proposal",
)
async def add_signature(
    proposal_id: ProposalId,
    body: DestructionSignatureBody,
    house: TheHouse,
    certificate_list: TheCertificateList,
    caller: TheCaller,
    once: OnceOnly,
    response: Response,
) -> ProposalView:
    """Agree, for the team or as its officer. The second signature destroys the case, at once and for good."""
    outcome = await house.database.write(
        lambda transaction: made_proposal_view(
            transaction, sign(transaction, caller, proposal_id, body.capacity, once, outside=certificate_list)
        )
    )
    if outcome.value.certificate is not None:
        await house.database.scrub()
    return _answered(response, outcome)


@router.post(
    "/destruction-proposals/{proposalId}/withdrawal",
    status_code=201,
    responses=may_refuse(403, 410),
    name="withdraw_destruction_proposal",
)
async def add_withdrawal(
    proposal_id: ProposalId,
    body: DestructionWithdrawalBody,
    house: TheHouse,
    caller: TheCaller,
    once: OnceOnly,
    response: Response,
) -> ProposalView:
    """Take a proposal back; the case stays, and can be proposed again."""
    outcome = await house.database.write(
        lambda transaction: made_proposal_view(
            transaction, withdraw(transaction, caller, proposal_id, body.to_reason(), once)
        )
    )
    return _answered(response, outcome)


def made_proposal_view(transaction: Transaction, made: Outcome[Proposal]) -> Outcome[ProposalView]:
    """The proposal as it was made, signed or withdrawn."""
    return Outcome(_view(transaction, made.value), made.repeated)


def _answered(response: Response, outcome: Outcome[ProposalView]) -> ProposalView:
    view = outcome.value
    return answer_once(response, outcome, version=view.version, location=f"/destruction-proposals/{view.id}")


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
