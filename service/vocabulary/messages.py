"""The sentences for people, by section and code, in Dutch and English (messages.toml)."""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from importlib.resources import files
from string import Formatter
from types import MappingProxyType

from typing_extensions import override

from service.vocabulary.language import BilingualText, Language
from service.vocabulary.sentences import day_in_words, moment_in_words

REFERENCE_NAME = "step"


def _read() -> Mapping[str, Mapping[str, BilingualText]]:
    raw = tomllib.loads(files(__package__).joinpath("messages.toml").read_text(encoding="utf-8"))
    return MappingProxyType(
        {
            section: MappingProxyType({code: BilingualText(**words) for code, words in codes.items()})
            for section, codes in raw.items()
        }
    )


MESSAGES: Mapping[str, Mapping[str, BilingualText]] = _read()


def render_message(section: str, code: str, params: Mapping[str, object]) -> BilingualText:
    """Returns the sentence with its {placeholders} filled in, in both languages; days and moments are written out.

    References to steps are left in place (`service/vocabulary/references.py`).
    """
    return fill_placeholders(MESSAGES[section][code], params)


def compose_message(section: str, code: str, **parts: BilingualText) -> BilingualText:
    """Returns the sentence with its {placeholders} filled from texts that exist in both languages."""
    return render_message(section, code, parts)


def fill_placeholders(words: BilingualText, params: Mapping[str, object]) -> BilingualText:
    """Returns the text with its {placeholders} filled in, as `render_message` does for a sentence of messages.toml."""
    return BilingualText(
        *(_FORMATTER.vformat(words.in_(language), (), _params_in(language, params)) for language in _LANGUAGES)
    )


def _params_in(language: Language, params: Mapping[str, object]) -> Mapping[str, object]:
    values = ((name, _written_out(value)) for name, value in params.items())
    return {name: value.in_(language) if isinstance(value, BilingualText) else value for name, value in values}


def _written_out(value: object) -> object:
    if isinstance(value, datetime):
        return moment_in_words(value)
    return day_in_words(value) if isinstance(value, date) else value


class _ReferenceKeepingFormatter(Formatter):
    """str.format, except that a reference to a step, such as {step:refer}, is left in place."""

    @override
    def parse(self, format_string: str) -> Iterable[tuple[str, str | None, str | None, str | None]]:
        for text, name, spec, conversion in super().parse(format_string):
            if name == REFERENCE_NAME and spec:
                yield f"{text}{{{name}:{spec}}}", None, None, None
            else:
                yield text, name, spec, conversion


_FORMATTER = _ReferenceKeepingFormatter()
_LANGUAGES: tuple[Language, Language] = ("nl", "en")
