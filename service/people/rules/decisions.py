"""What an administrator may decide: each a change of its own, dated, and recorded with who decided it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from service.vocabulary.fields import Day, MunicipalityCode, OrNone, RegionCode
from service.vocabulary.form_parts import FormPart
from service.vocabulary.language import PRINTABLE
from service.vocabulary.organisation_kinds import OrganisationKind
from service.vocabulary.roles import Role

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=PRINTABLE)]
# As an issuer writes it: compared letter by letter, so that nothing is trimmed.
Vouched = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=PRINTABLE)]
SubjectKind = Literal["organisation", "person", "region"]


class _Decision(FormPart): ...


class NewOrganisation(_Decision):
    """An organisation that can be addressed, or for whom people act."""

    kind: OrganisationKind
    name: Name
    municipality: OrNone[MunicipalityCode] = Field(default=None, description="Where a local team or family is.")


class Identity(_Decision):
    """Who vouches for a person (iss), and for whom there (sub)."""

    issuer: Vouched
    subject: Vouched = Field(description="As in the token (`sub`); of a system `machine:` and its `sub`.")


class NewPerson(Identity):
    """Somebody who may sign in; what they may do is said by memberships."""

    name: Name


class NewName(_Decision):
    """What an organisation or a person is called from now on."""

    name: Name


class _Membership(_Decision):
    person_id: UUID
    organisation_id: UUID
    role: Role


class _Coverage(_Decision):
    organisation_id: UUID
    region: RegionCode


class _Begin(_Decision):
    valid_from: OrNone[Day] = Field(default=None, description="First day; today when left out, and not before.")
    valid_until: OrNone[Day] = Field(default=None, description="Last day; until further notice when left out.")


class _End(_Decision):
    valid_until: Day = Field(description="Last day; yesterday ends it at once.")


class NewMembership(_Membership, _Begin):
    """A person acts in a role for an organisation."""


class MembershipEnd(_Membership, _End):
    """A person acts so no longer than this."""


class NewCoverage(_Coverage, _Begin):
    """A team or network covers a region, or a liaison is appointed for it."""


class CoverageEnd(_Coverage, _End):
    """An organisation covers a region no longer than this."""


class NewSettings(_Decision):
    """What a region decides otherwise than the default, from a day on; what it does not name is as everywhere."""

    valid_from: OrNone[Day] = Field(default=None, description="First day; today when left out, and not before.")
    settings: dict[str, Any] = Field(
        description="Settings by name, as under [[region.JZ25]] in workflows/settings.toml; {} is as everywhere.",
        examples=[{"information_rounds": 1, "terms": {"triage": {"working_days": 3}}}],
    )


@dataclass(frozen=True, slots=True)
class Renaming:
    """An organisation or a person gets another name."""

    kind: Literal["organisation", "person"]
    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class SettingsOf:
    """A region decides."""

    region: str
    decided: NewSettings


Decision = (
    NewOrganisation | NewPerson | Renaming | NewMembership | MembershipEnd | NewCoverage | CoverageEnd | SettingsOf
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a decision did, to what. `details` holds ids, codes and days: never the name of anybody."""

    action: str
    subject_kind: SubjectKind
    subject: str
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An effect that was recorded. `actor_id` is None for the first administrator, made by command."""

    id: UUID
    at: datetime
    actor_id: UUID | None
    organisation_id: UUID
    effect: Effect


@dataclass(frozen=True, slots=True)
class Period:
    """From a first day to a last, both included."""

    first: date
    last: date
