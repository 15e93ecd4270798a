"""Persons who decide on a destruction, and the case and proposal they decide on."""

from collections.abc import Collection, Sequence
from uuid import UUID

from service.database.transaction import Transaction
from service.retention.rules.destruction import SIGNING, Obstacle, Proposal, Recorded
from service.retention.store.destructions import Destructions, Subject
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.refusals import DestructionRefused, NotAllowed, NotFound
from service.vocabulary.roles import Role

DECIDING = frozenset[Role]().union(*SIGNING.values())


def refuse_obstacles(found: Sequence[Obstacle]) -> None:
    if found:
        raise DestructionRefused(tuple(found))


def teams_of(actor: Actor, roles: Collection[Role]) -> frozenset[UUID]:
    teams = actor.organisations(roles)
    if not teams:
        raise NotAllowed
    return teams


def find_subject(
    transaction: Transaction, actor: Actor, case_id: UUID, roles: Collection[Role], *, lock: bool = False
) -> Subject:
    subject = Destructions(transaction).subject(case_id, teams=teams_of(actor, roles), lock=lock)
    if subject is None:
        raise NotFound
    return subject


def find_proposal(
    transaction: Transaction, actor: Actor, proposal_id: UUID, *, lock: bool = False
) -> tuple[Proposal, Subject]:
    """The proposal with its case; what is read after the lock is what is decided on."""
    teams = teams_of(actor, DECIDING)
    found = Destructions(transaction).proposal(proposal_id)
    if found is None:
        raise NotFound
    subject = Destructions(transaction).subject(found.case_id, teams=teams, lock=lock)
    again = Destructions(transaction).proposal(proposal_id) if lock else found
    if subject is None or again is None:
        raise NotFound
    return again, subject


def acting_membership(actor: Actor, subject: Subject, roles: Collection[Role]) -> Membership:
    """The membership in one of these roles at the team of the case. Raises NotAllowed."""
    acting = next((it for it in actor.memberships if it.role in roles and it.organisation_id == subject.team_id), None)
    if acting is None:
        raise NotAllowed
    return acting


def recorded_now(transaction: Transaction, actor: Actor, acting: Membership) -> Recorded:
    return Recorded(at=transaction.now, person_id=actor.person_id, organisation_id=acting.organisation_id)
