"""Duties that follow from the child's age. They remind; they never block or move a case (I7; design, policy 5)."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from service.cases.rules.consents import CHILD_CONSENT_AGE, CHILD_SOLE_CONSENT_AGE
from service.cases.rules.facts import CaseFacts
from service.vocabulary.ages import age_on, first_day_of_age

PlanStatus = Literal["unknown", "not_yet", "asked", "overdue", "recorded"]
MAJORITY = 18
PLAN_OVERDUE_AGE = 17
REASK_AGES = (CHILD_CONSENT_AGE, CHILD_SOLE_CONSENT_AGE, MAJORITY)


@dataclass(frozen=True, slots=True)
class ConsentToReask:
    """A consent given before the child reached these ages. Since then other people decide, or the child alone.

    `suspended`: it no longer suffices since the month of birth was corrected.
    """

    purpose: str
    ages: tuple[int, ...]
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class ComingOfAge:
    """The duties on one day. The dates are None when the month of birth is not known."""

    turns_16_on: date | None
    turns_18_on: date | None
    plan_after_18: PlanStatus
    consents_to_reask: tuple[ConsentToReask, ...] = ()


def coming_of_age(facts: CaseFacts, birth_month: str | None, on: date) -> ComingOfAge:
    """The duties on this day in Amsterdam. `birth_month` is yyyy-mm, or None when it is not known."""
    if birth_month is None:
        suspended = tuple(consent for consent in _consents_to_reask(facts, 0) if consent.suspended)
        return ComingOfAge(None, None, "recorded" if facts.has_plan_after_18 else "unknown", suspended)
    age = age_on(birth_month, on)
    return ComingOfAge(
        first_day_of_age(birth_month, CHILD_SOLE_CONSENT_AGE),
        first_day_of_age(birth_month, MAJORITY),
        _plan(facts, age),
        tuple(_consents_to_reask(facts, age)),
    )


def _plan(facts: CaseFacts, age: int) -> PlanStatus:
    if facts.has_plan_after_18:
        return "recorded"
    if age < CHILD_SOLE_CONSENT_AGE:
        return "not_yet"
    return "asked" if age < PLAN_OVERDUE_AGE else "overdue"


def _consents_to_reask(facts: CaseFacts, age: int) -> list[ConsentToReask]:
    """The consents to ask again. A legal ground is not a consent, and is left out."""
    consents = []
    for purpose, agreement in sorted(facts.consents.items()):
        age_at_consent = agreement.last_given.lowest_age if agreement.last_given else age
        ages = tuple(limit for limit in REASK_AGES if age_at_consent < limit <= age)
        is_outgrown = agreement.in_force and not agreement.has_legal_ground and bool(ages)
        if is_outgrown or agreement.suspended:
            consents.append(ConsentToReask(purpose, ages, suspended=agreement.suspended))
    return consents
