"""The memberships in which a person may act in one part of one case."""

from collections.abc import Collection, Iterable
from uuid import UUID

from service.cases.rules.kinds import Kinds
from service.cases.rules.model import Case, Part, Transition
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.roles import ADDRESSED_ROLES, SUBMITTING_ROLES, TABLE_ROLES, TEAM_ROLES, Role
from service.workflows.rules.kinds import START


def standing(
    actor: Actor, case: Case, part: Part, history: Iterable[Transition], kinds: Kinds
) -> tuple[Membership, ...]:
    """The memberships in which this person has a say in this part: the team's own, the submitter's, the addressed's."""
    entries = tuple(history)
    if taken := own_emergency(actor, part, entries):
        # They may say more of it, as who they were then, and nothing else: nobody reviews their own.
        acted_as = (taken.role, taken.organisation_id)
        return tuple(held for held in actor.memberships if (held.role, held.organisation_id) == acted_as)
    liaisons = {entry.addressee_id for entry in entries if entry.part_kind == "escalation"}
    return tuple(held for held in actor.memberships if _has_a_say(held, case, part, kinds, liaisons))


def own_emergency(actor: Actor, part: Part, history: Iterable[Transition]) -> Transition | None:
    """How this person took the access that the part tells of; None of every other part, and for everybody else."""
    first = next((it for it in history if it.part_id == part.id), None) if part.kind == "emergency_access" else None
    return first if first and first.actor_id == actor.person_id else None


def _has_a_say(held: Membership, case: Case, part: Part, kinds: Kinds, liaisons: Collection[UUID | None]) -> bool:
    if part.kind == "emergency_access" and part.state == START:
        return True
    if held.role == Role.DATA_PROTECTION_OFFICER:
        return not kinds[part.kind].of_the_file and held.organisation_id == case.team_id
    if held.role in TEAM_ROLES or held.role in TABLE_ROLES:
        return held.organisation_id == case.team_id
    if held.role in SUBMITTING_ROLES:
        return held.organisation_id == case.submitter_id
    if held.role == Role.CCE_LIAISON and part.kind in ("case", "question"):
        # On a case of a region that she is appointed for, she may signal; anything else she must be able to see first.
        return held.organisation_id in liaisons or (part.kind == "case" and case.region in held.regions)
    return held.role in ADDRESSED_ROLES and held.organisation_id == part.addressee_id
