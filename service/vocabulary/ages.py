"""Age from the month of birth: an age is reached on the first day of that month (design.md, policy 5).

Of a child whose year of birth alone is known, two ages are possible. What protects a young person counts from the
oldest: an age is then reached on the first of January.
"""

from datetime import date

_BANDS = ((3, "0-3"), (11, "4-11"), (15, "12-15"), (17, "16-17"), (22, "18-22"))
_ADULT = "23+"
AGE_BANDS = (*(band for _, band in _BANDS), _ADULT)


def age_on(birth_month: str, on: date) -> int:
    """Returns the age in years on a day, from YYYY-MM or YYYY; negative before the birth. Of a year, the oldest age."""
    return _age(first_day_of_age(birth_month, 0), on)


def youngest_age_on(birth_month: str, on: date) -> int:
    """Returns the age in years on a day, from YYYY-MM or YYYY. Of a year, the youngest age."""
    return _age(last_day_of_age(birth_month, 0), on)


def first_day_of_age(birth_month: str, age: int) -> date:
    """Returns the day on which an age is reached: the first day of the birth month. Of a year, the first of January."""
    year, month = _year_and_month(birth_month, 1)
    return date(year + age, month, 1)


def last_day_of_age(birth_month: str, age: int) -> date:
    """Returns the day on which an age is reached at the latest: of a year, the first of December."""
    year, month = _year_and_month(birth_month, 12)
    return date(year + age, month, 1)


def age_band(birth_month: str, on: date) -> str:
    """Returns the age band on a day, such as "12-15": the only fact about age that is counted (design.md 2)."""
    return band_of_age(age_on(birth_month, on))


def band_of_age(age: int) -> str:
    """Returns the age band of an age in years."""
    return next((band for last, band in _BANDS if age <= last), _ADULT)


def _age(born: date, on: date) -> int:
    return on.year - born.year - (on.month < born.month)


def _year_and_month(birth_month: str, month_of_year: int) -> tuple[int, int]:
    """Returns year and month; `month_of_year` where only the year is known."""
    year, _, month = birth_month.partition("-")
    return int(year), int(month or month_of_year)
