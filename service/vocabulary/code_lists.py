"""The code lists of the field, and coded values that always leave room for other words (R36)."""

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

from service.vocabulary.field_labels import label_members
from service.vocabulary.language import FreeText, Words
from service.vocabulary.sentences import OR, joined, with_code

OTHER = "other"


@dataclass(frozen=True, slots=True)
class CodeList:
    """A published list: `source` says who owns it ("iJw 3.2 COD327", "casusroute")."""

    name: str
    source: str
    label: Words
    codes: Mapping[str, Words]


def _read() -> Mapping[str, CodeList]:
    raw = tomllib.loads(files(__package__).joinpath("code_lists.toml").read_text(encoding="utf-8"))
    return MappingProxyType(
        {
            name: CodeList(
                name=name,
                source=entry["source"],
                label=Words(**entry["label"]),
                codes=MappingProxyType({code: Words(**label) for code, label in entry["codes"].items()}),
            )
            for name, entry in raw.items()
        }
    )


CODE_LISTS: Mapping[str, CodeList] = _read()


def link_to(code_list: CodeList) -> JsonSchemaValue:
    """The list that a coded field takes its code from, for its JSON Schema."""
    return {"x-code-list": code_list.name}


def unknown_code(codes: Mapping[str, Words]) -> PydanticCustomError:
    """The error of a code that is not one of these."""
    return PydanticCustomError("unknown_code", "not on the list", {"allowed": allowed(codes)})


def allowed(codes: Mapping[str, Words]) -> Words:
    """All of these, one of which is meant."""
    return joined((with_code(words, code) for code, words in codes.items()), OR)


class Coded(BaseModel):
    """One code of one list. `text` is obligatory beside the code "other" and allowed beside every code."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)
    code_list: ClassVar[CodeList]
    wants: ClassVar[str] = "code"  # of labelled_errors, for a field of this type

    code: str
    text: FreeText | None = None

    def __init_subclass__(cls, *, codes: str, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.code_list = CODE_LISTS[codes]

    @model_validator(mode="after")
    def _is_on_the_list(self) -> Self:
        if self.code not in self.code_list.codes:
            raise unknown_code(self.code_list.codes)
        if self.code == OTHER and not self.text:
            raise PydanticCustomError("other_needs_text", "the code 'other' needs a text")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        shown = handler(schema)
        body = handler.resolve_ref_schema(shown)
        label_members(cls, body)
        if hasattr(cls, "code_list"):
            body["properties"]["code"] |= {"enum": list(cls.code_list.codes), **link_to(cls.code_list)}
        return shown


def coded_values(value: object) -> Iterator[Coded]:
    """Every coded value inside a form, however deep."""
    if isinstance(value, Coded):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from coded_values(getattr(value, name))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from coded_values(item)
