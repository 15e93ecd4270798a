"""Checks of a month of birth: one that makes nobody a youth is asked to be confirmed.

The confirmation repeats the month, so that a later correction needs one of its own.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from service.vocabulary.ages import age_on, first_day_of_age, youngest_age_on
from service.vocabulary.form_parts import Fault

# Extended youth help ends at 23 (Jeugdwet 1.1).
ADULT_AGE = 23
_PLACE = ("birthMonth",)


def faults_of_birth_month(birth_month: str | None, confirmed: str | None, on: date) -> Iterator[Fault]:
    """Yields a fault when the child is not born yet or is 23 or older on this day, and nobody confirmed that."""
    if birth_month is None or birth_month == confirmed:
        return
    age = youngest_age_on(birth_month, on)
    if age_on(birth_month, on) < 0:
        yield Fault("birth_month_in_future", _PLACE)
    elif age >= ADULT_AGE:
        yield Fault("birth_month_of_adult", _PLACE, {"age": age})


def faults_of_birth_after_consent(
    birth_month: str | None, confirmed: str | None, consent_days: Iterable[date], on: date
) -> Iterator[Fault]:
    """Yields a fault when somebody consented before the child was born, and nobody confirmed the month.

    A month in the future has a fault of its own.
    """
    if birth_month is None or birth_month == confirmed or age_on(birth_month, on) < 0:
        return
    if any(day < first_day_of_age(birth_month, 0) for day in consent_days):
        yield Fault("birth_month_after_consent", _PLACE)
