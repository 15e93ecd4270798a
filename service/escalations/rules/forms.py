"""Forms of an escalation: a question beyond the region, which keeps the case (R21, R22, I9; T16, T17)."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar
from uuid import UUID

from typing_extensions import override

from service.cases.rules.consents import CONSENT_GIVEN, PURPOSE_CCE, PURPOSE_NETWORK, ConsentFact
from service.cases.rules.forms.base import AddresseeRole, Form, FormContext, NamedOrganisation, PartOpening, rule
from service.cases.rules.forms.consent import (
    Consent,
    consent_facts,
    faults_of_consents,
    faults_of_consents_before_birth,
    faults_of_sharing,
)
from service.vocabulary.coded_answers import EscalationLevel, EscalationPurpose, InformationPurpose
from service.vocabulary.fields import Contact, Day, Nullable, PlannedDay, Several, check_not_in_future
from service.vocabulary.form_parts import Codes, ContentClass, Fault
from service.vocabulary.language import FreeText, ShortText

NETWORK = "expertise_network"
CCE = "cce_consultation"
OTHER_REGION = "other_region"


class _EscalationForm(Form):
    content_class: ClassVar[ContentClass] = "escalation"


class _RequestBeyondRegion(_EscalationForm):
    purpose: EscalationPurpose
    region_tried: FreeText
    question: FreeText
    consents: Several[Consent] = ()
    shared_for: ClassVar[str]
    weighs_age: ClassVar[bool] = True
    put_to: ClassVar[AddresseeRole]

    @override
    def codes(self) -> Codes:
        """Returns the codes by list without the purposes, which take effect only through `age_codes`."""
        return super().codes() | {InformationPurpose.code_list.name: ()}

    @override
    def age_codes(self, birth_month: str | None) -> Codes:
        """Returns who consented to this sharing, when and at which age. Consents to other purposes do not count."""
        facts = map(ConsentFact.parse, consent_facts(self.consents, birth_month))
        given = tuple(str(fact) for fact in facts if fact.purpose == self.shared_for)
        return {CONSENT_GIVEN: given, InformationPurpose.code_list.name: (self.shared_for,) if given else ()}

    @rule
    def _consents_are_sound(self, context: FormContext) -> Iterator[Fault]:
        return faults_of_consents(self.consents, context)

    @rule
    def _consents_follow_birth(self, context: FormContext) -> Iterator[Fault]:
        return faults_of_consents_before_birth(self.consents, context.birth_month)

    @rule
    def _sharing_is_agreed(self, context: FormContext) -> Iterator[Fault]:
        return faults_of_sharing(self.consents, self.shared_for, context)

    @override
    def openings(self, kind: str, context: FormContext) -> tuple[PartOpening, ...]:
        return (PartOpening(addressee_role=self.put_to),) if kind == "escalation" else ()


class NetworkRequest(_RequestBeyondRegion):
    form_name: ClassVar[str] = "network_request@1"
    shared_for: ClassVar[str] = PURPOSE_NETWORK
    put_to: ClassVar[AddresseeRole] = "network"


class EscalationRequest(_RequestBeyondRegion):
    """A request to the national level: after the network's answer, for a place elsewhere, or with a reason (R22)."""

    form_name: ClassVar[str] = "escalation_request@1"
    shared_for: ClassVar[str] = PURPOSE_CCE
    put_to: ClassVar[AddresseeRole] = "liaison"

    level: EscalationLevel
    network_skipped_because: Nullable[FreeText] = None

    @rule
    def _network_is_asked_otherwise(self, _context: FormContext) -> Iterator[Fault]:
        if self.level.code == NETWORK:
            yield Fault("network_is_asked_otherwise", ("level",))

    @rule
    def _network_was_asked_first(self, context: FormContext) -> Iterator[Fault]:
        place_elsewhere = self.purpose.code == OTHER_REGION
        if not (context.facts.network_answered or place_elsewhere or self.network_skipped_because):
            yield Fault("network_not_asked_first", ("networkSkippedBecause",))


class EscalationSignal(EscalationRequest):
    """The signal of a liaison that a case is stuck. The chair is informed and the region keeps the case (I9)."""

    form_name: ClassVar[str] = "escalation_signal@1"

    heard_from: ShortText


class _PutQuestion(_EscalationForm):
    level: EscalationLevel
    put_on: Day
    answer_expected_on: Nullable[PlannedDay] = None
    explanation: Nullable[FreeText] = None

    @override
    def next_due_day(self) -> date | None:
        return self.answer_expected_on

    @rule
    def _was_put(self, context: FormContext) -> Iterator[Fault]:
        return check_not_in_future(self.put_on, context.day, "putOn")

    @rule
    def _network_is_asked_otherwise(self, _context: FormContext) -> Iterator[Fault]:
        if self.level.code == NETWORK:
            yield Fault("network_is_asked_otherwise", ("level",))


class EscalationV1(_PutQuestion):
    form_name: ClassVar[str] = "escalation@1"

    put_to: Contact


class Escalation(_PutQuestion):
    """The question that the liaison puts to one body. That body reads this form and the request before it.

    National support and CCE consultation are two separate levels: each gets a question of its own.
    """

    form_name: ClassVar[str] = "escalation@2"

    organisation_id: UUID
    question: Nullable[FreeText] = None
    spoken_to: Contact | None = None

    @override
    def named_organisations(self) -> Iterator[NamedOrganisation]:
        kinds = ("cce",) if self.level.code == CCE else ("national_support",)
        yield NamedOrganisation(self.organisation_id, kinds, ("organisationId",))

    @override
    def openings(self, kind: str, context: FormContext) -> tuple[PartOpening, ...]:
        if kind != "question":
            return ()
        level = {EscalationLevel.code_list.name: (self.level.code,)}
        return (PartOpening(self.organisation_id, due_on=self.answer_expected_on, codes=level),)


class Reminder(_EscalationForm):
    form_name: ClassVar[str] = "reminder@1"

    spoken_to: ShortText
    what_was_said: FreeText
    answer_expected_on: Nullable[PlannedDay] = None

    @override
    def next_due_day(self) -> date | None:
        return self.answer_expected_on


class EscalationAnswer(_EscalationForm):
    form_name: ClassVar[str] = "escalation_answer@1"

    answered_by: Nullable[ShortText] = None
    answer: FreeText
    what_they_do: FreeText
    stays_with_region: FreeText


class EscalationConclusion(_EscalationForm):
    """The liaison's conclusion. The answer fields are for an answer that was not given to a question."""

    form_name: ClassVar[str] = "escalation_conclusion@1"

    answered_by: Nullable[ShortText] = None
    answer: Nullable[FreeText] = None
    what_they_do: Nullable[FreeText] = None
    stays_with_region: Nullable[FreeText] = None

    @rule
    def _answer_is_given(self, context: FormContext) -> Iterator[Fault]:
        return _check_answered(self.answer, "answer", context)

    @rule
    def _what_they_do_is_given(self, context: FormContext) -> Iterator[Fault]:
        return _check_answered(self.what_they_do, "whatTheyDo", context)

    @rule
    def _what_stays_is_given(self, context: FormContext) -> Iterator[Fault]:
        return _check_answered(self.stays_with_region, "staysWithRegion", context)


def _check_answered(text: str | None, name: str, context: FormContext) -> Iterator[Fault]:
    questions = context.facts.questions_of(context.part_id)
    if not text and not any(question.state == "answered" for question in questions):
        yield Fault("answer_missing", (name,))


class EscalationReturn(_EscalationForm):
    form_name: ClassVar[str] = "escalation_return@1"

    what_region_does: FreeText
    family_told: Nullable[FreeText] = None


class EscalationWithdrawal(_EscalationForm):
    form_name: ClassVar[str] = "escalation_withdrawal@1"

    reason: FreeText
