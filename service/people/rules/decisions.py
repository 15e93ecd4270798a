"""Decisions of administrators, and the changes that they record. Each change is dated and names its author."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, StringConstraints

from service.vocabulary.accepted_text import TEXT_PATTERN, accept_text, require_readable
from service.vocabulary.fields import Day, MunicipalityCode, Nullable, RegionCode
from service.vocabulary.form_parts import FormPart
from service.vocabulary.organisation_kinds import OrganisationKind
from service.vocabulary.roles import Role

DisplayName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=TEXT_PATTERN),
    BeforeValidator(accept_text),
]
# Issuer or subject as in a token. It is compared exactly, so no white space is trimmed.
TokenText = Annotated[
    str, StringConstraints(min_length=1, max_length=300, pattern=TEXT_PATTERN), BeforeValidator(require_readable)
]
SubjectKind = Literal["organisation", "person", "region", "municipality"]


class _Decision(FormPart): ...


class NewOrganisation(_Decision):
    """A new organisation, which can be addressed and for which people can act."""

    kind: OrganisationKind
    name: DisplayName
    municipality: Nullable[MunicipalityCode] = Field(
        default=None, description="Municipality of a local team or family."
    )


class Identity(_Decision):
    """Issuer (`iss`) and subject (`sub`) of a person's tokens."""

    issuer: TokenText
    subject: TokenText = Field(description="As in the token (`sub`). For a system: `machine:` followed by its `sub`.")


class NewPerson(Identity):
    """A new person who may sign in. Memberships give access."""

    name: DisplayName


class NewName(_Decision):
    """The new name of an organisation or a person."""

    name: DisplayName


class _MembershipDecision(_Decision):
    person_id: UUID
    organisation_id: UUID
    role: Role


class _CoverageDecision(_Decision):
    organisation_id: UUID
    region: RegionCode


class _Beginning(_Decision):
    valid_from: Nullable[Day] = Field(default=None, description="First day; today when omitted, and not earlier.")
    valid_until: Nullable[Day] = Field(default=None, description="Last day; until further notice when omitted.")


class _Ending(_Decision):
    valid_until: Day = Field(description="Last day; yesterday ends the relation at once.")


class NewMembership(_MembershipDecision, _Beginning):
    """A new membership: a person acts in a role for an organisation."""


class MembershipEnd(_MembershipDecision, _Ending):
    """The end of a membership."""


class NewCoverage(_CoverageDecision, _Beginning):
    """A new coverage: a team, network or liaison covers a region."""


class CoverageEnd(_CoverageDecision, _Ending):
    """The end of a coverage."""


class OrganisationEnd(_Ending):
    """The end of an organisation. Its successor acts in its place from the next day on."""

    organisation_id: UUID
    successor_id: UUID = Field(description="An organisation of the same kind that goes on.")


class MunicipalityChange(_Decision):
    """A municipality moves to another region, or is dissolved into a successor. Cases keep the region of their time."""

    municipality: MunicipalityCode
    valid_from: Nullable[Day] = Field(default=None, description="First day; today when omitted, and not earlier.")
    region: Nullable[RegionCode] = Field(default=None, description="The region from that day on.")
    successor: Nullable[MunicipalityCode] = Field(
        default=None, description="The municipality into which it is dissolved on that day."
    )


class NewMunicipality(_Decision):
    """A new municipality, as when two others become one."""

    code: MunicipalityCode
    name: DisplayName
    region: RegionCode


class NewSettings(_Decision):
    """Settings of a region that differ from the default, from a day on. The default applies to all others."""

    valid_from: Nullable[Day] = Field(default=None, description="First day; today when omitted, and not earlier.")
    settings: dict[str, Any] = Field(
        description="Settings by name, as under [[region.JZ25]] in workflows/settings.toml; {} is the default.",
        examples=[{"information_rounds": 1, "terms": {"triage": {"working_days": 3}}}],
    )


@dataclass(frozen=True, slots=True)
class NameChange:
    """A new name for an existing organisation or person."""

    kind: Literal["organisation", "person"]
    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """New settings for a region."""

    region: str
    new_settings: NewSettings


AdministrativeDecision = (
    NewOrganisation
    | NewPerson
    | NameChange
    | NewMembership
    | MembershipEnd
    | NewCoverage
    | CoverageEnd
    | OrganisationEnd
    | NewMunicipality
    | MunicipalityChange
    | SettingsChange
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The effect of a decision on its subject. `details` holds ids, codes and days, never a name."""

    action: str
    subject_kind: SubjectKind
    subject: str
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdministrativeChange:
    """A recorded effect. `actor_id` is None for the first administrator, which a command makes."""

    id: UUID
    at: datetime
    actor_id: UUID | None
    organisation_id: UUID
    effect: Effect


@dataclass(frozen=True, slots=True)
class Period:
    """A period from a first day to a last day, both included."""

    first: date
    last: date
