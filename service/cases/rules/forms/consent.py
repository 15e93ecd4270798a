"""Consent per person and purpose, or the legal ground instead (I20; Jeugdwet 7.3.4 and 7.3.11)."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import ClassVar

from typing_extensions import override

from service.cases.rules.consents import GIVEN, GROUND, WITHDRAWN, ConsentFact, consenters, who_must_consent
from service.cases.rules.forms.base import Form, FormContext, rule
from service.vocabulary.ages import age_band, age_on
from service.vocabulary.coded_answers import ConsentKind, InformationPurpose, LegalGround, PersonRole
from service.vocabulary.fields import AtLeastOne, Day, OrNone, in_words, not_in_future
from service.vocabulary.form_parts import Codes, ContentClass, Fault, FormPart
from service.vocabulary.language import FreeText


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
        return self.kind.code == GROUND and self.ground is not None

    @property
    def given_by(self) -> str | None:
        """Who says yes here: a person by their role, or a legal ground; None where it says something else."""
        if self.is_ground:
            return GROUND
        return self.by.code if self.by and self.kind.code == "consent" else None


def consent_faults(consents: Collection[Consent], on: date) -> Iterator[Fault]:
    """What each entry lacks by itself."""
    for at, consent in enumerate(consents):
        yield from not_in_future(consent.given_on, on, "consents", at, "givenOn")
        if consent.kind.code == "consent" and consent.by is None:
            yield Fault("consent_by_whom_missing", ("consents", at, "by"))
        if consent.kind.code == GROUND and consent.ground is None:
            yield Fault("legal_ground_missing", ("consents", at, "ground"))


def age_rule_faults(consents: Collection[Consent], purpose: str, age: int) -> Iterator[Fault]:
    """Whose consent to this purpose is missing at this age; a legal ground takes the place of all."""
    givers = {who for consent in consents if consent.allows(purpose) and (who := consent.given_by)}
    if GROUND in givers:
        return
    missing = who_must_consent(age, purpose) - consenters(givers)
    if "child" in missing:
        yield Fault("consent_of_child_missing", ("consents",))
    if "parents" in missing:
        yield Fault("consent_of_parents_missing", ("consents",))


def settled(consents: Collection[Consent], birth_month: str) -> tuple[str, ...]:
    """The purposes to which everybody who had to did consent, at the age on the day the last of them did (I20)."""
    return tuple(
        sorted(
            purpose
            for purpose, day in _last_given(consents).items()
            if not any(age_rule_faults(consents, purpose, age_on(birth_month, day)))
        )
    )


def as_facts(consents: Collection[Consent], birth_month: str) -> tuple[str, ...]:
    """Who agreed to what, at the age on the day the last of them did: facts that later consents are weighed with."""
    last_given = _last_given(consents)
    return tuple(
        sorted(
            str(ConsentFact(who, age_band(birth_month, last_given[purpose.code]), purpose.code))
            for consent in consents
            if (who := consent.given_by)
            for purpose in consent.purposes
        )
    )


def _last_given(consents: Collection[Consent]) -> dict[str, date]:
    last: dict[str, date] = {}
    for consent in consents:
        for purpose in consent.purposes:
            last[purpose.code] = max(consent.given_on, last.get(purpose.code, consent.given_on))
    return last


def sharing_faults(consents: Collection[Consent], purpose: str, context: FormContext) -> Iterator[Fault]:
    """Sharing further away needs consent to just that, or a ground; who consented before is not asked twice (R90)."""
    if purpose not in context.facts.consented and not any(consent.allows(purpose) for consent in consents):
        yield Fault(
            "consent_to_sharing_missing", ("consents",), in_words("purpose", InformationPurpose.code_list, purpose)
        )


class _ConsentForm(Form):
    """Weighed with the child's age on the day: whose word counts differs at eleven, at twelve and at sixteen."""

    content_class: ClassVar[ContentClass] = "referral"
    weighs_age: ClassVar[bool] = True

    @override
    def codes(self) -> Codes:
        """What is named here is not yet in force: `weighed` tells what it comes to."""
        return {name: codes for name, codes in super().codes().items() if name != InformationPurpose.code_list.name}


class ConsentGiven(_ConsentForm):
    """Consent, or the legal ground instead, that came after the referral; one person at a time will do."""

    form_name: ClassVar[str] = "consent_given@1"

    consents: AtLeastOne[Consent]

    @override
    def weighed(self, birth_month: str) -> Codes:
        return {GIVEN: as_facts(self.consents, birth_month)}

    @rule
    def _consents_are_sound(self, context: FormContext) -> Iterator[Fault]:
        return consent_faults(self.consents, context.on)

    @rule
    def _consents_are_theirs(self, context: FormContext) -> Iterator[Fault]:
        if context.birth_month is None:
            yield Fault("birth_month_unknown", ("consents",))
            return
        for at, consent in enumerate(self.consents):
            if (who := consent.given_by) and who != GROUND:
                yield from _not_theirs(consent, who, age_on(context.birth_month, consent.given_on), at)


def _not_theirs(consent: Consent, who: str, age: int, at: int) -> Iterator[Fault]:
    """A consent that counts for nothing at that age would only seem to be one."""
    if any(who_must_consent(age, purpose.code).isdisjoint(consenters({who})) for purpose in consent.purposes):
        yield Fault("consent_not_theirs", ("consents", at, "by"), {"age": age})


class ConsentWithdrawn(_ConsentForm):
    """What one person takes back or never wished, or a legal ground that ended: it stops what is shared from now on."""

    form_name: ClassVar[str] = "consent_withdrawn@1"

    kind: ConsentKind
    purposes: AtLeastOne[InformationPurpose]
    by: PersonRole | None = None
    withdrawn_on: Day
    explanation: OrNone[FreeText] = None

    @override
    def weighed(self, birth_month: str) -> Codes:
        who = GROUND if self.kind.code == GROUND else self.by.code if self.by else ""
        band = age_band(birth_month, self.withdrawn_on)
        return {WITHDRAWN: tuple(sorted({str(ConsentFact(who, band, purpose.code)) for purpose in self.purposes}))}

    @rule
    def _withdrawal_is_past(self, context: FormContext) -> Iterator[Fault]:
        return not_in_future(self.withdrawn_on, context.on, "withdrawnOn")

    @rule
    def _somebody_withdraws(self, _context: FormContext) -> Iterator[Fault]:
        if self.kind.code != GROUND and self.by is None:
            yield Fault("consent_by_whom_missing", ("by",))

    @rule
    def _age_is_known(self, context: FormContext) -> Iterator[Fault]:
        if context.birth_month is None:
            yield Fault("birth_month_unknown", ("purposes",))
