"""Text in two languages, and the types of text that people may enter."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, StringConstraints

from service.vocabulary.accepted_text import TEXT_PATTERN, accept_text

Language = Literal["nl", "en"]

_ACCEPTED = BeforeValidator(accept_text)

FreeText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000, pattern=TEXT_PATTERN), _ACCEPTED
]
ShortText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300, pattern=TEXT_PATTERN), _ACCEPTED
]


@dataclass(frozen=True, slots=True)
class BilingualText:
    """A text in Dutch and in English."""

    nl: str
    en: str

    @classmethod
    def untranslated(cls, text: str) -> "BilingualText":
        """Returns a text that is the same in both languages, such as a name or a code."""
        return cls(text, text)

    def in_(self, language: Language) -> str:
        return self.nl if language == "nl" else self.en
