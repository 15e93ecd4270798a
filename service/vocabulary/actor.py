"""An actor: a person with memberships, and the membership in which they act in one part of one case."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from service.vocabulary.roles import Role


@dataclass(frozen=True, slots=True)
class Membership:
    """One role at one organisation, today. `regions` are the regions that the organisation covers today."""

    role: Role
    organisation_id: UUID
    regions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Emergency:
    """Access to one case for some hours, taken in an emergency as `acting`; `part_id` is the part that tells of it."""

    case_id: UUID
    part_id: UUID
    acting: Membership


@dataclass(frozen=True, slots=True)
class Seat:
    """What somebody's sight of a part rests on: a membership; in an `emergency` the one in which they took access."""

    acting: Membership
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class Actor:
    """A person known to this installation, with every membership that holds today and every emergency that runs."""

    person_id: UUID
    memberships: tuple[Membership, ...]
    emergencies: tuple[Emergency, ...] = ()

    def organisations(self, roles: Collection[Role]) -> frozenset[UUID]:
        return frozenset(held.organisation_id for held in self.memberships if held.role in roles)

    def regions(self, role: Role) -> frozenset[str]:
        return frozenset(region for held in self.memberships if held.role == role for region in held.regions)

    def holding(self, role: Role) -> Membership | None:
        return next((held for held in self.memberships if held.role == role), None)
