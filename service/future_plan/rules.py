"""Duties that follow from the child's age. They remind; they never block or move a case (I7; design, policy 5)."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from service.cases.rules.consents import CHILD_DECIDES_FROM, CHILD_IS_ASKED_FROM
from service.cases.rules.facts import CaseFacts
from service.vocabulary.ages import age_on, month_of_age

Plan = Literal["unknown", "not_yet", "asked", "overdue", "recorded"]
MAJORITY = 18
PLAN_OVERDUE_FROM = 17
ASKED_AGAIN_AT = (CHILD_IS_ASKED_FROM, CHILD_DECIDES_FROM, MAJORITY)


@dataclass(frozen=True, slots=True)
class AskAgain:
    """A consent given before the child reached these ages. Since then other people decide, or the child alone."""

    purpose: str
    ages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ComingOfAge:
    """The duties on one day. The dates are None when the month of birth is not known."""

    turns_16_on: date | None
    turns_18_on: date | None
    plan_after_18: Plan
    ask_again: tuple[AskAgain, ...] = ()


def coming_of_age(facts: CaseFacts, birth_month: str | None, on: date) -> ComingOfAge:
    """The duties on this day in Amsterdam. `birth_month` is yyyy-mm, or None when it is not known."""
    if birth_month is None:
        return ComingOfAge(None, None, "recorded" if facts.planned_after_18 else "unknown")
    age = age_on(birth_month, on)
    return ComingOfAge(
        month_of_age(birth_month, CHILD_DECIDES_FROM),
        month_of_age(birth_month, MAJORITY),
        _plan(facts, age),
        tuple(_consents_to_reask(facts, age)),
    )


def _plan(facts: CaseFacts, age: int) -> Plan:
    if facts.planned_after_18:
        return "recorded"
    if age < CHILD_DECIDES_FROM:
        return "not_yet"
    return "asked" if age < PLAN_OVERDUE_FROM else "overdue"


def _consents_to_reask(facts: CaseFacts, age: int) -> list[AskAgain]:
    """The consents to ask again. A legal ground is not a consent, and is left out."""
    consents = []
    for purpose, agreement in sorted(facts.agreed.items()):
        age_at_consent = agreement.last.age if agreement.last else age
        ages = tuple(limit for limit in ASKED_AGAIN_AT if age_at_consent < limit <= age)
        if agreement.in_force and not agreement.grounded and ages:
            consents.append(AskAgain(purpose, ages))
    return consents
