"""Signatures on destruction proposals, and withdrawal of a proposal. The second signature destroys the case."""

from dataclasses import replace
from uuid import UUID

from service.cases.rules.certificate import Certificate, Signature, SignerCapacity
from service.cases.rules.model import Transition
from service.cases.store.cases import Cases
from service.database.idempotency import IdempotencyKey, IdempotentResult, act_once
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.use_cases.identify import identify
from service.retention.rules.destruction import (
    ROLES_BY_CAPACITY,
    CodedReason,
    Proposal,
    obstacles_to_destruction,
    obstacles_to_signing,
)
from service.retention.store.destruction_list import DestructionList
from service.retention.store.destructions import Destructions
from service.retention.store.legal_holds import LegalHolds
from service.retention.use_cases.destroy_case import destroy_case
from service.retention.use_cases.proposal_access import (
    SIGNING_ROLES,
    require_membership,
    require_no_obstacles,
    require_proposal,
    stamp_now,
)
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.refusals import HumansOnly


def sign_proposal(
    transaction: Transaction,
    caller: Caller,
    proposal_id: UUID,
    capacity: SignerCapacity,
    idempotency_key: IdempotencyKey,
    *,
    destruction_list: DestructionList,
) -> IdempotentResult[Proposal]:
    """Sign a proposal. The second signature destroys the case in the same transaction.

    Raises HumansOnly for a system, NotAllowed for a person who may not sign in this capacity, DestructionRefused with
    all obstacles, CaseDestroyed when the case is destroyed already, Unavailable when the destruction list cannot be
    written.
    """
    actor = identify(transaction, caller)
    if caller.is_machine:
        raise HumansOnly
    proposal, case = require_proposal(transaction, actor, proposal_id, lock=True)
    membership = require_membership(actor, case, ROLES_BY_CAPACITY[capacity])
    today = day_in_amsterdam(transaction.now)

    def add_signature() -> tuple[Proposal, tuple[Transition, ...]]:
        """Returns (the proposal with its new signature, the history of the case)."""
        if proposal.certificate:
            raise proposal.certificate.refusal()
        history = Cases(transaction).history(proposal.case_id)
        require_no_obstacles(
            (
                *obstacles_to_signing(proposal, capacity, actor.person_id, history),
                *obstacles_to_destruction(history, LegalHolds(transaction).of_case(proposal.case_id), today),
            )
        )
        signature = Signature(
            capacity=capacity,
            role=membership.role,
            person_id=actor.person_id,
            organisation_id=membership.organisation_id,
            signed_at=transaction.now,
        )
        Destructions(transaction).add_signature(proposal_id, signature)
        return replace(proposal, signed=(*proposal.signed, signature)), history

    # The idempotency key is stored before the destruction list is written: after that only the commit may fail.
    outcome = act_once(
        transaction, idempotency_key, actor.person_id, act=add_signature, rebuild=lambda _: (proposal, ())
    )
    latest, history = outcome.value
    if outcome.repeated or len(latest.signed) < len(ROLES_BY_CAPACITY):
        return IdempotentResult(latest, outcome.repeated)
    certificate = Certificate(
        case_id=proposal.case_id,
        proposal_id=proposal_id,
        ground=proposal.ground,
        request_id=proposal.request_id,
        policy=proposal.policy,
        signatures=latest.signed,
        destroyed_at=transaction.now,
        day=today,
        entries=case.sequence,
        contents=Destructions(transaction).count_contents(proposal.case_id),
        head=case.head,
    )
    destroy_case(transaction, certificate, history)
    # Last, and on disk before the commit: a restored database replays this list.
    destruction_list.add(certificate)
    return IdempotentResult(replace(latest, certificate=certificate))


def withdraw_proposal(
    transaction: Transaction, caller: Caller, proposal_id: UUID, reason: CodedReason, idempotency_key: IdempotencyKey
) -> IdempotentResult[Proposal]:
    """Withdraw a proposal. Every person who could sign it may do so."""
    actor = identify(transaction, caller)
    proposal, case = require_proposal(transaction, actor, proposal_id, lock=True)
    membership = require_membership(actor, case, SIGNING_ROLES)

    def add_withdrawal() -> Proposal:
        if proposal.certificate:
            raise proposal.certificate.refusal()
        require_no_obstacles(("proposal_withdrawn",) if proposal.withdrawn else ())
        Destructions(transaction).add_withdrawal(proposal_id, reason, stamp_now(transaction, actor, membership))
        return require_proposal(transaction, actor, proposal_id)[0]

    return act_once(transaction, idempotency_key, actor.person_id, act=add_withdrawal, rebuild=lambda _: proposal)
