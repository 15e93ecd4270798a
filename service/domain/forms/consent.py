"""Consent per person and purpose, or the legal ground instead (I20; Jeugdwet 7.3.4 and 7.3.11)."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import Literal

from service.domain.age import age_on
from service.domain.forms.base import Fault, FormContext, FormPart
from service.domain.forms.coded import ConsentKind, InformationPurpose, LegalGround, PersonRole
from service.domain.forms.fields import AtLeastOne, Day, OrNone, in_words, not_in_future
from service.domain.words import FreeText

Consenter = Literal["child", "parents"]

CHILD_IS_ASKED_FROM = 12
CHILD_DECIDES_FROM = 16
WITH_AUTHORITY = frozenset({"parent", "guardian"})


class Consent(FormPart):
    """One person's consent to one or more purposes, or the ground on which it is not needed."""

    kind: ConsentKind
    purposes: AtLeastOne[InformationPurpose]
    by: PersonRole | None = None
    ground: LegalGround | None = None
    given_on: Day
    explanation: OrNone[FreeText] = None

    def allows(self, purpose: str) -> bool:
        return purpose in {it.code for it in self.purposes}

    @property
    def is_ground(self) -> bool:
        return self.kind.code == "legal_ground" and self.ground is not None


def who_must_consent(age: int) -> frozenset[Consenter]:
    """Under 12 the parents, from 12 to 15 child and parents, from 16 the child alone (Jeugdwet 7.3.4, 7.3.5)."""
    if age < CHILD_IS_ASKED_FROM:
        return frozenset({"parents"})
    if age < CHILD_DECIDES_FROM:
        return frozenset({"child", "parents"})
    return frozenset({"child"})


def consent_faults(consents: Collection[Consent], on: date) -> Iterator[Fault]:
    """What each entry lacks by itself."""
    for at, consent in enumerate(consents):
        yield from not_in_future(consent.given_on, on, "consents", at, "givenOn")
        if consent.kind.code == "consent" and consent.by is None:
            yield Fault("consent_by_whom_missing", ("consents", at, "by"))
        if consent.kind.code == "legal_ground" and consent.ground is None:
            yield Fault("legal_ground_missing", ("consents", at, "ground"))


def age_rule_faults(consents: Collection[Consent], purpose: str, age: int) -> Iterator[Fault]:
    """Whose consent to this purpose is missing at this age; a legal ground takes the place of all."""
    given = [consent for consent in consents if consent.allows(purpose)]
    if any(consent.is_ground for consent in given):
        return
    givers = {consent.by.code for consent in given if consent.kind.code == "consent" and consent.by}
    needed = who_must_consent(age)
    if "child" in needed and "child" not in givers:
        yield Fault("consent_of_child_missing", ("consents",))
    if "parents" in needed and not givers & WITH_AUTHORITY:
        yield Fault("consent_of_parents_missing", ("consents",))


def settled(consents: Collection[Consent], birth_month: str) -> tuple[str, ...]:
    """The purposes to which everybody who had to did consent, at the age on the day the last of them did (I20)."""
    last_given: dict[str, date] = {}
    for consent in consents:
        for purpose in consent.purposes:
            last_given[purpose.code] = max(consent.given_on, last_given.get(purpose.code, consent.given_on))
    return tuple(
        sorted(
            purpose
            for purpose, day in last_given.items()
            if not any(age_rule_faults(consents, purpose, age_on(birth_month, day)))
        )
    )


def sharing_faults(consents: Collection[Consent], purpose: str, context: FormContext) -> Iterator[Fault]:
    """Sharing further away needs consent to just that, or a ground; who consented before is not asked twice (R90)."""
    yield from consent_faults(consents, context.on)
    if purpose not in context.facts.consented and not any(consent.allows(purpose) for consent in consents):
        yield Fault(
            "consent_to_sharing_missing", ("consents",), in_words("purpose", InformationPurpose.code_list, purpose)
        )
