"""Access to destruction proposals: the teams, memberships, cases and proposals of a person who decides on them."""

from collections.abc import Collection, Sequence
from uuid import UUID

from service.database.transaction import Transaction
from service.retention.rules.destruction import ROLES_BY_CAPACITY, DestructionObstacle, Proposal, RecordStamp
from service.retention.store.destructions import DestructionCase, Destructions
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.refusals import DestructionRefused, NotAllowed, NotFound
from service.vocabulary.roles import Role

SIGNING_ROLES = frozenset[Role]().union(*ROLES_BY_CAPACITY.values())


def require_no_obstacles(obstacles: Sequence[DestructionObstacle]) -> None:
    """Raises DestructionRefused with all obstacles when there are any."""
    if obstacles:
        raise DestructionRefused(tuple(obstacles))


def require_teams(actor: Actor, roles: Collection[Role]) -> frozenset[UUID]:
    """The teams in which this person holds one of these roles. Raises NotAllowed when there are none."""
    teams = actor.organisations(roles)
    if not teams:
        raise NotAllowed
    return teams


def require_destruction_case(
    transaction: Transaction, actor: Actor, case_id: UUID, roles: Collection[Role], *, lock: bool = False
) -> DestructionCase:
    """The case of a team in which this person holds one of these roles. Raises NotAllowed, NotFound."""
    case = Destructions(transaction).case_of_teams(case_id, teams=require_teams(actor, roles), lock=lock)
    if case is None:
        raise NotFound
    return case


def require_proposal(
    transaction: Transaction, actor: Actor, proposal_id: UUID, *, lock: bool = False
) -> tuple[Proposal, DestructionCase]:
    """Returns (proposal, its case). `lock` locks the case and rereads the proposal. Raises NotAllowed, NotFound."""
    teams = require_teams(actor, SIGNING_ROLES)
    proposal = Destructions(transaction).proposal(proposal_id)
    if proposal is None:
        raise NotFound
    case = Destructions(transaction).case_of_teams(proposal.case_id, teams=teams, lock=lock)
    current = Destructions(transaction).proposal(proposal_id) if lock else proposal
    if case is None or current is None:
        raise NotFound
    return current, case


def require_membership(actor: Actor, case: DestructionCase, roles: Collection[Role]) -> Membership:
    """The membership in one of these roles at the team of the case. Raises NotAllowed."""
    of_team = (membership for membership in actor.memberships if membership.organisation_id == case.team_id)
    membership = next((membership for membership in of_team if membership.role in roles), None)
    if membership is None:
        raise NotAllowed
    return membership


def stamp_now(transaction: Transaction, actor: Actor, membership: Membership) -> RecordStamp:
    """The stamp of a record that this person makes now for the organisation of this membership."""
    return RecordStamp(at=transaction.now, person_id=actor.person_id, organisation_id=membership.organisation_id)
