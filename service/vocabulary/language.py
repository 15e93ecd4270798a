"""Text: what is said in two languages, and what people may type."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import StringConstraints

Language = Literal["nl", "en"]

# No control characters but tab and line breaks: PostgreSQL refuses NUL, and logs and spreadsheets act on others.
PRINTABLE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"

FreeText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000, pattern=PRINTABLE)]
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300, pattern=PRINTABLE)]


@dataclass(frozen=True, slots=True)
class Words:
    """The same thing said in Dutch and in English."""

    nl: str
    en: str

    @classmethod
    def same(cls, text: str) -> "Words":
        """A name: it is called so in both."""
        return cls(text, text)

    def in_(self, language: Language) -> str:
        return self.nl if language == "nl" else self.en
