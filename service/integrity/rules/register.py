"""The definitions, settings, people, organisations and relations to which entries of histories refer."""

from dataclasses import dataclass, field
from uuid import UUID

from service.vocabulary.roles import Role
from service.workflows.rules.definition import Definition
from service.workflows.rules.region_settings import RegionSettings


@dataclass(frozen=True, slots=True)
class Register:
    """The definitions, people and relations that were read so far. A relation counts if it held on any day.

    `definitions` and `settings` are those whose text matches their hash. `memberships` are (person, role,
    organisation), `regions` are (organisation, region that it covers or covered).
    """

    definitions: dict[str, Definition] = field(default_factory=dict)
    settings: dict[str, RegionSettings] = field(default_factory=dict)
    people: set[UUID] = field(default_factory=set)
    organisations: set[UUID] = field(default_factory=set)
    memberships: set[tuple[UUID, Role, UUID]] = field(default_factory=set)
    regions: set[tuple[UUID, str]] = field(default_factory=set)
