"""Every sentence the product says, by section and code, in Dutch and English (messages.toml)."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

from service.vocabulary.language import Words


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
    """The sentence with its {places} filled in."""
    words = MESSAGES[section][code]
    return Words(nl=words.nl.format(**params), en=words.en.format(**params))


def filled(section: str, code: str, **parts: Words) -> Words:
    """The sentence with its {places} filled in, in each language with the words of that language."""
    words = MESSAGES[section][code]
    return Words(
        nl=words.nl.format(**{name: it.nl for name, it in parts.items()}),
        en=words.en.format(**{name: it.en for name, it in parts.items()}),
    )
