"""Base class of forms and their parts, the type of coded facts, and the fault of a form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from service.vocabulary.field_labels import label_schema_members
from service.vocabulary.labelled_errors import add_labels

ContentClass = Literal["referral", "review", "advice", "help", "escalation", "notes"]

# The coded facts of a form: name of the code list or of the fact -> codes. They are stored apart from the content.
Codes = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in a form. `location` is the JSON path in camelCase.

    `code` finds the sentence in messages.toml, under `[faults]`; `params` fill its placeholders.
    """

    code: str
    location: tuple[str | int, ...]
    params: Mapping[str, object] = field(default_factory=dict)


class FormPart(BaseModel):
    """Base of a form and of its parts: frozen, camelCase in JSON, refuses unknown fields, labels its errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    @model_validator(mode="wrap")
    @classmethod
    def _label_errors(cls, value: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return validate(value)
        except ValidationError as error:
            raise add_labels(cls, error) from None

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        json_schema = handler(schema)
        label_schema_members(cls, handler.resolve_ref_schema(json_schema))
        return json_schema
