"""When something is due: working days in the Netherlands, on the calendar of Europe/Amsterdam (design decision 19)."""

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from holidays import country_holidays

from service.workflows.rules.region_settings import Term

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
