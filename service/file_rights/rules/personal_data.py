"""What is held about whom: every field of every form and every column of every table, classified in one place.

What is not classified has no place here: `Unclassified` is what the test for it sees, and what a bundle would meet.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from pydantic import BaseModel

from service.vocabulary.language import Words
from service.vocabulary.messages import MESSAGES

_RAW = tomllib.loads(files(__package__).joinpath("personal_data.toml").read_text(encoding="utf-8"))
# Shown opened, or proof of something else: not told as it is stored.
_NOT_TOLD = frozenset({"sealed", "technical"})


class Unclassified(LookupError):
    """Somebody added a field, a column or a table, and did not say about whom it tells."""


@dataclass(frozen=True, slots=True)
class Tells:
    """About whom, and what kind of thing."""

    about: str
    kind: str

    @property
    def words(self) -> Words:
        about, kind = _RAW["about"][self.about], _RAW["kinds"][self.kind]
        return Words(f"Over {about[0]}: {kind['nl']}", f"About {about[1]}: {kind['en']}")

    @property
    def why(self) -> Words:
        """Why it is held."""
        return MESSAGES["grounds"][_RAW["kinds"][self.kind]["ground"]]

    @property
    def is_told(self) -> bool:
        return self.kind not in _NOT_TOLD


def _fields() -> Mapping[str, Tells]:
    parts = {about: {"life": names} for about, names in _RAW["parts"].items()}
    return MappingProxyType(
        {
            name: Tells(about, kind)
            for section in (parts, _RAW["fields"])
            for about, kinds in section.items()
            for kind, names in kinds.items()
            for name in names
        }
    )


def _columns() -> Mapping[str, Tells]:
    kinds = {kind: names for kind, names in _RAW["columns"].items() if isinstance(names, list)}
    of_others = {about: own for about, own in _RAW["columns"].items() if isinstance(own, dict)}
    found = {name: Tells("", kind) for kind, names in kinds.items() for name in names}
    return MappingProxyType(
        found
        | {name: Tells(who, kind) for who, own in of_others.items() for kind, names in own.items() for name in names}
    )


FIELDS, COLUMNS = _fields(), _columns()
# Tables with rows about a case, and by which column these are found; "column table": by those of another.
OF_A_CASE: Mapping[str, str] = MappingProxyType(_RAW["tables"]["family"])
_ABOUT = {table: about for about, tables in _RAW["tables"].items() for table in tables}


@cache
def field_of(model: type[BaseModel], name: str) -> Tells:
    """Raises Unclassified."""
    for known in (*(f"{it.__name__}.{name}" for it in model.__mro__), name):
        if known in FIELDS:
            return FIELDS[known]
    raise Unclassified(f"{model.__name__}.{name}")


def column_of(table: str, name: str) -> Tells:
    """Raises Unclassified."""
    known = COLUMNS.get(f"{table}.{name}") or COLUMNS.get(name)
    if known is None or table not in _ABOUT:
        raise Unclassified(f"{table}.{name}")
    return known if known.about else replace(known, about=_ABOUT[table])
