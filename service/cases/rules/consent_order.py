"""The order of what people said about consent: by the day on which they said it (I20).

The later day holds, and on the same day a withdrawal. The order in which the entries were recorded does not matter.
Releases up to 0.4 recorded no day: what they recorded counts in the order of the entries.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from service.cases.rules.amendments import amended_history
from service.cases.rules.consents import (
    CONSENT_AGES,
    CONSENT_GIVEN,
    CONSENT_WITHDRAWN,
    PURPOSE_PARENTS,
    ROLES_WITH_AUTHORITY,
    ConsentFact,
    PurposeConsent,
    band_for_consent,
)
from service.cases.rules.model import Transition
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.form_parts import Codes
from service.vocabulary.roles import Role

Word = Literal["given", "withdrawn"]
# On one day: consents with a day, then what has no day, then withdrawals with a day.
_DATED_CONSENT, _UNDATED, _DATED_WITHDRAWAL = range(3)


@dataclass(frozen=True, slots=True)
class Statement:
    """A consent or a withdrawal, with its place in the order. `fact` is None where only the purpose was recorded.

    `said_on` is the day by which it is weighed: the day of the entry where no other day was recorded.
    """

    purpose: str
    word: Word
    fact: ConsentFact | None
    place: tuple[date, int]
    said_on: date


def statements_of(entries: Iterable[Transition]) -> Iterator[Statement]:
    """Yields the statements of these entries, which must be in order of sequence.

    A withdrawal without a day counts on the day of its entry. A consent without a day counts as early as the order of
    the entries allows, so that a withdrawal which is recorded later holds.
    """
    undated_on, listed = date.min, tuple(entries)
    own_withdrawals = _own_withdrawals_of_child(listed)
    for entry in listed:
        for word, name in _NAMES:
            for fact in map(ConsentFact.parse, entry.codes.get(name, ())):
                if word == "given" and (_is_for_themselves(fact, entry) or _undoes(fact, entry, own_withdrawals)):
                    continue
                if fact.day:
                    yield dated_statement(word, _with_speaker(word, fact, entry))
                    continue
                undated_on = undated_on if word == "given" else day_in_amsterdam(entry.recorded_at)
                yield Statement(fact.purpose, word, fact, (undated_on, _UNDATED), day_in_amsterdam(entry.occurred_at))
        if not _has_days(entry):
            for purpose in _unnamed_purposes(entry):
                place = (undated_on, _UNDATED)
                yield Statement(purpose, "given", None, place, day_in_amsterdam(entry.occurred_at))


def dated_statement(word: Word, fact: ConsentFact) -> Statement:
    """Returns the statement of a fact that has its day."""
    day = fact.day or date.min
    return Statement(fact.purpose, word, fact, (day, _DATED_CONSENT if word == "given" else _DATED_WITHDRAWAL), day)


def weigh_statements(statements: Iterable[Statement]) -> Mapping[str, PurposeConsent]:
    """Returns the consent by purpose after all these statements. Statements without a day must be in their order."""
    consents: dict[str, PurposeConsent] = {}
    for statement in sorted(statements, key=lambda statement: statement.place):
        consent = consents.get(statement.purpose, PurposeConsent())
        if statement.fact is None:
            consent = consent.after_unnamed_consent()
        elif statement.word == "given":
            consent = consent.after_consent(statement.fact)
        else:
            consent = consent.after_withdrawal(statement.fact)
        consents[statement.purpose] = consent
    return consents


def statements_in(history: Sequence[Transition]) -> tuple[Statement, ...]:
    """Returns the statements of a history, at the ages by its last correction of the month of birth."""
    statements = statements_of(amended_history(history))
    corrections = [entry for entry in history if CONSENT_AGES in entry.codes]
    if not corrections:
        return tuple(statements)
    bands = dict(code.split(":") for code in corrections[-1].codes[CONSENT_AGES])
    return tuple(_at_age(statement, bands) for statement in statements)


def weigh_history(history: Sequence[Transition]) -> Mapping[str, PurposeConsent]:
    """Returns the consent by purpose after a history.

    A consent that was in force before a correction of the month of birth, and does not suffice since, is suspended.
    """
    consents = weigh_statements(statements_in(history))
    agreed = {
        purpose
        for index, entry in enumerate(history)
        if CONSENT_AGES in entry.codes
        for purpose, consent in weigh_statements(statements_in(history[:index])).items()
        if consent.in_force
    }
    return {
        purpose: replace(consent, suspended=True)
        if purpose in agreed and not consent.in_force and not consent.withdrawn
        else consent
        for purpose, consent in consents.items()
    }


def corrected_ages(statements: Iterable[Statement], birth_month: str | None) -> Codes:
    """Returns the codes of an entry with this month of birth: the age on each day of a consent, where one differs."""
    facts = [(statement.said_on, statement.fact) for statement in statements if statement.fact]
    bands = {day: band_for_consent(birth_month, day) for day, _ in facts}
    if all(fact.age_band == bands[day] for day, fact in facts):
        return {}
    return {CONSENT_AGES: tuple(f"{day}:{band}" for day, band in sorted(bands.items()))}


def _at_age(statement: Statement, bands: Mapping[str, str]) -> Statement:
    band = bands.get(statement.said_on.isoformat())
    if statement.fact is None or band is None:
        return statement
    return replace(statement, fact=replace(statement.fact, age_band=band))


_NAMES: Sequence[tuple[Word, str]] = (("given", CONSENT_GIVEN), ("withdrawn", CONSENT_WITHDRAWN))


def _unnamed_purposes(entry: Transition) -> Iterator[str]:
    """Yields the purposes that the entry counts as agreed, without those for which a legal ground does not count."""
    facts = tuple(map(ConsentFact.parse, entry.codes.get(CONSENT_GIVEN, ())))
    for purpose in entry.codes.get("information_purpose", ()):
        if purpose == PURPOSE_PARENTS and entry.role == Role.PARENT:
            continue
        named = [fact for fact in facts if fact.purpose == purpose]
        if not named or any(fact.counts for fact in named):
            yield purpose


def _has_days(entry: Transition) -> bool:
    return any(ConsentFact.parse(text).day for text in entry.codes.get(CONSENT_GIVEN, ()))


def _is_for_themselves(fact: ConsentFact, entry: Transition) -> bool:
    """True when a parent recorded that the child lets the parents read. It does not count (I22)."""
    return entry.role == Role.PARENT and fact.purpose == PURPOSE_PARENTS


def _own_withdrawals_of_child(entries: Iterable[Transition]) -> Mapping[str, date]:
    """Returns by purpose the last day on which the young person withdrew consent and recorded that themselves."""
    withdrawals: dict[str, date] = {}
    for entry in entries:
        if entry.role == Role.YOUNG_PERSON:
            for fact in map(ConsentFact.parse, entry.codes.get(CONSENT_WITHDRAWN, ())):
                if fact.giver == "child" and fact.day:
                    withdrawals[fact.purpose] = max(fact.day, withdrawals.get(fact.purpose, fact.day))
    return withdrawals


def _undoes(fact: ConsentFact, entry: Transition, own_withdrawals: Mapping[str, date]) -> bool:
    """True when a parent recorded that the child agreed, after the young person withdrew. It does not count (I20)."""
    if entry.role != Role.PARENT or fact.giver != "child" or fact.purpose not in own_withdrawals:
        return False
    return fact.day is None or fact.day >= own_withdrawals[fact.purpose]


def _with_speaker(word: Word, fact: ConsentFact, entry: Transition) -> ConsentFact:
    """Returns the fact with the person who said it, where a parent or a guardian recorded it for the parents.

    What a parent records as the consent of the other parent is their own: nobody takes back what another refused. A
    guardian signs in with the role of a parent.
    """
    if entry.role == Role.PARENT and fact.giver in ROLES_WITH_AUTHORITY and (word == "given" or not fact.which):
        return replace(fact, which=str(entry.actor_id))
    return fact
