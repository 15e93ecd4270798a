"""The referral form of a submitter. Filling it in takes fifteen minutes (T2)."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar

from typing_extensions import override

from service.cases.rules.consents import CONSENT_GIVEN, PURPOSE_TABLE, age_for_consent
from service.cases.rules.forms.base import Form, FormContext, NamedMunicipality, rule
from service.cases.rules.forms.birth_month import faults_of_birth_after_consent, faults_of_birth_month
from service.cases.rules.forms.consent import (
    Consent,
    consent_facts,
    faults_of_consents,
    faults_of_missing_consents,
    purposes_with_consent,
)
from service.vocabulary.ages import age_band
from service.vocabulary.coded_answers import (
    CurrentLivingPlace,
    Interpreter,
    LegalRepresentation,
    LegalStatus,
    LifeDomain,
    ProductCategory,
    Referrer,
    RefusalReason,
    Relation,
    Safety,
    StagnationReason,
    Urgency,
)
from service.vocabulary.fields import (
    AtLeastOne,
    BirthMonth,
    Contact,
    Count,
    Day,
    MunicipalityCode,
    Nullable,
    Several,
    YesNo,
    check_not_in_future,
    enclosed_codes,
)
from service.vocabulary.form_parts import Codes, ContentClass, Fault, FormPart
from service.vocabulary.language import FreeText, ShortText


class Residence(FormPart):
    """Dated facts for the residence principle (woonplaatsbeginsel). An absent field is unknown."""

    municipality: Nullable[MunicipalityCode] = None
    since_on: Nullable[Day] = None
    address_in_doubt: Nullable[YesNo] = None
    in_stay: Nullable[YesNo] = None
    stay_since_on: Nullable[Day] = None
    before_stay: Nullable[MunicipalityCode] = None
    mother_at_birth: Nullable[MunicipalityCode] = None


class Voice(FormPart):
    """A person's own words, or the reason why this person was not heard (I16)."""

    own_words: Nullable[FreeText] = None
    why_not_heard: Nullable[FreeText] = None

    @property
    def is_recorded(self) -> bool:
        return bool(self.own_words or self.why_not_heard)


class HelpTried(FormPart):
    help: FreeText
    result: FreeText
    provider: Nullable[ShortText] = None
    period: Nullable[ShortText] = None


class EarlierRefusal(FormPart):
    provider: ShortText
    reason: RefusalReason
    refused_on: Nullable[Day] = None


class LifeDomainState(FormPart):
    """The current state of one of the Big Five life domains (R46)."""

    domain: LifeDomain
    state: FreeText


class SupportingPerson(FormPart):
    """A person from the network, such as a self-chosen mentor (R51, R52). No name is needed."""

    relation: Relation
    meaning: FreeText


class Referral(Form):
    """The referral of a child. It has the month of birth, but no field for a name or citizen service number (I19)."""

    form_name: ClassVar[str] = "referral@1"
    content_class: ClassVar[ContentClass] = "referral"

    birth_month: BirthMonth
    residence: Residence
    question: FreeText
    child_voice: Voice
    parents_voice: Voice
    tried: Several[HelpTried]
    refusals: Several[EarlierRefusal]
    living_place: CurrentLivingPlace
    safety: Safety
    safety_director: Nullable[ShortText] = None
    referrer: Referrer
    legal_status: LegalStatus
    urgency: Urgency
    urgency_reason: FreeText
    consents: AtLeastOne[Consent]
    case_director: Contact
    contact_person: Contact

    confirmed_birth_month: Nullable[BirthMonth] = None
    explanatory_analysis: Nullable[FreeText] = None
    stagnation_reasons: Several[StagnationReason] = ()
    life_domains: Several[LifeDomainState] = ()
    product_category: ProductCategory | None = None
    legal_representation: LegalRepresentation | None = None
    education: Nullable[FreeText] = None
    network: Several[SupportingPerson] = ()
    previous_moves: Nullable[Count] = None
    need_known_since_on: Nullable[Day] = None
    interpreter: Interpreter | None = None

    @override
    def codes(self) -> Codes:
        purposes: Codes = {"information_purpose": purposes_with_consent(self.consents, self.birth_month)}
        purposes[CONSENT_GIVEN] = consent_facts(self.consents, self.birth_month)
        return super().codes() | purposes | enclosed_codes(explanatory_analysis=self.explanatory_analysis)

    @override
    def named_municipalities(self) -> Iterator[NamedMunicipality]:
        residence = self.residence
        codes = (
            ("municipality", residence.municipality),
            ("beforeStay", residence.before_stay),
            ("motherAtBirth", residence.mother_at_birth),
        )
        yield from (NamedMunicipality(code, ("residence", field)) for field, code in codes if code)

    @override
    def age_band(self, on: date) -> str:
        return age_band(self.birth_month, on)

    @rule
    def _month_is_of_a_youth(self, context: FormContext) -> Iterator[Fault]:
        return faults_of_birth_month(self.birth_month, self.confirmed_birth_month, context.day)

    @rule
    def _consents_follow_birth(self, context: FormContext) -> Iterator[Fault]:
        days = [consent.given_on for consent in self.consents]
        days += [statement.said_on for statement in context.facts.consent_statements]
        return faults_of_birth_after_consent(self.birth_month, self.confirmed_birth_month, days, context.day)

    @rule
    def _child_is_heard(self, _context: FormContext) -> Iterator[Fault]:
        return _faults_of_voice(self.child_voice, "childVoice")

    @rule
    def _parents_are_heard(self, _context: FormContext) -> Iterator[Fault]:
        return _faults_of_voice(self.parents_voice, "parentsVoice")

    @rule
    def _safety_director_is_named(self, _context: FormContext) -> Iterator[Fault]:
        if self.safety.code == "unsafe" and not self.safety_director:
            yield Fault("safety_director_missing", ("safetyDirector",))

    @rule
    def _required_analysis_is_given(self, context: FormContext) -> Iterator[Fault]:
        if not self.explanatory_analysis and context.settings.explanatory_analysis_required:
            yield Fault("explanatory_analysis_required", ("explanatoryAnalysis",))

    @rule
    def _consents_are_sound(self, context: FormContext) -> Iterator[Fault]:
        return faults_of_consents(self.consents, context)

    @rule
    def _required_consents_are_given(self, context: FormContext) -> Iterator[Fault]:
        if isinstance(context.unamended, Referral) and context.unamended.birth_month != self.birth_month:
            return iter(())  # A correction is always accepted. The consents are weighed anew, and asked again.
        return faults_of_missing_consents(self.consents, PURPOSE_TABLE, age_for_consent(self.birth_month, context.day))

    @rule
    def _residence_is_past(self, context: FormContext) -> Iterator[Fault]:
        yield from check_not_in_future(self.residence.since_on, context.day, "residence", "sinceOn")
        yield from check_not_in_future(self.residence.stay_since_on, context.day, "residence", "staySinceOn")

    @rule
    def _need_is_past(self, context: FormContext) -> Iterator[Fault]:
        return check_not_in_future(self.need_known_since_on, context.day, "needKnownSinceOn")

    @rule
    def _refusals_are_past(self, context: FormContext) -> Iterator[Fault]:
        for index, refusal in enumerate(self.refusals):
            yield from check_not_in_future(refusal.refused_on, context.day, "refusals", index, "refusedOn")


def _faults_of_voice(voice: Voice, name: str) -> Iterator[Fault]:
    if not voice.is_recorded:
        yield Fault("voice_missing", (name,))
