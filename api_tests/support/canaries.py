"""Marked texts: a different one in every text field of a form, to be looked for wherever none may be."""

import base64
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from service.kinds import KINDS

# What people may type has one of these limits; keys, codes, days and ids do not.
LENGTHS_OF_TEXT = (300, 20_000)
Schema = dict[str, Any]


@dataclass
class Canaries:
    """Hands out marks and remembers where each was put: (form, place in it)."""

    bird: str = "kanariën"
    token: str = field(default_factory=lambda: secrets.token_hex(10))
    places: dict[str, tuple[str, str]] = field(default_factory=dict)

    def mark(self, form: str, place: str) -> str:
        """A text that stands nowhere else in the world; the ë shows whether somebody escapes it."""
        text = f"{self.bird} {self.token} {len(self.places)}"
        self.places[text] = (form, place)
        return text

    def marked(self, form: str, body: dict[str, Any]) -> dict[str, Any]:
        """The form with a mark in every text field, also those that were left out."""
        schema = KINDS.forms[form].model_json_schema(by_alias=True)
        found: dict[str, Any] = _marked(self, form, schema, schema.get("$defs", {}), body, "")
        return found

    def spellings(self) -> tuple[bytes, ...]:
        """How the token would look in a file, whatever wrote it there."""
        plain = self.token.encode()
        shifted = [base64.b64encode(b"x" * n + plain)[4:-4] for n in range(3)]
        return (plain, self.token.encode("utf-16-le"), plain.hex().encode(), *shifted)


def text_fields(form: str) -> set[str]:
    """Every place in a form where people type."""
    schema = KINDS.forms[form].model_json_schema(by_alias=True)
    return set(_text_fields(schema, schema.get("$defs", {}), ""))


def _kinds(schema: Schema, known: dict[str, Schema]) -> Iterator[Schema]:
    """What a value may be, null aside."""
    while "$ref" in schema:
        schema = known[schema["$ref"].rsplit("/", 1)[-1]]
    for one in schema.get("anyOf", ()):
        yield from _kinds(one, known)
    if "anyOf" not in schema and schema.get("type") != "null":
        yield schema


def _is_text(schema: Schema) -> bool:
    return "string" in schema.get("type", ()) and schema.get("maxLength") in LENGTHS_OF_TEXT


def _is_coded(schema: Schema) -> bool:
    return "enum" in schema.get("properties", {}).get("code", {})


def _text_fields(schema: Schema, known: dict[str, Schema], place: str) -> Iterator[str]:
    for kind in _kinds(schema, known):
        if _is_text(kind):
            yield place
        for name, member in kind.get("properties", {}).items():
            yield from _text_fields(member, known, f"{place}/{name}")
        if "items" in kind:
            yield from _text_fields(kind["items"], known, f"{place}/*")


def _marked(canaries: Canaries, form: str, schema: Schema, known: dict[str, Schema], value: Any, place: str) -> Any:
    for kind in _kinds(schema, known):
        if _is_text(kind):
            return canaries.mark(form, place)
        if isinstance(value, list) and "items" in kind:
            return [_marked(canaries, form, kind["items"], known, it, f"{place}/*") for it in value]
        if isinstance(value, dict) and "properties" in kind:
            members = kind["properties"].items()
            given = {name: value.get(name, _left_out(member, known)) for name, member in members}
            return {
                name: _marked(canaries, form, kind["properties"][name], known, it, f"{place}/{name}")
                for name, it in given.items()
                if it is not None
            }
    return value


def _left_out(schema: Schema, known: dict[str, Schema]) -> Any:
    """What stands where nothing was filled in: a text to be marked, or a code in words of one's own."""
    for kind in _kinds(schema, known):
        if _is_text(kind):
            return ""
        if _is_coded(kind):
            return {"code": "other", "text": ""}
    return None
