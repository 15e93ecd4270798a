"""Labels of the fields of forms, requests and answers, in Dutch and English (field_labels.toml)."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue

from service.vocabulary.language import BilingualText


class MissingLabel(LookupError):
    """A field has no label in field_labels.toml."""


def _read() -> Mapping[str, BilingualText]:
    raw = tomllib.loads(files(__package__).joinpath("field_labels.toml").read_text(encoding="utf-8"))
    return MappingProxyType(
        {name: BilingualText(*words) for section in raw.values() for name, words in section.items()}
    )


FIELD_LABELS: Mapping[str, BilingualText] = _read()
_IN_JSON = {to_camel(name): words for name, words in FIELD_LABELS.items()}
_THIS_FIELD = BilingualText("Dit veld", "This field")


@cache
def label_of(model: type, name: str) -> BilingualText:
    """Returns the label of a field by its name in Python. Raises MissingLabel."""
    for key in (*(f"{base.__name__}.{name}" for base in model.__mro__), name):
        if key in FIELD_LABELS:
            return FIELD_LABELS[key]
    raise MissingLabel(f"{model.__name__}.{name}")


def label_at(location: Iterable[str | int]) -> BilingualText:
    """Returns the label of the field at a JSON path, by its name alone; a general one for an unknown name."""
    *_, name = ("", *(step for step in location if isinstance(step, str)))
    return _IN_JSON.get(name, _THIS_FIELD)


def label_schema_members(model: type[BaseModel], schema: JsonSchemaValue) -> None:
    """Label each member in the JSON Schema of a model: `title` in English, `x-title-nl` in Dutch. Raises MissingLabel.

    The title of the schema itself is removed, since it repeats the name of the schema.
    """
    schema.pop("title", None)
    for name, info in model.model_fields.items():
        member = schema["properties"].get(info.alias or to_camel(name))
        if member is not None:
            label = label_of(model, name)
            member |= {"title": label.en, "x-title-nl": label.nl}
