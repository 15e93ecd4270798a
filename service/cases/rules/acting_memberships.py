"""The memberships in which a person may act in one part of one case."""

from collections.abc import Collection, Iterable
from uuid import UUID

from service.cases.rules.kinds import Kinds
from service.cases.rules.model import Case, Part, Transition
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.roles import ADDRESSED_ROLES, SUBMITTING_ROLES, TABLE_ROLES, TEAM_ROLES, Role
from service.workflows.rules.kinds import START


def acting_memberships(
    actor: Actor, case: Case, part: Part, history: Iterable[Transition], kinds: Kinds
) -> tuple[Membership, ...]:
    """Returns the memberships of this person in the team, the submitter or the addressee, with which they may act."""
    entries = tuple(history)
    if access := own_emergency_access(actor, part, entries):
        # The person who took emergency access may only add to it, in the role they took it in. They may not review it.
        acted_as = (access.role, access.organisation_id)
        return tuple(seat for seat in actor.memberships if (seat.role, seat.organisation_id) == acted_as)
    liaisons = {entry.addressee_id for entry in entries if entry.part_kind == "escalation"}
    return tuple(seat for seat in actor.memberships if _may_act(seat, case, part, kinds, liaisons))


def own_emergency_access(actor: Actor, part: Part, history: Iterable[Transition]) -> Transition | None:
    """Returns the entry with which this person took the emergency access in this part.

    None for a part of another kind, and for an emergency access of another person.
    """
    if part.kind != "emergency_access":
        return None
    first = next((entry for entry in history if entry.part_id == part.id), None)
    return first if first and first.actor_id == actor.person_id else None


def _may_act(seat: Membership, case: Case, part: Part, kinds: Kinds, liaisons: Collection[UUID | None]) -> bool:
    if part.kind == "emergency_access" and part.state == START:
        return True
    if seat.role == Role.DATA_PROTECTION_OFFICER:
        return not kinds[part.kind].belongs_to_file and seat.organisation_id == case.team_id
    if seat.role in TEAM_ROLES or seat.role in TABLE_ROLES:
        return seat.organisation_id == case.team_id
    if seat.role in SUBMITTING_ROLES:
        return seat.organisation_id == case.submitter_id
    if seat.role == Role.CCE_LIAISON and part.kind in ("case", "question"):
        # A liaison may signal on any case of a region for which she is appointed. Every other step requires sight.
        return seat.organisation_id in liaisons or (part.kind == "case" and case.region in seat.regions)
    return seat.role in ADDRESSED_ROLES and seat.organisation_id == part.addressee_id
