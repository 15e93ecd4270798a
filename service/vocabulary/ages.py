"""Age from the month of birth: an age is reached on the first day of that month (design.md, policy 5)."""

from datetime import date

_BANDS = ((3, "0-3"), (11, "4-11"), (15, "12-15"), (17, "16-17"), (22, "18-22"))
_ADULT = "23+"
AGE_BANDS = (*(band for _, band in _BANDS), _ADULT)


def age_on(birth_month: str, on: date) -> int:
    """Returns the age in years on a day, from a birth month YYYY-MM; negative before that month."""
    year, month = (int(digits) for digits in birth_month.split("-"))
    return on.year - year - (on.month < month)


def first_day_of_age(birth_month: str, age: int) -> date:
    """Returns the day on which an age is reached: the first day of the birth month in that year."""
    year, month = (int(digits) for digits in birth_month.split("-"))
    return date(year + age, month, 1)


def age_band(birth_month: str, on: date) -> str:
    """Returns the age band on a day, such as "12-15": the only fact about age that is counted (design.md 2)."""
    age = age_on(birth_month, on)
    return next((band for last, band in _BANDS if age <= last), _ADULT)
