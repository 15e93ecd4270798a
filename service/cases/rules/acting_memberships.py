"""The memberships in which a person may act in one part of one case."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from service.cases.rules.kinds import Kinds
from service.cases.rules.model import Case, Part, Transition
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.roles import ADDRESSED_ROLES, FAMILY_ROLES, SUBMITTING_ROLES, TABLE_ROLES, TEAM_ROLES, Role
from service.workflows.rules.definition import Trigger
from service.workflows.rules.kinds import START, PartKind

#: The guard of the steps that belong to whoever asked for the part.
ASKERS_GUARD = "asked_by_you"


# Why a person may not act in a part in a role that they have: a code of [standing] in messages.toml.
WhyNot = Literal["asked_for_it", "asked_by_another", "of_the_family", "proposed_it", "took_it_themselves"]


@dataclass(frozen=True, slots=True)
class Standing:
    """The memberships in which a person may act in a part.

    `barred_roles`: the roles in which they may not, and `why_not` the reason.
    """

    memberships: tuple[Membership, ...]
    barred_roles: frozenset[Role] = frozenset()
    why_not: WhyNot | None = None

    def for_trigger(self, trigger: Trigger | None) -> tuple[Membership, ...]:
        """Returns the memberships for this step. Who asked may still take a step of the asker in the barred role."""
        if trigger and ASKERS_GUARD in trigger.guards:
            return self.memberships
        return tuple(seat for seat in self.memberships if seat.role not in self.barred_roles)

    def why_not_for(self, trigger: Trigger | None) -> WhyNot | None:
        """Returns why the person may not take this step, although they have a role for it."""
        return self.why_not if trigger and not self.barred_roles.isdisjoint(trigger.roles) else None


def standing_in(actor: Actor, case: Case, part: Part, history: Iterable[Transition], kinds: Kinds) -> Standing:
    """Returns the standing of this person.

    Who asked for a part that is judged does not judge it (I15, R61), and who proposed a destruction does not decide on
    it. In a request of one member of a family no other member acts. Beside the file, a member of the family has no say
    in another role. Who took emergency access may only add to it, in the role they took it in.
    """
    entries, kind = tuple(history), kinds[part.kind]
    seats = _acting_memberships(actor, case, part, entries, kinds)
    if access := own_emergency_access(actor, part, entries):
        others = {seat.role for seat in actor.memberships} - {access.role}
        acted_as = (access.role, access.organisation_id)
        seats = tuple(seat for seat in actor.memberships if (seat.role, seat.organisation_id) == acted_as)
        return Standing(seats, frozenset(others), "took_it_themselves")
    of_the_family = any(_is_of_the_family(seat, case) for seat in actor.memberships)
    if part.state == START and not (of_the_family and kind.decided_by):
        return Standing(seats)
    roles, began_it = frozenset(seat.role for seat in seats), _began_by(actor, part, entries)
    organisations = {seat.organisation_id for seat in actor.memberships}
    if kind.judged_by and asked_for_it(actor.person_id, organisations, case, part.kind, entries):
        return Standing(seats, roles & {kind.judged_by}, "asked_for_it")
    if kind.decided_by and began_it:
        return Standing(seats, roles & {kind.decided_by}, "proposed_it")
    if of_the_family and not kind.belongs_to_file:
        return _standing_of_family(seats, roles, asked_by_another=kind.asked_personally and not began_it)
    return Standing(seats)


def _standing_of_family(seats: tuple[Membership, ...], roles: frozenset[Role], *, asked_by_another: bool) -> Standing:
    """Returns the standing of a member of the family in a part beside the file."""
    if roles <= FAMILY_ROLES:
        return Standing(seats, roles, "asked_by_another") if asked_by_another else Standing(seats)
    return Standing(seats, roles if asked_by_another else roles - FAMILY_ROLES, "of_the_family")


def _is_of_the_family(seat: Membership, case: Case) -> bool:
    return seat.role in FAMILY_ROLES and seat.organisation_id == case.submitter_id


def _began_by(actor: Actor, part: Part, history: Iterable[Transition]) -> bool:
    first = next((entry for entry in history if entry.part_id == part.id), None)
    return first is not None and first.actor_id == actor.person_id


def asked_for_it(
    person_id: UUID, organisations: Collection[UUID], case: Case, kind: PartKind, history: Iterable[Transition]
) -> bool:
    """True if this person asked for an open part of this kind, or works for an organisation that did.

    All open parts of the kind count: they are about one thing, and who contests it judges none of them. The own team of
    the case may ask and judge, by two people.
    """
    return any(
        first.actor_id == person_id or first.organisation_id in {*organisations} - {case.team_id}
        for first in _first_entries_of_open_parts(kind, history)
    )


def _first_entries_of_open_parts(kind: PartKind, history: Iterable[Transition]) -> Iterator[Transition]:
    entries = [entry for entry in history if entry.part_kind == kind]
    phases = {entry.part_id: entry.phase for entry in entries}
    return (entry for entry in entries if entry.part_sequence == 1 and phases[entry.part_id] != "ended")


def _acting_memberships(
    actor: Actor, case: Case, part: Part, history: Iterable[Transition], kinds: Kinds
) -> tuple[Membership, ...]:
    """Returns the memberships of this person in the team, the submitter or the addressee, with which they may act.

    A part that was passed to a person of another team is also theirs, in the role that judges it.
    """
    liaisons = {entry.addressee_id for entry in history if entry.part_kind == "escalation"}
    passed_to_role = kinds[part.kind].judged_by if part.assignee_id == actor.person_id else None
    return tuple(
        seat for seat in actor.memberships if seat.role == passed_to_role or may_act(seat, case, part, kinds, liaisons)
    )


def own_emergency_access(actor: Actor, part: Part, history: Iterable[Transition]) -> Transition | None:
    """Returns the entry with which this person took the emergency access in this part.

    None for a part of another kind, and for an emergency access of another person.
    """
    if part.kind != "emergency_access":
        return None
    first = next((entry for entry in history if entry.part_id == part.id), None)
    return first if first and first.actor_id == actor.person_id else None


def may_act(seat: Membership, case: Case, part: Part, kinds: Kinds, liaisons: Collection[UUID | None]) -> bool:
    """True if a member in this seat may act in the part. `liaisons`: organisations to which the case was escalated."""
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
