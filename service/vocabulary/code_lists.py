"""The code lists of youth care, and coded values: a code of a list, with free text for "other" (R36)."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from service.vocabulary.field_labels import label_schema_members
from service.vocabulary.language import BilingualText, FreeText
from service.vocabulary.sentences import OR, join_texts, label_with_code

OTHER = "other"


@dataclass(frozen=True, slots=True)
class CodeList:
    """A published code list. `source` names its owner ("iJw 3.2 COD327", "casusroute")."""

    name: str
    source: str
    label: BilingualText
    codes: Mapping[str, BilingualText]


def _read() -> Mapping[str, CodeList]:
    raw = tomllib.loads(files(__package__).joinpath("code_lists.toml").read_text(encoding="utf-8"))
    return MappingProxyType(
        {
            name: CodeList(
                name=name,
                source=entry["source"],
                label=BilingualText(**entry["label"]),
                codes=MappingProxyType({code: BilingualText(**label) for code, label in entry["codes"].items()}),
            )
            for name, entry in raw.items()
        }
    )


CODE_LISTS: Mapping[str, CodeList] = _read()


def code_list_member(code_list: CodeList) -> JsonSchemaValue:
    """Returns the member of a JSON Schema that names the code list of a field."""
    return {"x-code-list": code_list.name}


def unknown_code_error(codes: Mapping[str, BilingualText]) -> PydanticCustomError:
    """Returns the validation error for a code that is not one of `codes`."""
    return PydanticCustomError("unknown_code", "not on the list", {"allowed": enumerate_codes(codes)})


def enumerate_codes(codes: Mapping[str, BilingualText]) -> BilingualText:
    """Returns the codes with their labels as an enumeration with "or"."""
    return join_texts((label_with_code(words, code) for code, words in codes.items()), OR)


class CodedValue(BaseModel):
    """A code of a code list. `text` is required with the code "other" and allowed with every code."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)
    code_list: ClassVar[CodeList]
    wants: ClassVar[str] = "code"  # the expected format; read by labelled_errors.py

    code: str
    text: FreeText | None = None

    def __init_subclass__(cls, *, codes: str, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.code_list = CODE_LISTS[codes]

    @model_validator(mode="after")
    def _is_on_the_list(self) -> Self:
        if self.code not in self.code_list.codes:
            raise unknown_code_error(self.code_list.codes)
        if self.code == OTHER and not self.text:
            raise PydanticCustomError("other_needs_text", "the code 'other' needs a text")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        json_schema = handler(schema)
        body = handler.resolve_ref_schema(json_schema)
        label_schema_members(cls, body)
        if hasattr(cls, "code_list"):
            body["properties"]["code"] |= {"enum": list(cls.code_list.codes), **code_list_member(cls.code_list)}
        return json_schema


def coded_values(value: object) -> Iterator[CodedValue]:
    """Yields every coded value of a form, at any depth."""
    if isinstance(value, CodedValue):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from coded_values(getattr(value, name))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from coded_values(item)
