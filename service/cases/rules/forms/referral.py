"""Referral: what a submitter tells, in fifteen minutes of typing (domain.md 2.4 and 5.3 T2)."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar

from typing_extensions import override

from service.cases.rules.consents import GIVEN, TO_THE_TABLE
from service.cases.rules.forms.base import Form, FormContext, rule
from service.cases.rules.forms.consent import Consent, age_rule_faults, as_facts, consent_faults, settled
from service.vocabulary.ages import age_band, age_on
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
    OrNone,
    Several,
    YesNo,
    enclosed,
    not_in_future,
)
from service.vocabulary.form_parts import Codes, ContentClass, Fault, FormPart
from service.vocabulary.language import FreeText, ShortText


class Residence(FormPart):
    """The dated facts of the woonplaatsbeginsel; what is left out is not known (domain.md 2.7)."""

    municipality: OrNone[MunicipalityCode] = None
    since_on: OrNone[Day] = None
    address_in_doubt: OrNone[YesNo] = None
    in_stay: OrNone[YesNo] = None
    stay_since_on: OrNone[Day] = None
    before_stay: OrNone[MunicipalityCode] = None
    mother_at_birth: OrNone[MunicipalityCode] = None


class Voice(FormPart):
    """Somebody's own words, or why they were not asked (I16)."""

    own_words: OrNone[FreeText] = None
    why_not_heard: OrNone[FreeText] = None

    @property
    def is_recorded(self) -> bool:
        return bool(self.own_words or self.why_not_heard)


class HelpTried(FormPart):
    help: FreeText
    result: FreeText
    provider: OrNone[ShortText] = None
    period: OrNone[ShortText] = None


class EarlierRefusal(FormPart):
    provider: ShortText
    reason: RefusalReason
    refused_on: OrNone[Day] = None


class LifeDomainState(FormPart):
    """How one of the Big Five stands now (R46)."""

    domain: LifeDomain
    state: FreeText


class SupportingPerson(FormPart):
    """Somebody from the network, such as a self-chosen mentor (R51, R52); no name needed."""

    relation: Relation
    meaning: FreeText


class Referral(Form):
    """A case as it comes in. Birth is a month, the child has no name here and no number (I19)."""

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
    safety_director: OrNone[ShortText] = None
    referrer: Referrer
    legal_status: LegalStatus
    urgency: Urgency
    urgency_reason: FreeText
    consents: AtLeastOne[Consent]
    case_director: Contact
    contact_person: Contact

    explanatory_analysis: OrNone[FreeText] = None
    stagnation_reasons: Several[StagnationReason] = ()
    life_domains: Several[LifeDomainState] = ()
    product_category: ProductCategory | None = None
    legal_representation: LegalRepresentation | None = None
    education: OrNone[FreeText] = None
    network: Several[SupportingPerson] = ()
    previous_moves: OrNone[Count] = None
    need_known_since_on: OrNone[Day] = None
    interpreter: Interpreter | None = None

    @override
    def codes(self) -> Codes:
        purposes: Codes = {"information_purpose": settled(self.consents, self.birth_month)}
        purposes[GIVEN] = as_facts(self.consents, self.birth_month)
        return super().codes() | purposes | enclosed(explanatory_analysis=self.explanatory_analysis)

    @override
    def age_band(self, on: date) -> str:
        return age_band(self.birth_month, on)

    @rule
    def _is_born(self, context: FormContext) -> Iterator[Fault]:
        if age_on(self.birth_month, context.on) < 0:
            yield Fault("birth_month_in_future", ("birthMonth",))

    @rule
    def _child_is_heard(self, _context: FormContext) -> Iterator[Fault]:
        return _recorded(self.child_voice, "childVoice")

    @rule
    def _parents_are_heard(self, _context: FormContext) -> Iterator[Fault]:
        return _recorded(self.parents_voice, "parentsVoice")

    @rule
    def _somebody_directs_safety(self, _context: FormContext) -> Iterator[Fault]:
        if self.safety.code == "unsafe" and not self.safety_director:
            yield Fault("safety_director_missing", ("safetyDirector",))

    @rule
    def _analysis_is_given(self, context: FormContext) -> Iterator[Fault]:
        if not self.explanatory_analysis and context.settings.explanatory_analysis_required:
            yield Fault("explanatory_analysis_required", ("explanatoryAnalysis",))

    @rule
    def _consents_are_sound(self, context: FormContext) -> Iterator[Fault]:
        return consent_faults(self.consents, context.on)

    @rule
    def _those_who_must_consent(self, context: FormContext) -> Iterator[Fault]:
        return age_rule_faults(self.consents, TO_THE_TABLE, age_on(self.birth_month, context.on))

    @rule
    def _residence_is_past(self, context: FormContext) -> Iterator[Fault]:
        yield from not_in_future(self.residence.since_on, context.on, "residence", "sinceOn")
        yield from not_in_future(self.residence.stay_since_on, context.on, "residence", "staySinceOn")

    @rule
    def _need_is_past(self, context: FormContext) -> Iterator[Fault]:
        return not_in_future(self.need_known_since_on, context.on, "needKnownSinceOn")

    @rule
    def _refusals_are_past(self, context: FormContext) -> Iterator[Fault]:
        for at, refusal in enumerate(self.refusals):
            yield from not_in_future(refusal.refused_on, context.on, "refusals", at, "refusedOn")


def _recorded(voice: Voice, name: str) -> Iterator[Fault]:
    if not voice.is_recorded:
        yield Fault("voice_missing", (name,))
