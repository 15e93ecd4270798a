"""Signatures on destruction proposals, and withdrawal of a proposal. The second signature destroys the case."""

from dataclasses import replace
from uuid import UUID

from service.cases.rules.certificate import Capacity, Certificate, Signature
from service.cases.rules.model import Transition
from service.cases.store.cases import Cases
from service.database.idempotency import IdempotencyKey, Outcome, act_once
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.use_cases.identify import identify
from service.retention.rules.destruction import SIGNING, CodedReason, Proposal, obstacles, obstacles_to_signing
from service.retention.store.certificate_list import DestructionList
from service.retention.store.destructions import Destructions
from service.retention.store.legal_holds import Holds
from service.retention.use_cases.carry_out import destroy
from service.retention.use_cases.deciding import (
    DECIDING,
    acting_membership,
    find_proposal,
    recorded_now,
    refuse_obstacles,
)
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.refusals import HumansOnly


def sign(
    transaction: Transaction,
    caller: Caller,
    proposal_id: UUID,
    capacity: Capacity,
    once: IdempotencyKey,
    *,
    outside: DestructionList,
) -> Outcome[Proposal]:
    """Sign a proposal. The second signature destroys the case in the same transaction.

    Raises HumansOnly for a system, NotAllowed for a person who may not sign in this capacity, DestructionRefused with
    all obstacles, CaseDestroyed when the case is destroyed already, Unavailable when the destruction list cannot be
    written.
    """
    actor = identify(transaction, caller)
    if caller.machine:
        raise HumansOnly
    proposal, case = find_proposal(transaction, actor, proposal_id, lock=True)
    membership = acting_membership(actor, case, SIGNING[capacity])
    today = day_in_amsterdam(transaction.now)

    def add_signature() -> tuple[Proposal, tuple[Transition, ...]]:
        """Returns (the proposal with its new signature, the history of the case)."""
        if proposal.certificate:
            raise proposal.certificate.refusal()
        history = Cases(transaction).history(proposal.case_id)
        refuse_obstacles(
            (
                *obstacles_to_signing(proposal, capacity, actor.person_id, history),
                *obstacles(history, Holds(transaction).of(proposal.case_id), today),
            )
        )
        signature = Signature(
            capacity=capacity,
            role=membership.role,
            person_id=actor.person_id,
            organisation_id=membership.organisation_id,
            at=transaction.now,
        )
        Destructions(transaction).sign(proposal_id, signature)
        return replace(proposal, signed=(*proposal.signed, signature)), history

    # The idempotency key is stored before the destruction list is written: after that only the commit may fail.
    outcome = act_once(transaction, once, actor.person_id, act=add_signature, again=lambda _: (proposal, ()))
    latest, history = outcome.value
    if outcome.repeated or len(latest.signed) < len(SIGNING):
        return Outcome(latest, outcome.repeated)
    certificate = Certificate(
        case_id=proposal.case_id,
        proposal_id=proposal_id,
        ground=proposal.ground,
        request_id=proposal.request_id,
        policy=proposal.policy,
        signed=latest.signed,
        destroyed_at=transaction.now,
        day=today,
        entries=case.sequence,
        contents=Destructions(transaction).counted(proposal.case_id),
        head=case.head,
    )
    destroy(transaction, certificate, history)
    # Last, and on disk before the commit: a restored database replays this list.
    outside.add(certificate)
    return Outcome(replace(latest, certificate=certificate))


def withdraw(
    transaction: Transaction, caller: Caller, proposal_id: UUID, reason: CodedReason, once: IdempotencyKey
) -> Outcome[Proposal]:
    """Withdraw a proposal. Every person who could sign it may do so."""
    actor = identify(transaction, caller)
    proposal, case = find_proposal(transaction, actor, proposal_id, lock=True)
    membership = acting_membership(actor, case, DECIDING)

    def add_withdrawal() -> Proposal:
        if proposal.certificate:
            raise proposal.certificate.refusal()
        refuse_obstacles(("proposal_withdrawn",) if proposal.withdrawn else ())
        Destructions(transaction).withdraw(proposal_id, reason, recorded_now(transaction, actor, membership))
        return find_proposal(transaction, actor, proposal_id)[0]

    return act_once(transaction, once, actor.person_id, act=add_withdrawal, again=lambda _: proposal)
