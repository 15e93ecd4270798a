"""The rule for every text that people enter: at least one visible character."""

import re
from unicodedata import category

from pydantic_core import PydanticKnownError

# Letters, numbers, punctuation and symbols are seen. Marks, spaces and controls are not seen by themselves.
_SEEN = frozenset("LNPS")
# Letters and symbols that show nothing: the fillers of Hangul and the blank pattern of Braille.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")
# Room of Unicode for pictures: a new one shows, also when this version of Python does not know it yet.
_PICTURES = re.compile("[\U0001f000-\U0001faff]")


def is_filled_in(text: str) -> bool:
    """Returns whether a text has a character that a reader sees."""
    return any(
        (category(character)[0] in _SEEN and character not in _BLANK) or _PICTURES.match(character)
        for character in text
    )


def accept_text(value: object) -> object:
    """Returns a text as it was entered; refuses one without a visible character. Another type passes."""
    if isinstance(value, str) and not is_filled_in(value):
        raise PydanticKnownError("string_too_short", {"min_length": 1})
    return value
