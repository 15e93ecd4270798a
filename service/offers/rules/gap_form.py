"""The form of a gap: help that a child needs and that is missing in the region (R16)."""

from typing import ClassVar

from typing_extensions import override

from service.cases.rules.forms.base import Form
from service.vocabulary.coded_answers import AdviceDomain, HelpFunction
from service.vocabulary.fields import Nullable
from service.vocabulary.form_parts import Codes, ContentClass
from service.vocabulary.language import FreeText

# Facts of a gap have names of their own, since other forms use the same code lists with another meaning.
MISSING_DOMAIN = "missing_domain"
MISSING_FUNCTION = "missing_function"


class Gap(Form):
    """One missing function. A case may record several gaps. `instead`: help that was given in its place."""

    form_name: ClassVar[str] = "gap@1"
    content_class: ClassVar[ContentClass] = "review"

    domain: AdviceDomain
    function: HelpFunction
    missing: FreeText
    instead: Nullable[FreeText] = None

    @override
    def codes(self) -> Codes:
        return {MISSING_DOMAIN: (self.domain.code,), MISSING_FUNCTION: (self.function.code,)}
