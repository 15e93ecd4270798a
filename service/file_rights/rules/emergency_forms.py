"""Forms of emergency access: its reason, and the finding of its review (NEN 7513)."""

from typing import ClassVar

from service.cases.rules.forms.base import Form
from service.vocabulary.coded_answers import EmergencyFinding, EmergencyReason
from service.vocabulary.fields import Nullable
from service.vocabulary.form_parts import ContentClass
from service.vocabulary.language import FreeText


class _EmergencyForm(Form):
    content_class: ClassVar[ContentClass] = "notes"


class EmergencyAccess(_EmergencyForm):
    form_name: ClassVar[str] = "emergency_access@1"

    reason: EmergencyReason
    explanation: FreeText


class EmergencyReview(_EmergencyForm):
    form_name: ClassVar[str] = "emergency_review@1"

    finding: EmergencyFinding
    considerations: FreeText
    told_to_family: Nullable[FreeText] = None
