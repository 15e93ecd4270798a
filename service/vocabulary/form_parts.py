"""The pieces that forms are made of, the coded facts they give and the faults they have."""

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

from service.vocabulary.field_labels import label_members
from service.vocabulary.labelled_errors import labelled

ContentClass = Literal["referral", "review", "advice", "help", "escalation", "notes"]


Codes = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a form. `location` is the JSON path in camelCase; the sentence stands in messages.toml."""

    code: str
    location: tuple[str | int, ...]
    params: Mapping[str, object] = field(default_factory=dict)


class FormPart(BaseModel):
    """A piece of a form: immutable, camelCase outside, unknown fields refused, what is wrong told by label."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    @model_validator(mode="wrap")
    @classmethod
    def _labels_what_is_wrong(cls, given: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return read(given)
        except ValidationError as wrong:
            raise labelled(cls, wrong) from None

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        shown = handler(schema)
        label_members(cls, handler.resolve_ref_schema(shown))
        return shown
