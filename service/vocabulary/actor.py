"""The actor: a person with memberships and emergency access, and the membership used for one part of one case."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from service.vocabulary.roles import Role


@dataclass(frozen=True, slots=True)
class Membership:
    """One role at one organisation, valid today. `regions`: those that the organisation covers today."""

    role: Role
    organisation_id: UUID
    regions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class EmergencyAccessRight:
    """Emergency access to one case for some hours.

    `acting` is the membership in which it was taken, `part_id` the part of the case that records it.
    """

    case_id: UUID
    part_id: UUID
    acting: Membership


@dataclass(frozen=True, slots=True)
class SightBasis:
    """The membership on which a person's sight of a part is based.

    With `emergency` it is the membership in which the person took emergency access.
    """

    acting: Membership
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class Actor:
    """A known person, with the memberships valid today and the emergency accesses that have not ended.

    `passed_cases`: cases of other teams in which the person judges an open part that was passed to them.
    """

    person_id: UUID
    memberships: tuple[Membership, ...]
    emergencies: tuple[EmergencyAccessRight, ...] = ()
    passed_cases: frozenset[UUID] = frozenset()

    def organisations(self, roles: Collection[Role]) -> frozenset[UUID]:
        """Returns the ids of the organisations at which the person has one of these roles."""
        return frozenset(membership.organisation_id for membership in self.memberships if membership.role in roles)

    def regions(self, role: Role) -> frozenset[str]:
        """Returns the codes of the regions that the person's organisations in this role cover today."""
        return frozenset(
            region for membership in self.memberships if membership.role == role for region in membership.regions
        )

    def membership_with_role(self, role: Role) -> Membership | None:
        """Returns the first membership in this role, or None."""
        return next((membership for membership in self.memberships if membership.role == role), None)
