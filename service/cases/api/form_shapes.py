"""Types of forms in answers: stored JSON, described in the OpenAPI document by the forms that it can be."""

from typing import Annotated, Any, Union

from pydantic import BaseModel, BeforeValidator
from typing_extensions import TypeAliasType

from service.cases.rules.forms.referral import Referral
from service.kinds import KINDS


def document_as(*models: Any) -> BeforeValidator:
    """Describe an object in the OpenAPI document as one of these models. The object itself is not changed."""
    union: Any = Union[models]  # noqa: UP007 - a union made of a list
    return BeforeValidator(lambda value: value, json_schema_input_type=union)


_EVERY_FORM: tuple[type[BaseModel], ...] = tuple(KINDS.forms.values())
#: The extract of a form that the addressee of a question gets: any JSON object.
FormInPart = TypeAliasType("FormInPart", dict[str, object])
FormContent = TypeAliasType("FormContent", Annotated[dict[str, object], document_as(*_EVERY_FORM, FormInPart)])
DraftContent = TypeAliasType("DraftContent", Annotated[dict[str, object], document_as(Referral, dict[str, object])])
