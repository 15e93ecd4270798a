"""The request for a consult, which a professional, a parent or a young person may submit."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar

from typing_extensions import override

from service.cases.rules.forms.base import Form, FormContext, NamedMunicipality, rule
from service.cases.rules.forms.birth_month import faults_of_birth_after_consent, faults_of_birth_month
from service.vocabulary.ages import age_band
from service.vocabulary.coded_answers import PersonRole
from service.vocabulary.fields import BirthMonth, Contact, MunicipalityCode, Nullable, RegionCode
from service.vocabulary.form_parts import ContentClass, Fault
from service.vocabulary.language import FreeText


class ConsultRequest(Form):
    """A question in own words. It does not identify the child, so it needs no consent (T2).

    The contact has a name and a way to be called back.
    """

    form_name: ClassVar[str] = "consult_request@1"
    content_class: ClassVar[ContentClass] = "referral"

    question: FreeText
    asked_by: PersonRole
    municipality: Nullable[MunicipalityCode] = None
    region: Nullable[RegionCode] = None
    birth_month: Nullable[BirthMonth] = None
    confirmed_birth_month: Nullable[BirthMonth] = None
    tried: Nullable[FreeText] = None
    contact: Contact

    @override
    def age_band(self, on: date) -> str | None:
        return age_band(self.birth_month, on) if self.birth_month else None

    @override
    def named_municipalities(self) -> Iterator[NamedMunicipality]:
        if self.municipality:
            yield NamedMunicipality(self.municipality, ("municipality",))

    @rule
    def _place_is_named(self, _context: FormContext) -> Iterator[Fault]:
        if not (self.municipality or self.region):
            yield Fault("place_missing", ("municipality",))

    @rule
    def _can_be_called_back(self, _context: FormContext) -> Iterator[Fault]:
        if not self.contact.reachable_at:
            yield Fault("nowhere_to_call_back", ("contact", "reachableAt"))

    @rule
    def _month_is_of_a_youth(self, context: FormContext) -> Iterator[Fault]:
        return faults_of_birth_month(self.birth_month, self.confirmed_birth_month, context.day)

    @rule
    def _consents_follow_birth(self, context: FormContext) -> Iterator[Fault]:
        days = (statement.said_on for statement in context.facts.consent_statements)
        return faults_of_birth_after_consent(self.birth_month, self.confirmed_birth_month, days, context.day)
