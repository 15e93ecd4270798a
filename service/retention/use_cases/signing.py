"""Signing a proposal to destroy a case, and taking it back. The second signature destroys."""

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
    """Agree to a destruction. The second signature carries it out, all in this transaction.

    Raises HumansOnly for a system, NotAllowed for whoever may not sign in this capacity, DestructionRefused with all
    the reasons, CaseDestroyed when it was carried out before, Unavailable when it cannot be written outside the
    database.
    """
    actor = identify(transaction, caller)
    if caller.machine:
        raise HumansOnly
    proposal, subject = find_proposal(transaction, actor, proposal_id, lock=True)
    acting = acting_membership(actor, subject, SIGNING[capacity])
    today = day_in_amsterdam(transaction.now)

    def agree() -> tuple[Proposal, tuple[Transition, ...]]:
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
            role=acting.role,
            person_id=actor.person_id,
            organisation_id=acting.organisation_id,
            at=transaction.now,
        )
        Destructions(transaction).sign(proposal_id, signature)
        return replace(proposal, signed=(*proposal.signed, signature)), history

    # The request is remembered before the list outside is written: after that, nothing may fail but the commit.
    agreed = act_once(transaction, once, actor.person_id, act=agree, again=lambda _: (proposal, ()))
    signed, history = agreed.value
    if agreed.repeated or len(signed.signed) < len(SIGNING):
        return Outcome(signed, agreed.repeated)
    certificate = Certificate(
        case_id=proposal.case_id,
        proposal_id=proposal_id,
        ground=proposal.ground,
        request_id=proposal.request_id,
        policy=proposal.policy,
        signed=signed.signed,
        destroyed_at=transaction.now,
        day=today,
        entries=subject.sequence,
        contents=Destructions(transaction).counted(proposal.case_id),
        head=subject.head,
    )
    destroy(transaction, certificate, history)
    # Last, and on disk before the commit: a database that comes back follows this list.
    outside.add(certificate)
    return Outcome(replace(signed, certificate=certificate))


def withdraw(
    transaction: Transaction, caller: Caller, proposal_id: UUID, reason: CodedReason, once: IdempotencyKey
) -> Outcome[Proposal]:
    """Take a proposal back, by one of those who could sign it."""
    actor = identify(transaction, caller)
    proposal, subject = find_proposal(transaction, actor, proposal_id, lock=True)
    acting = acting_membership(actor, subject, DECIDING)

    def take_back() -> Proposal:
        if proposal.certificate:
            raise proposal.certificate.refusal()
        refuse_obstacles(("proposal_withdrawn",) if proposal.withdrawn else ())
        Destructions(transaction).withdraw(proposal_id, reason, recorded_now(transaction, actor, acting))
        return find_proposal(transaction, actor, proposal_id)[0]

    return act_once(transaction, once, actor.person_id, act=take_back, again=lambda _: proposal)
