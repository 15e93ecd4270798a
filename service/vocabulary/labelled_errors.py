"""The errors of pydantic with what a sentence for people needs: the label of the field, and the form it wants.

An error carries these as context, from the place where the field is known to where the sentence is made.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Any, get_args

from pydantic import BaseModel, GetCoreSchemaHandler, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, ErrorDetails, InitErrorDetails, PydanticCustomError, core_schema

from service.vocabulary.field_labels import Unlabelled, label_of
from service.vocabulary.language import Words
from service.vocabulary.sentences import OR, joined, with_code

LABEL, WANTS, NEAR = "label", "wants", "near"
#: More faults than these help nobody, and would keep the service busy.
MOST_FAULTS = 100
# Errors that are found before the type itself looks at what was given.
_NOTHING_TO_READ = frozenset({"missing", "model_type", "model_attributes_type"})


@dataclass(frozen=True, slots=True)
class Wants:
    """Metadata of a type: the form that it wants, by its code in messages.toml under `[wants]`."""

    wants: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._read, handler(source))

    def _read(self, given: Any, read: core_schema.ValidatorFunctionWrapHandler) -> Any:
        try:
            return read(given)
        except ValidationError as wrong:
            error = wrong.errors()[0]
            raise PydanticCustomError(
                error["type"], error["msg"], {**error.get("ctx", {}), WANTS: self.wants}
            ) from None


def labelled(model: type[BaseModel], wrong: ValidationError) -> ValidationError:
    """The same errors; those at a field of the model, or in a list there, carry its label unless one below it did."""
    sound = (it for it in wrong.errors(include_url=False) if not _counts_only_what_is_sound(it))
    errors = [_with_label(model, it) for it in islice(sound, MOST_FAULTS + 1)]
    return ValidationError.from_exception_data(wrong.title, errors)


def _counts_only_what_is_sound(error: ErrorDetails) -> bool:
    """A list with an item that is wrong is told to be too short by pydantic, which counts the other items alone."""
    given = error["input"]
    return error["type"] == "too_short" and isinstance(given, list | tuple) and len(given) >= error["ctx"]["min_length"]


def _with_label(model: type[BaseModel], error: ErrorDetails) -> InitErrorDetails:
    context = {**_about_field(model, error), **error.get("ctx", {})}
    told = PydanticCustomError(error["type"], error["msg"], context)
    return InitErrorDetails(type=told, loc=error["loc"], input=error["input"])


def _about_field(model: type[BaseModel], error: ErrorDetails) -> dict[str, Any]:
    place = error["loc"][0] if error["loc"] else None
    fields = {key: (name, info) for name, info in model.model_fields.items() for key in (name, info.alias or name)}
    if place in fields:
        name, info = fields[place]
        told: dict[str, Any] = {LABEL: _label(model, name)}
        if error["type"] in _NOTHING_TO_READ:
            told |= {WANTS: _wanted(info), **_codes(info)}
    elif error["type"] == "extra_forbidden" and len(error["loc"]) == 1:
        told = {NEAR: _near(model, str(place))}
    else:
        told = {}
    return {key: value for key, value in told.items() if value is not None}


def _label(model: type[BaseModel], name: str) -> Words | None:
    try:
        return label_of(model, name)
    except Unlabelled:
        return None


def _near(model: type[BaseModel], unknown: str) -> Words | None:
    """The field that an unknown member was perhaps meant to be."""
    plain = {_plain(name): name for name in model.model_fields}
    for known in get_close_matches(_plain(unknown[:100]), plain, n=1, cutoff=0.75):
        name = plain[known]
        label, key = _label(model, name), model.model_fields[name].alias or name
        return with_code(label, key) if label else Words.same(key)
    return None


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _wanted(info: FieldInfo) -> str | None:
    """The form that the type of a field wants, where it says so."""
    told = (getattr(it, WANTS, None) for it in _metadata(info.annotation, info.metadata))
    return next((it for it in told if isinstance(it, str)), None)


def _codes(info: FieldInfo) -> dict[str, Any]:
    """The codes that a coded field may have, with their labels, and one of them as an example."""
    lists = (getattr(it, "code_list", None) for it in _metadata(info.annotation, info.metadata))
    known = next((it for it in lists if it is not None), None)
    if known is None:
        return {}
    return {
        "codes": joined((with_code(words, code) for code, words in known.codes.items()), OR),
        "example": next(iter(known.codes)),
    }


def _metadata(annotation: Any, direct: list[Any]) -> Iterator[Any]:
    """The type of a field, the types in it, and what is noted with them."""
    yield from (*direct, annotation, *getattr(annotation, "__metadata__", ()))
    for inner in get_args(annotation):
        yield from _metadata(inner, [])
