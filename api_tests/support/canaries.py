"""Marked texts: a different one in each text field of a form, to be searched for where no content may be."""

import base64
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from service.kinds import KINDS

# The lengths of free text. Keys, codes, days and ids have other limits.
LENGTHS_OF_TEXT = (300, 20_000)
Schema = dict[str, Any]


@dataclass
class Canaries:
    """Hands out marks and remembers the place of each: (form, field)."""

    bird: str = "kanariën"
    token: str = field(default_factory=lambda: secrets.token_hex(10))
    places: dict[str, tuple[str, str]] = field(default_factory=dict)

    def mark(self, form: str, place: str) -> str:
        """A text that occurs nowhere else. The ë shows whether a writer escapes it."""
        text = f"{self.bird} {self.token} {len(self.places)}"
        self.places[text] = (form, place)
        return text

    def mark_form(self, form: str, body: dict[str, Any]) -> dict[str, Any]:
        """The form with a mark in each text field, including the fields that were left out."""
        schema = KINDS.forms[form].model_json_schema(by_alias=True)
        form_with_marks: dict[str, Any] = _marked(self, form, schema, schema.get("$defs", {}), body, "")
        return form_with_marks

    def spellings(self) -> tuple[bytes, ...]:
        """The forms that the token may take in a file, in plain text and in the usual encodings."""
        plain = self.token.encode()
        shifted = [base64.b64encode(b"x" * n + plain)[4:-4] for n in range(3)]
        return (plain, self.token.encode("utf-16-le"), plain.hex().encode(), *shifted)


def text_fields(form: str) -> set[str]:
    """The places of all free-text fields of a form."""
    schema = KINDS.forms[form].model_json_schema(by_alias=True)
    return set(_text_fields(schema, schema.get("$defs", {}), ""))


def _kinds(schema: Schema, definitions: dict[str, Schema]) -> Iterator[Schema]:
    """The schemas that a value may follow, null aside."""
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[-1]]
    for option in schema.get("anyOf", ()):
        yield from _kinds(option, definitions)
    if "anyOf" not in schema and schema.get("type") != "null":
        yield schema


def _is_text(schema: Schema) -> bool:
    return "string" in schema.get("type", ()) and schema.get("maxLength") in LENGTHS_OF_TEXT


def _is_coded(schema: Schema) -> bool:
    return "enum" in schema.get("properties", {}).get("code", {})


def _text_fields(schema: Schema, definitions: dict[str, Schema], place: str) -> Iterator[str]:
    for kind in _kinds(schema, definitions):
        if _is_text(kind):
            yield place
        for name, member in kind.get("properties", {}).items():
            yield from _text_fields(member, definitions, f"{place}/{name}")
        if "items" in kind:
            yield from _text_fields(kind["items"], definitions, f"{place}/*")


def _marked(
    canaries: Canaries, form: str, schema: Schema, definitions: dict[str, Schema], value: Any, place: str
) -> Any:
    for kind in _kinds(schema, definitions):
        if _is_text(kind):
            return canaries.mark(form, place)
        if isinstance(value, list) and "items" in kind:
            return [_marked(canaries, form, kind["items"], definitions, item, f"{place}/*") for item in value]
        if isinstance(value, dict) and "properties" in kind:
            members = kind["properties"].items()
            contents = {name: value.get(name, _default(member, definitions)) for name, member in members}
            return {
                name: _marked(canaries, form, kind["properties"][name], definitions, content, f"{place}/{name}")
                for name, content in contents.items()
                if content is not None
            }
    return value


def _default(schema: Schema, definitions: dict[str, Schema]) -> Any:
    """The value for a field that was left out: an empty text to be marked, or the code for other with a text."""
    for kind in _kinds(schema, definitions):
        if _is_text(kind):
            return ""
        if _is_coded(kind):
            return {"code": "other", "text": ""}
    return None
