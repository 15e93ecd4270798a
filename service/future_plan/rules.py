"""What an age asks for, and when: it shows and reminds, blocks nothing and moves nothing (I7; design, policy 5)."""

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
    """A consent that was given before these ages were reached: since then somebody else decides, or decides alone."""

    purpose: str
    ages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ComingOfAge:
    """The duties of a day. Without a month of birth nothing is known of them."""

    turns_16_on: date | None
    turns_18_on: date | None
    plan_after_18: Plan
    ask_again: tuple[AskAgain, ...] = ()


def coming_of_age(facts: CaseFacts, birth_month: str | None, on: date) -> ComingOfAge:
    if birth_month is None:
        return ComingOfAge(None, None, "recorded" if facts.planned_after_18 else "unknown")
    age = age_on(birth_month, on)
    return ComingOfAge(
        month_of_age(birth_month, CHILD_DECIDES_FROM),
        month_of_age(birth_month, MAJORITY),
        _plan(facts, age),
        tuple(_to_ask_again(facts, age)),
    )


def _plan(facts: CaseFacts, age: int) -> Plan:
    if facts.planned_after_18:
        return "recorded"
    if age < CHILD_DECIDES_FROM:
        return "not_yet"
    return "asked" if age < PLAN_OVERDUE_FROM else "overdue"


def _to_ask_again(facts: CaseFacts, age: int) -> list[AskAgain]:
    """A legal ground is nobody's consent, and is not asked again."""
    found = []
    for purpose, agreed in sorted(facts.agreed.items()):
        given_at = agreed.last.age if agreed.last else age
        ages = tuple(it for it in ASKED_AGAIN_AT if given_at < it <= age)
        if agreed.in_force and not agreed.grounded and ages:
            found.append(AskAgain(purpose, ages))
    return found
