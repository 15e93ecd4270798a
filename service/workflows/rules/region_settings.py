"""The settings that a region may decide for itself. Their identity is the hash of their content."""

from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from service.vocabulary.calendar import Term
from service.vocabulary.canonical_json import digest_of


class _Setting(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Quorum(_Setting):
    """The minimum attendance of a table besides the chair. Fewer is allowed with a recorded reason."""

    experts: int = Field(ge=0, le=20)
    organisations: int = Field(ge=0, le=20)
    expert_by_experience: bool


class RegionSettings(_Setting):
    """The settings of one region at one moment. Each name of a duration ends in its unit.

    `terms`: name of a term in the workflows -> its length. `checks`: moment of a check of the goals -> time after the
    start of monitoring. `small_cell`: the smallest number of cases that a figure may show.
    """

    advice_modality: Literal["advisory", "urgent", "binding"]
    explanatory_analysis_required: bool
    information_rounds: int = Field(ge=0, le=10)
    small_cell: int = Field(ge=5, le=100)
    draft_days: int = Field(ge=7, le=365)
    drafts_per_person: int = Field(default=50, ge=1, le=1000)
    longlist_days: int = Field(default=91, ge=7, le=3660)
    emergency_hours: int = Field(default=4, ge=1, le=24)
    offer_stale_days: int = Field(default=31, ge=1, le=366)
    retention_years: int = Field(default=20, ge=15, le=100)
    retention_years_after_majority: int = Field(default=30, ge=0, le=100)
    quorum: Quorum
    checks: dict[str, Term] = Field(default_factory=dict)
    terms: dict[str, Term]

    @cached_property
    def hash(self) -> str:
        return digest_of(self.model_dump(mode="json"))
