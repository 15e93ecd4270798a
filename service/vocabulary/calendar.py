"""Moments as they are stored and written, days in Europe/Amsterdam, and terms in working days (design decision 19)."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from holidays import country_holidays
from pydantic import BaseModel, ConfigDict, Field, model_validator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970 in UTC: the one form of a time that every database gives back unchanged."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment(microseconds_since_1970: int) -> datetime:
    """The moment as an aware datetime, UTC."""
    return _EPOCH + timedelta(microseconds=microseconds_since_1970)


def in_utc_text(at: datetime) -> str:
    """A moment in UTC as RFC 3339 writes it, with Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Term(BaseModel):
    """A length of time: working days in the Netherlands or calendar days, counted from the day after."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    working_days: int | None = Field(default=None, ge=0, le=260)
    days: int | None = Field(default=None, ge=0, le=3660)

    @model_validator(mode="after")
    def _has_one_unit(self) -> "Term":
        if (self.working_days is None) == (self.days is None):
            raise ValueError("give working_days or days, one of the two")
        return self


AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_SATURDAY = 5


def day_in_amsterdam(moment: datetime) -> date:
    """The calendar day of an aware moment."""
    return moment.astimezone(AMSTERDAM).date()


@cache
def _holidays(year: int) -> frozenset[date]:
    """The days of rest of the Algemene termijnenwet, article 3: with Good Friday, and 5 May in every year."""
    return frozenset(country_holidays("NL", years=year, language="nl", categories=("public", "optional")))


def is_working_day(day: date) -> bool:
    return day.weekday() < _SATURDAY and day not in _holidays(day.year)


def due(start: date, term: Term) -> date:
    """The last day of a term; a term in calendar days that ends on a day of rest runs on to the next working day."""
    day = start + timedelta(days=term.days or 0)
    for _ in range(term.working_days or 0):
        day = _next_working_day(day + timedelta(days=1))
    return _next_working_day(day)


def _next_working_day(day: date) -> date:
    while not is_working_day(day):
        day += timedelta(days=1)
    return day
