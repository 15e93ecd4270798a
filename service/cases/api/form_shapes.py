"""Forms in answers: JSON as it was stored, described by the forms that it can be."""

from typing import Annotated, Any, Union

from pydantic import BaseModel, BeforeValidator
from typing_extensions import TypeAliasType

from service.cases.rules.forms.referral import Referral
from service.kinds import KINDS


def described_as(*models: Any) -> BeforeValidator:
    """Describes an object in the document as one of these; the object itself goes out as it is."""
    union: Any = Union[models]  # noqa: UP007 - a union made of a list
    return BeforeValidator(lambda given: given, json_schema_input_type=union)


_EVERY_FORM: tuple[type[BaseModel], ...] = tuple(KINDS.forms.values())
#: What of a form is shown to an organisation that a question is put to.
FormInPart = TypeAliasType("FormInPart", dict[str, object])
FormContent = TypeAliasType("FormContent", Annotated[dict[str, object], described_as(*_EVERY_FORM, FormInPart)])
DraftContent = TypeAliasType("DraftContent", Annotated[dict[str, object], described_as(Referral, dict[str, object])])
