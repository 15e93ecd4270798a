"""Categories of personal data: every form field and every table column is classified in personal_data.toml.

A field or column without a category raises `UnclassifiedData`, in its test and in a subject access.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from pydantic import BaseModel

from service.vocabulary.language import BilingualText
from service.vocabulary.messages import MESSAGES

_RAW = tomllib.loads(files(__package__).joinpath("personal_data.toml").read_text(encoding="utf-8"))
# Kinds that are not disclosed as stored: encrypted data is shown decrypted, and technical data only proves other data.
_NOT_DISCLOSED = frozenset({"sealed", "technical"})


class UnclassifiedData(LookupError):
    """A field, column or table has no category in personal_data.toml."""


@dataclass(frozen=True, slots=True)
class DataCategory:
    """A category of personal data: whom it is about, and its kind."""

    about: str
    kind: str

    @property
    def label(self) -> BilingualText:
        about, kind = _RAW["about"][self.about], _RAW["kinds"][self.kind]
        return BilingualText(f"Over {about[0]}: {kind['nl']}", f"About {about[1]}: {kind['en']}")

    @property
    def ground_text(self) -> BilingualText:
        """The ground for holding data of this kind."""
        return MESSAGES["grounds"][_RAW["kinds"][self.kind]["ground"]]

    @property
    def is_disclosed(self) -> bool:
        return self.kind not in _NOT_DISCLOSED


def _fields() -> Mapping[str, DataCategory]:
    parts = {about: {"life": names} for about, names in _RAW["parts"].items()}
    return MappingProxyType(
        {
            name: DataCategory(about, kind)
            for section in (parts, _RAW["fields"])
            for about, kinds in section.items()
            for kind, names in kinds.items()
            for name in names
        }
    )


def _columns() -> Mapping[str, DataCategory]:
    kinds = {kind: names for kind, names in _RAW["columns"].items() if isinstance(names, list)}
    kinds_by_person = {about: section for about, section in _RAW["columns"].items() if isinstance(section, dict)}
    about_table = {name: DataCategory("", kind) for kind, names in kinds.items() for name in names}
    about_others = {
        name: DataCategory(about, kind)
        for about, section in kinds_by_person.items()
        for kind, names in section.items()
        for name in names
    }
    return MappingProxyType(about_table | about_others)


FIELD_CATEGORIES, COLUMN_CATEGORIES = _fields(), _columns()
# Tables with rows about a case, each with the column of the case id, or as "column table": the column that refers to
# the id of another of these tables.
CASE_TABLES: Mapping[str, str] = MappingProxyType(_RAW["tables"]["family"])
_ABOUT = {table: about for about, tables in _RAW["tables"].items() for table in tables}


@cache
def category_of_field(model: type[BaseModel], name: str) -> DataCategory:
    """The category of a form field, by its class or a base of it, else by its name. Raises UnclassifiedData."""
    for key in (*(f"{class_.__name__}.{name}" for class_ in model.__mro__), name):
        if key in FIELD_CATEGORIES:
            return FIELD_CATEGORIES[key]
    raise UnclassifiedData(f"{model.__name__}.{name}")


def category_of_column(table: str, name: str) -> DataCategory:
    """The category of a column; without a person of its own it takes that of its table. Raises UnclassifiedData."""
    category = COLUMN_CATEGORIES.get(f"{table}.{name}") or COLUMN_CATEGORIES.get(name)
    if category is None or table not in _ABOUT:
        raise UnclassifiedData(f"{table}.{name}")
    return category if category.about else replace(category, about=_ABOUT[table])
