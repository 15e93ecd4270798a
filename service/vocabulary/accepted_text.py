"""The rule for every text that people enter: it can be seen, and it reads in the order in which it is stored.

A text has at least one visible character. It has no control character but tab and line breaks, and no character that
turns the direction of the text around it: such a text reads otherwise on a screen than in a search or a log.
"""

import re
from typing import Any
from unicodedata import category

from pydantic_core import PydanticCustomError, PydanticKnownError

# C0, DEL and C1 (U+0080-009F), then the embeddings, overrides and isolates of Unicode Standard Annex 9.
_REFUSED = r"\x00-\x08\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069"
#: Published with every text. It takes a vertical tab, which becomes a line break.
TEXT_PATTERN = rf"^[^{_REFUSED}]*$"
_VERTICAL_TAB = "\x0b"
_UNREADABLE = re.compile(rf"[{_REFUSED}{_VERTICAL_TAB}]")
#: The place of an unreadable character, in the context of its error.
UNREADABLE_CHARACTER = "character"
_UNREADABLE_MESSAGE = "line {line}, character {column}: {character} is not seen or turns the text around"

# Letters, numbers, punctuation and symbols are seen. Marks, spaces and controls are not seen by themselves.
_SEEN = frozenset("LNPS")
# Letters and symbols that show nothing: the fillers of Hangul, the blank pattern of Braille, the empty note head, and
# the place of an object that was not copied along.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\U0001d159\ufffc")
# Room of Unicode for pictures: a new one shows, also when this version of Python does not know it yet.
_PICTURES = re.compile("[\U0001f000-\U0001faff]")


def is_filled_in(text: str) -> bool:
    """Returns whether a text has a character that a reader sees."""
    return any(
        (category(character)[0] in _SEEN and character not in _BLANK) or _PICTURES.match(character)
        for character in text
    )


def require_readable(value: object) -> object:
    """Returns a text unchanged; refuses one that cannot be read, with the place of the fault. Another type passes."""
    if not isinstance(value, str):
        return value
    if unreadable := _UNREADABLE.search(value):
        raise PydanticCustomError("string_pattern_mismatch", _UNREADABLE_MESSAGE, _place_of(unreadable))
    if not is_filled_in(value):
        raise PydanticKnownError("string_too_short", {"min_length": 1})
    return value


def accept_text(value: object) -> object:
    """Returns a text with line breaks in place of vertical tabs, as slides write them. Refuses an unreadable text."""
    return require_readable(with_line_breaks(value))


def with_line_breaks(value: Any) -> Any:
    """Returns a JSON value with a line break for each vertical tab in its texts, at any depth."""
    if isinstance(value, str):
        return value.replace(_VERTICAL_TAB, "\n")
    if isinstance(value, dict):
        return {name: with_line_breaks(member) for name, member in value.items()}
    return [with_line_breaks(item) for item in value] if isinstance(value, list) else value


def show_unreadable(name: str) -> str:
    """Returns a name with the code of each unreadable character in its place, as U+202E."""
    return _UNREADABLE.sub(lambda match: _code_point(match[0]), name)


def _place_of(match: re.Match[str]) -> dict[str, str | int]:
    """Returns line and column, from 1 and in characters, and the code of the character."""
    before = match.string[: match.start()]
    line_start = before.rfind("\n") + 1
    return {
        "line": before.count("\n") + 1,
        "column": len(before) - line_start + 1,
        UNREADABLE_CHARACTER: _code_point(match[0]),
    }


def _code_point(character: str) -> str:
    return f"U+{ord(character):04X}"
