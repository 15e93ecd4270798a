"""Retention terms: their length and the day they are counted from (I21; Jeugdwet 7.3.8). Dates only."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from service.future_plan.rules import MAJORITY
from service.vocabulary.ages import last_day_of_age
from service.workflows.rules.region_settings import RegionSettings

RetentionClass = Literal["ordinary", "supervision_or_guardianship"]
CountedFrom = Literal["last_change", "majority", "request", "last_saved"]
MONTHS_TO_DESTROY_ON_REQUEST = 3  # Jeugdwet 7.3.9


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """One line of the retention policy: kind of data, length of the term, start. The ground is in messages.toml."""

    kind: Literal["ordinary", "supervision_or_guardianship", "on_request", "draft"]
    counted_from: CountedFrom
    years: int | None = None
    months: int | None = None
    days: int | None = None


def retention_policy(settings: RegionSettings) -> tuple[RetentionRule, ...]:
    """The retention policy under these settings. The hash of the settings is the version of the policy."""
    return (
        RetentionRule(kind="ordinary", counted_from="last_change", years=settings.retention_years),
        RetentionRule(
            kind="supervision_or_guardianship", counted_from="majority", years=settings.retention_years_after_majority
        ),
        RetentionRule(kind="on_request", counted_from="request", months=MONTHS_TO_DESTROY_ON_REQUEST),
        RetentionRule(kind="draft", counted_from="last_saved", days=settings.draft_days),
    )


@dataclass(frozen=True, slots=True)
class Retention:
    """The term of one case. `counted_from` is the last change, or majority where that keeps the file longer."""

    retention_class: RetentionClass
    counted_from: Literal["last_change", "majority"]
    starts_on: date
    years: int

    @property
    def keep_until(self) -> date:
        return _years_after(self.starts_on, self.years)


def compute_retention(
    settings: RegionSettings, last_change: date, *, under_measure: bool, birth_month: str | None
) -> Retention:
    """The retention of a case. Under a measure the later of both terms holds, so a measure never shortens a term."""
    retention_class: RetentionClass = "supervision_or_guardianship" if under_measure else "ordinary"
    from_last_change = Retention(retention_class, "last_change", last_change, settings.retention_years)
    if not (under_measure and birth_month):
        return from_last_change
    majority = last_day_of_age(birth_month, MAJORITY)
    from_majority = Retention(retention_class, "majority", majority, settings.retention_years_after_majority)
    return max(from_last_change, from_majority, key=lambda term: term.keep_until)


def _years_after(day: date, years: int) -> date:
    leap_day = (day.month, day.day) == (2, 29)
    return date(day.year + years, 3, 1) if leap_day else day.replace(year=day.year + years)
