"""The fields of a form, at any depth."""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from service.vocabulary.code_lists import CodedValue


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and not issubclass(annotation, CodedValue):
        yield annotation
    for inner in get_args(annotation):
        yield from models_in(inner)


def all_fields(model: type[BaseModel]) -> Iterator[tuple[type[BaseModel], str]]:
    """The fields of a form, at any depth, as (model, name)."""
    for name, info in model.model_fields.items():
        yield model, name
        for inner in models_in(info.annotation):
            yield from all_fields(inner)
