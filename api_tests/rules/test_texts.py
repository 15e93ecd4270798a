"""Texts that people enter: what counts as filled in, in every field of every form."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from api_tests.support.forms import FILLED, filled
from api_tests.support.sabotages import broken_by
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
@pytest.mark.parametrize("name", [name for name in FILLED if name != "amendment@1"])
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
