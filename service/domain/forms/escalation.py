"""Escalation: a question beyond the region, whose case it stays (R21, R22, I9; domain.md 5.3 T16, T17)."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar

from typing_extensions import override

from service.domain.facts import CaseFacts
from service.domain.forms.base import Codes, ContentClass, Fault, Form, FormContext, Opening
from service.domain.forms.coded import EscalationLevel, EscalationPurpose
from service.domain.forms.consent import Consent, sharing_faults
from service.domain.forms.fields import Contact, Day, OrNone, Several, not_in_future
from service.domain.words import FreeText, ShortText

NETWORK = "expertise_network"
OTHER_REGION = "other_region"


class _EscalationForm(Form):
    content_class: ClassVar[ContentClass] = "escalation"


class _Question(_EscalationForm):
    purpose: EscalationPurpose
    region_tried: FreeText
    question: FreeText
    consents: Several[Consent] = ()
    shared_for: ClassVar[str]

    @override
    def codes(self) -> Codes:
        """Consent counts for this sharing only: the ages that other purposes ask for are not known here."""
        given = any(consent.allows(self.shared_for) for consent in self.consents)
        return super().codes() | {"information_purpose": (self.shared_for,) if given else ()}

    @override
    def openings(self, kind: str, facts: CaseFacts) -> tuple[Opening, ...]:
        return (Opening(None, None),) if kind == "escalation" else ()


class NetworkRequest(_Question):
    form_name: ClassVar[str] = "network_request@1"
    shared_for: ClassVar[str] = "expertise_network"

    @override
    def faults(self, context: FormContext) -> Iterator[Fault]:
        return sharing_faults(self.consents, self.shared_for, context)


class EscalationRequest(_Question):
    """The national level: after the network answered, for a place in another region, or with a reason (R22)."""

    form_name: ClassVar[str] = "escalation_request@1"
    shared_for: ClassVar[str] = "cce"

    level: EscalationLevel
    network_skipped_because: OrNone[FreeText] = None

    @override
    def faults(self, context: FormContext) -> Iterator[Fault]:
        yield from sharing_faults(self.consents, self.shared_for, context)
        if self.level.code == NETWORK:
            yield Fault("network_is_asked_otherwise", ("level",))
        elsewhere = self.purpose.code == OTHER_REGION
        if not (context.facts.network_answered or elsewhere or self.network_skipped_because):
            yield Fault("network_not_asked_first", ("networkSkippedBecause",))


class Escalation(_EscalationForm):
    """The liaison really puts the question: to whom, when, and when an answer is expected."""

    form_name: ClassVar[str] = "escalation@1"

    level: EscalationLevel
    put_to: Contact
    put_on: Day
    answer_expected_on: OrNone[Day] = None
    explanation: OrNone[FreeText] = None

    @override
    def next_on(self) -> date | None:
        return self.answer_expected_on

    @override
    def faults(self, context: FormContext) -> Iterator[Fault]:
        yield from not_in_future(self.put_on, context.on, "putOn")
        if self.level.code == NETWORK:
            yield Fault("network_is_asked_otherwise", ("level",))


class Reminder(_EscalationForm):
    form_name: ClassVar[str] = "reminder@1"

    spoken_to: ShortText
    what_was_said: FreeText
    answer_expected_on: OrNone[Day] = None

    @override
    def next_on(self) -> date | None:
        return self.answer_expected_on


class EscalationAnswer(_EscalationForm):
    form_name: ClassVar[str] = "escalation_answer@1"

    answered_by: OrNone[ShortText] = None
    answer: FreeText
    what_they_do: FreeText
    stays_with_region: FreeText


class EscalationReturn(_EscalationForm):
    form_name: ClassVar[str] = "escalation_return@1"

    what_region_does: FreeText
    family_told: OrNone[FreeText] = None


class EscalationWithdrawal(_EscalationForm):
    form_name: ClassVar[str] = "escalation_withdrawal@1"

    reason: FreeText
