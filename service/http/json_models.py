"""JSON models that all routes share: base classes, moments, days, names and labelled codes."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from service.vocabulary.calendar import utc_text
from service.vocabulary.code_lists import CODE_LISTS
from service.vocabulary.field_labels import label_schema_members
from service.vocabulary.fields import RegionCode
from service.vocabulary.form_parts import FormPart
from service.vocabulary.language import BilingualText

UtcDateTime = Annotated[datetime, PlainSerializer(utc_text), WithJsonSchema({"type": "string", "format": "date-time"})]


RegionParameter = Annotated[RegionCode, Field(description="CBS code of a youth region.")]
OptionalDay = Annotated[date | None, WithJsonSchema({"type": ["string", "null"], "format": "date"})]


class View(BaseModel):
    """Base class of all answers, with members in camel case."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        json_schema = handler(schema)
        label_schema_members(cls, handler.resolve_ref_schema(json_schema))
        return json_schema


class InTwoLanguages(View):
    """The same text in Dutch and in English."""

    nl: str
    en: str

    @classmethod
    def of(cls, words: BilingualText) -> "InTwoLanguages":
        return cls(nl=words.nl, en=words.en)


class Named(View):
    """A person or an organisation."""

    id: UUID
    name: str


class Labelled(View):
    """A code with its label."""

    code: str
    label: InTwoLanguages

    @classmethod
    def of(cls, code: str, label: BilingualText) -> "Labelled":
        return Labelled(code=code, label=InTwoLanguages.of(label))

    @classmethod
    def from_code_list(cls, code: str, in_list: str) -> "Labelled":
        """Returns a code with its label in this code list."""
        return Labelled.of(code, CODE_LISTS[in_list].codes[code])


class Body(FormPart):
    """Base class of all request bodies: members in camel case, unknown members refused."""
