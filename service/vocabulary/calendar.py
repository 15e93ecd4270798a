"""Moments as stored and as text, days in Europe/Amsterdam, and terms of working days, days or months."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from holidays import country_holidays
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_microseconds(moment: datetime) -> int:
    """Returns whole microseconds since 1970, UTC.

    Both databases return a number unchanged; their own types for a time differ.
    """
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_microseconds(microseconds_since_1970: int) -> datetime:
    """Returns an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds_since_1970)


def utc_text(at: datetime) -> str:
    """Returns the moment in UTC as RFC 3339 text with Z, for example 2026-01-01T12:00:00Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Term(BaseModel):
    """A length of time in Dutch working days, calendar days or calendar months. The day after the start is day 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    working_days: int | None = Field(default=None, ge=0, le=260)
    days: int | None = Field(default=None, ge=0, le=3660)
    # Left out of the dump when empty: settings without months keep the hash that older releases gave them.
    months: int | None = Field(default=None, ge=0, le=120, exclude_if=lambda months: months is None)

    @model_validator(mode="after")
    def _has_one_unit(self) -> "Term":
        if [self.working_days, self.days, self.months].count(None) != 2:  # noqa: PLR2004 - all units but one
            raise PydanticCustomError("one_unit_of_term", "give working_days, days or months, one of the three")
        return self


AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_SATURDAY = 5


def day_in_amsterdam(moment: datetime) -> date:
    """Returns the calendar day of an aware moment in Europe/Amsterdam."""
    return moment.astimezone(AMSTERDAM).date()


@cache
def _holidays(year: int) -> frozenset[date]:
    """Days of rest of the Algemene termijnenwet, article 3, including Good Friday and, in every year, 5 May."""
    return frozenset(country_holidays("NL", years=year, language="nl", categories=("public", "optional")))


def is_working_day(day: date) -> bool:
    return day.weekday() < _SATURDAY and day not in _holidays(day.year)


def months_after(day: date, months: int) -> date:
    """Returns the same day of a later month, or the last day of that month where it is shorter.

    31 January and one month is 28 February, 29 in a leap year (Regulation 1182/71, article 3).
    """
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def last_day_of(start: date, term: Term) -> date:
    """Returns the last day of a term, always a working day: an end on a day of rest moves to the next working day.

    So do the Algemene termijnenwet (articles 1 and 4: terms of at most three months) and Regulation 1182/71.
    """
    day = months_after(start, term.months or 0) + timedelta(days=term.days or 0)
    for _ in range(term.working_days or 0):
        day = _next_working_day(day + timedelta(days=1))
    return _next_working_day(day)


def _next_working_day(day: date) -> date:
    while not is_working_day(day):
        day += timedelta(days=1)
    return day
