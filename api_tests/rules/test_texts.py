"""Texts that people enter: what counts as filled in, in every field of every form."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from api_tests.support.checkout import ROOT
from api_tests.support.forms import FILLED, filled
from api_tests.support.sabotages import broken_by
from service.cases.rules.forms.notes import Amendment
from service.kinds import KINDS
from service.people.rules.decisions import DisplayName, TokenText
from service.vocabulary.language import FreeText, ShortText

TYPES_OF_TEXT = {"free": FreeText, "short": ShortText, "display name": DisplayName, "token": TokenText}
INVISIBLE = {
    "nothing": "",
    "spaces": " \u00a0\u2003\u3000",
    "spaces of no width": "\u200b\u200c\u200d\u2060\ufeff",
    "a soft hyphen": "\u00ad",
    "marks of direction": "\u200e\u200f\u061c",
    "lines": "\n\t\r\n\u2028\u2029",
    "fillers of Hangul": "\u115f\u1160\u3164\uffa0",
    "a blank of Braille": "\u2800",
    "an empty note head": "\U0001d159",
    "the place of an object": "\ufffc",
    "an accent without a letter": "\u0301",
    "selectors": "\ufe0f\U000e0100",
    "tags": "\U000e0041",
    "a sign of a private font": "\uf0b7",
}
VISIBLE = {
    "a letter": "x",
    "a digit": "7",
    "a question mark": "?",
    "a letter between spaces of no width": "\u200bJa\u200b",
    "Arabic": "\u0645",
    "Chinese": "\u5bb6",
    "an accent upon a letter": "e\u0301",
    "a picture": "\U0001f49a",
    "a family in one picture": "\U0001f469\u200d\U0001f467",
    "a picture that is newer than this Python": "\U0001fadf",
    "a mark of approval": "\u2713",
}


def with_each_text_blank(body: Any) -> Iterator[Any]:
    """The body once for each text in it, with that text blank."""
    if isinstance(body, str):
        yield "\u200b"
    elif isinstance(body, dict):
        for name, member in body.items():
            yield from ({**body, name: blank} for blank in with_each_text_blank(member))
    elif isinstance(body, list):
        for at, item in enumerate(body):
            yield from ([*body[:at], blank, *body[at + 1 :]] for blank in with_each_text_blank(item))


@broken_by(
    "A text without a visible character is no text",
    "service/vocabulary/accepted_text.py",
    "not is_filled_in(value)",
    "not value.strip()",
)
@pytest.mark.parametrize("name", [name for name in FILLED if not issubclass(KINDS.forms[name], Amendment)])
def test_a_blank_text_fills_in_no_field_of_any_form(name: str) -> None:
    """An amendment carries fields of another form. It is read as that form."""
    for body in with_each_text_blank(filled(name)):
        with pytest.raises(ValidationError):
            KINDS.forms[name].model_validate(body)


@broken_by(
    "A letter that shows nothing does not fill in a field",
    "service/vocabulary/accepted_text.py",
    "character not in _BLANK",
    "character",
)
@pytest.mark.parametrize("what", INVISIBLE)
@pytest.mark.parametrize("field", TYPES_OF_TEXT)
def test_text_without_a_visible_character_is_refused_as_too_short(field: str, what: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        TypeAdapter(TYPES_OF_TEXT[field]).validate_python(INVISIBLE[what])

    assert [error["type"] for error in refusal.value.errors()] == ["string_too_short"]


@broken_by(
    "A new picture is a word",
    "service/vocabulary/accepted_text.py",
    "or _PICTURES.match(character)",
    "",
)
@pytest.mark.parametrize("what", VISIBLE)
@pytest.mark.parametrize("field", TYPES_OF_TEXT)
def test_one_visible_character_is_enough(field: str, what: str) -> None:
    assert TypeAdapter(TYPES_OF_TEXT[field]).validate_python(VISIBLE[what]) == VISIBLE[what]


UNREADABLE = {
    "a control of C0": ("nee\x07", 1, 4, "U+0007"),
    "a quotation mark of Windows that became a control": ("\x93nee\x94", 1, 1, "U+0093"),
    "an override of the direction": ("Zij zegt:\n\u202e!een", 2, 1, "U+202E"),
    "an embedding": ("x\n\nab\u202acd", 3, 3, "U+202A"),
    "an isolate": ("van \u20673 tot 5\u2069", 1, 5, "U+2067"),
    "the last control of C1": ("a\x9f", 1, 2, "U+009F"),
}


@broken_by(
    "Controls of C1 are refused",
    "service/vocabulary/accepted_text.py",
    r"\x7f-\x9f",
    r"\x7f",
    case="the last control of C1",
)
@broken_by(
    "What turns a text around is refused",
    "service/vocabulary/accepted_text.py",
    r"\u202a-\u202e\u2066-\u2069",
    r"\ufff9",
    case="an override of the direction",
)
@broken_by(
    "A fault in a text tells its place",
    "service/vocabulary/accepted_text.py",
    "len(before) - line_start + 1",
    "match.start()",
    case="an embedding",
)
@pytest.mark.parametrize("what", UNREADABLE)
@pytest.mark.parametrize("field", TYPES_OF_TEXT)
def test_a_text_that_cannot_be_read_is_refused_with_the_place_of_its_fault(field: str, what: str) -> None:
    text, line, column, character = UNREADABLE[what]
    with pytest.raises(ValidationError) as refusal:
        TypeAdapter(TYPES_OF_TEXT[field]).validate_python(text)

    (error,) = refusal.value.errors()
    assert error["type"] == "string_pattern_mismatch"
    assert error["ctx"] == {"line": line, "column": column, "character": character}


@broken_by(
    "A line break of a slide becomes a line break",
    "service/vocabulary/accepted_text.py",
    'return value.replace(_VERTICAL_TAB, "\\n")',
    "return value",
)
@pytest.mark.parametrize("field", ["free", "short", "display name"])
def test_a_vertical_tab_from_a_slide_becomes_a_line_break(field: str) -> None:
    text = "Eerste regel\x0bTweede regel"

    assert TypeAdapter(TYPES_OF_TEXT[field]).validate_python(text) == "Eerste regel\nTweede regel"


def test_the_issuer_and_subject_of_a_token_are_never_changed() -> None:
    with pytest.raises(ValidationError, match="line 1, character 2"):
        TypeAdapter(TokenText).validate_python("a\x0bb")


@pytest.mark.parametrize("what", UNREADABLE)
def test_the_published_pattern_refuses_what_the_service_refuses(what: str) -> None:
    """The pattern has no flags and no escapes that JavaScript reads otherwise."""
    pattern = re.compile(TypeAdapter(FreeText).json_schema()["pattern"])

    assert not pattern.search(UNREADABLE[what][0])
    assert pattern.search("Eerste regel\x0bTweede regel\n\tNee, zegt zij.")


def test_every_text_of_every_request_is_of_a_type_with_this_rule() -> None:
    """A name of a workflow or a code is compared with a list, and no text that a person writes."""
    schemas = json.loads((ROOT / "openapi" / "openapi.json").read_text(encoding="utf-8"))["components"]["schemas"]
    published = TypeAdapter(FreeText).json_schema()["pattern"]
    lengths = {
        (member["maxLength"], member.get("pattern"))
        for name, schema in schemas.items()
        if not name.endswith(("View", "Page"))
        for member in schema.get("properties", {}).values()
        if member.get("maxLength", 0) >= 200 and not member.get("pattern", "").startswith("^https")
    }

    assert lengths == {(200, published), (300, published), (20_000, published), (100_000, None)}
