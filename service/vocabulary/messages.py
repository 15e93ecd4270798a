"""Every sentence the product says, by section and code, in Dutch and English (messages.toml)."""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from importlib.resources import files
from string import Formatter
from types import MappingProxyType

from typing_extensions import override

from service.vocabulary.language import Language, Words
from service.vocabulary.sentences import day_in_words, moment_in_words

REFERENCE = "step"


def _read() -> Mapping[str, Mapping[str, Words]]:
    raw = tomllib.loads(files(__package__).joinpath("messages.toml").read_text(encoding="utf-8"))
    return MappingProxyType(
        {
            section: MappingProxyType({code: Words(**words) for code, words in codes.items()})
            for section, codes in raw.items()
        }
    )


MESSAGES: Mapping[str, Mapping[str, Words]] = _read()


def say(section: str, code: str, params: Mapping[str, object]) -> Words:
    """The sentence with its {places} filled in: each language in its own words, days and moments as people write them.

    References to steps stay as they are (`service/vocabulary/references.py`).
    """
    return fill(MESSAGES[section][code], params)


def filled(section: str, code: str, **parts: Words) -> Words:
    """The sentence with its {places} filled in, in each language with the words of that language."""
    return say(section, code, parts)


def fill(words: Words, params: Mapping[str, object]) -> Words:
    """As `say`, for a sentence that is at hand."""
    return Words(*(_FORMATTER.vformat(words.in_(it), (), _in(it, params)) for it in _LANGUAGES))


def _in(language: Language, params: Mapping[str, object]) -> Mapping[str, object]:
    told = ((name, _in_words(value)) for name, value in params.items())
    return {name: value.in_(language) if isinstance(value, Words) else value for name, value in told}


def _in_words(value: object) -> object:
    if isinstance(value, datetime):
        return moment_in_words(value)
    return day_in_words(value) if isinstance(value, date) else value


class _KeepsReferences(Formatter):
    """str.format, but that a reference as {step:refer} stays as it is."""

    @override
    def parse(self, format_string: str) -> Iterable[tuple[str, str | None, str | None, str | None]]:
        for text, name, spec, conversion in super().parse(format_string):
            if name == REFERENCE and spec:
                yield f"{text}{{{name}:{spec}}}", None, None, None
            else:
                yield text, name, spec, conversion


_FORMATTER = _KeepsReferences()
_LANGUAGES: tuple[Language, Language] = ("nl", "en")
