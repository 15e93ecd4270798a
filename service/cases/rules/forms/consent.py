"""Forms of consent per person and purpose, or of a legal ground instead (I20; Jeugdwet 7.3.4 and 7.3.11)."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import ClassVar

from typing_extensions import override

from service.cases.rules.consent_order import dated_statement, weigh_statements
from service.cases.rules.consents import (
    CHILD_SOLE_CONSENT_AGE,
    CONSENT_GIVEN,
    CONSENT_WITHDRAWN,
    LEGAL_GROUND,
    PURPOSE_PARENTS,
    PURPOSES_WITHOUT_LEGAL_GROUND,
    ConsentFact,
    PurposeConsent,
    age_for_consent,
    band_for_consent,
    represented_consenters,
    required_consenters,
)
from service.cases.rules.forms.base import Form, FormContext, rule
from service.vocabulary.ages import first_day_of_age
from service.vocabulary.coded_answers import ConsentKind, InformationPurpose, LegalGround, PersonRole, WhichParent
from service.vocabulary.fields import AtLeastOne, Day, Nullable, check_not_in_future, code_params
from service.vocabulary.form_parts import Codes, ContentClass, Fault, FormPart
from service.vocabulary.language import FreeText
from service.vocabulary.roles import FAMILY_ROLES, Role


class Consent(FormPart):
    """The consent of one person to one or more purposes, or the legal ground that replaces it."""

    kind: ConsentKind
    purposes: AtLeastOne[InformationPurpose]
    by: PersonRole | None = None
    which_parent: WhichParent | None = None
    ground: LegalGround | None = None
    given_on: Day
    explanation: Nullable[FreeText] = None

    def covers_purpose(self, purpose: str) -> bool:
        return purpose in {coded.code for coded in self.purposes}

    @property
    def is_legal_ground(self) -> bool:
        return self.kind.code == LEGAL_GROUND and self.ground is not None

    @property
    def giver(self) -> str | None:
        """The role of the person who consents, or the code of a legal ground; None for any other statement."""
        if self.is_legal_ground:
            return LEGAL_GROUND
        return self.by.code if self.by and self.kind.code == "consent" else None


def faults_of_consents(consents: Collection[Consent], context: FormContext) -> Iterator[Fault]:
    """Yields the faults of each consent by itself. A member of the family records no legal ground."""
    for index, consent in enumerate(consents):
        yield from check_not_in_future(consent.given_on, context.day, "consents", index, "givenOn")
        names_ground = consent.kind.code == LEGAL_GROUND or consent.ground is not None
        if names_ground and context.recorded_by in FAMILY_ROLES:
            yield Fault("family_records_no_ground", ("consents", index, "kind"))
        if consent.kind.code == "consent" and consent.by is None:
            yield Fault("consent_by_whom_missing", ("consents", index, "by"))
        if consent.kind.code == LEGAL_GROUND and consent.ground is None:
            yield Fault("legal_ground_missing", ("consents", index, "ground"))
        if consent.kind.code == LEGAL_GROUND:
            yield from _faults_of_uncovered_purposes(consent, index)


def faults_of_consents_before_birth(consents: Collection[Consent], birth_month: str | None) -> Iterator[Fault]:
    """Yields a fault per consent of a day before the child was born. A referral asks to confirm the month instead."""
    for index, consent in enumerate(consents):
        yield from _fault_before_birth(consent.given_on, birth_month, "consents", index, "givenOn")


def _faults_of_uncovered_purposes(consent: Consent, index: int) -> Iterator[Fault]:
    for position, purpose in enumerate(consent.purposes):
        if purpose.code in PURPOSES_WITHOUT_LEGAL_GROUND:
            place = ("consents", index, "purposes", position)
            params = code_params("purpose", InformationPurpose.code_list, purpose.code)
            yield Fault("legal_ground_does_not_cover", place, params)


def faults_of_missing_consents(consents: Collection[Consent], purpose: str, age: int) -> Iterator[Fault]:
    """Yields a fault per missing consenter to this purpose at this age (years).

    A legal ground that may cover the purpose replaces all of them.
    """
    givers = {giver for consent in consents if consent.covers_purpose(purpose) and (giver := consent.giver)}
    if LEGAL_GROUND in givers and purpose not in PURPOSES_WITHOUT_LEGAL_GROUND:
        return
    missing = required_consenters(age, purpose) - represented_consenters(givers)
    if "child" in missing:
        yield Fault("consent_of_child_missing", ("consents",))
    if "parents" in missing:
        yield Fault("consent_of_parents_missing", ("consents",))


def purposes_with_consent(consents: Collection[Consent], birth_month: str) -> tuple[str, ...]:
    """Returns the purposes to which all required persons consented, at the age on the day of the last consent (I20)."""
    return tuple(
        sorted(
            purpose
            for purpose, day in _last_given(consents).items()
            if not any(faults_of_missing_consents(consents, purpose, age_for_consent(birth_month, day)))
        )
    )


def consent_facts(consents: Collection[Consent], birth_month: str | None) -> tuple[str, ...]:
    """Returns the consent facts, each with its day and the age on that day. Later consents are added to these facts."""
    return tuple(sorted({str(fact) for consent in consents for fact in _facts_of(consent, birth_month)}))


def _facts_of(consent: Consent, birth_month: str | None) -> Iterator[ConsentFact]:
    if giver := consent.giver:
        band = band_for_consent(birth_month, consent.given_on)
        which = code_of_parent(giver, consent.which_parent)
        for purpose in consent.purposes:
            yield ConsentFact(giver, band, purpose.code, consent.given_on, which)


def code_of_parent(giver: str, which_parent: WhichParent | None) -> str:
    """Returns the code that tells this parent from another one; empty when nobody said which parent it is."""
    return which_parent.code if which_parent and giver == "parent" else ""


def _last_given(consents: Collection[Consent]) -> dict[str, date]:
    days: dict[str, date] = {}
    for consent in consents:
        for purpose in consent.purposes:
            days[purpose.code] = max(consent.given_on, days.get(purpose.code, consent.given_on))
    return days


def faults_of_sharing(consents: Collection[Consent], purpose: str, context: FormContext) -> Iterator[Fault]:
    """Yields a fault when sharing for this purpose has no sufficient consent and no legal ground.

    A consent that is in force is not asked for again (R90).
    """
    if purpose in context.facts.consented_purposes:
        return
    said_here = (
        dated_statement("given", fact) for consent in consents for fact in _facts_of(consent, context.birth_month)
    )
    weighed = weigh_statements((*context.facts.consent_statements, *said_here))
    if not weighed.get(purpose, PurposeConsent()).in_force:
        yield Fault(
            "consent_to_sharing_missing", ("consents",), code_params("purpose", InformationPurpose.code_list, purpose)
        )


class _ConsentForm(Form):
    """A consent form, weighed with the age of the child: who must consent changes at 12 and at 16."""

    content_class: ClassVar[ContentClass] = "referral"
    weighs_age: ClassVar[bool] = True

    @override
    def codes(self) -> Codes:
        """Returns the codes by list without the purposes, which take effect only through `age_codes`."""
        return {name: codes for name, codes in super().codes().items() if name != InformationPurpose.code_list.name}


class ConsentGiven(_ConsentForm):
    """Consent, or a legal ground, given after the referral. May hold the consent of one person only."""

    form_name: ClassVar[str] = "consent_given@1"

    consents: AtLeastOne[Consent]

    @override
    def age_codes(self, birth_month: str | None) -> Codes:
        return {CONSENT_GIVEN: consent_facts(self.consents, birth_month)}

    @rule
    def _consents_are_sound(self, context: FormContext) -> Iterator[Fault]:
        return faults_of_consents(self.consents, context)

    @rule
    def _consents_follow_birth(self, context: FormContext) -> Iterator[Fault]:
        return faults_of_consents_before_birth(self.consents, context.birth_month)

    @rule
    def _nobody_speaks_for_another(self, context: FormContext) -> Iterator[Fault]:
        if context.recorded_by != Role.PARENT:
            return
        withdrawn_by_child = {
            purpose
            for purpose, consent in context.facts.consents.items()
            if any(role == "child" for role, _ in consent.refusers)
        }
        for index, consent in enumerate(self.consents):
            if consent.giver == "child" and consent.covers_purpose(PURPOSE_PARENTS):
                yield Fault("parents_do_not_record_this", ("consents", index, "purposes"))
            if consent.giver == "parent" and consent.which_parent:
                yield Fault("parents_record_their_own", ("consents", index, "whichParent"))
            if consent.giver == "child" and any(consent.covers_purpose(purpose) for purpose in withdrawn_by_child):
                yield Fault("child_withdrew_this", ("consents", index, "purposes"))

    @rule
    def _young_person_decides_alone(self, context: FormContext) -> Iterator[Fault]:
        if context.recorded_by != Role.PARENT or context.birth_month is None:
            return
        for index, consent in enumerate(self.consents):
            age = age_for_consent(context.birth_month, consent.given_on)
            if consent.giver == "child" and age >= CHILD_SOLE_CONSENT_AGE:
                yield Fault("young_person_consents", ("consents", index, "by"))

    @rule
    def _givers_may_consent(self, context: FormContext) -> Iterator[Fault]:
        for index, consent in enumerate(self.consents):
            if (giver := consent.giver) and giver != LEGAL_GROUND:
                yield from _faults_of_giver(consent, giver, context.birth_month, index)


def _fault_before_birth(day: date, birth_month: str | None, *location: str | int) -> Iterator[Fault]:
    if birth_month and day < first_day_of_age(birth_month, 0):
        yield Fault("consent_before_birth", location)


def _faults_of_giver(consent: Consent, giver: str, birth_month: str | None, index: int) -> Iterator[Fault]:
    """Yields a fault when the giver is not one of the required consenters: such a consent would have no effect."""
    age = age_for_consent(birth_month, consent.given_on)
    if age >= 0 and any(
        required_consenters(age, purpose.code).isdisjoint(represented_consenters({giver}))
        for purpose in consent.purposes
    ):
        place = ("consents", index, "by")
        yield Fault("consent_not_theirs", place, {"age": age}) if birth_month else Fault("birth_month_unknown", place)


class ConsentWithdrawn(_ConsentForm):
    """Consent that one person withdraws or refuses, or a legal ground that ended. Sharing stops from now on."""

    form_name: ClassVar[str] = "consent_withdrawn@1"

    kind: ConsentKind
    purposes: AtLeastOne[InformationPurpose]
    by: PersonRole | None = None
    which_parent: WhichParent | None = None
    withdrawn_on: Day
    explanation: Nullable[FreeText] = None

    @override
    def age_codes(self, birth_month: str | None) -> Codes:
        giver = LEGAL_GROUND if self.kind.code == LEGAL_GROUND else self.by.code if self.by else ""
        band = band_for_consent(birth_month, self.withdrawn_on)
        which = code_of_parent(giver, self.which_parent)
        facts = (ConsentFact(giver, band, purpose.code, self.withdrawn_on, which) for purpose in self.purposes)
        return {CONSENT_WITHDRAWN: tuple(sorted(set(map(str, facts))))}

    @rule
    def _withdraws_their_own(self, context: FormContext) -> Iterator[Fault]:
        if context.recorded_by not in FAMILY_ROLES:
            return
        if self.kind.code == LEGAL_GROUND:
            yield Fault("family_records_no_ground", ("kind",))
        elif self.by and (self.by.code == "child") != (context.recorded_by == Role.YOUNG_PERSON):
            yield Fault("withdraw_their_own", ("by",))

    @rule
    def _withdrawal_follows_birth(self, context: FormContext) -> Iterator[Fault]:
        return _fault_before_birth(self.withdrawn_on, context.birth_month, "withdrawnOn")

    @rule
    def _withdrawal_is_past(self, context: FormContext) -> Iterator[Fault]:
        return check_not_in_future(self.withdrawn_on, context.day, "withdrawnOn")

    @rule
    def _giver_is_named(self, _context: FormContext) -> Iterator[Fault]:
        if self.kind.code != LEGAL_GROUND and self.by is None:
            yield Fault("consent_by_whom_missing", ("by",))
