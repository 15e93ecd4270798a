"""What people call a field of a form or of a request, in Dutch and in English (field_labels.toml)."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from pydantic.alias_generators import to_camel

from service.vocabulary.language import Words


class Unlabelled(LookupError):
    """A field that nobody gave a label."""


def _read() -> Mapping[str, Words]:
    raw = tomllib.loads(files(__package__).joinpath("field_labels.toml").read_text(encoding="utf-8"))
    return MappingProxyType({name: Words(*words) for section in raw.values() for name, words in section.items()})


FIELD_LABELS: Mapping[str, Words] = _read()
_IN_JSON = {to_camel(name): words for name, words in FIELD_LABELS.items()}
_THIS_FIELD = Words("Dit veld", "This field")


@cache
def label_of(model: type, name: str) -> Words:
    """The label of a field by its name in Python. Raises Unlabelled."""
    for known in (*(f"{it.__name__}.{name}" for it in model.__mro__), name):
        if known in FIELD_LABELS:
            return FIELD_LABELS[known]
    raise Unlabelled(f"{model.__name__}.{name}")


def label_at(location: Iterable[str | int]) -> Words:
    """The label of the field at a place in the JSON, where only its name is known."""
    *_, name = ("", *(step for step in location if isinstance(step, str)))
    return _IN_JSON.get(name, _THIS_FIELD)
