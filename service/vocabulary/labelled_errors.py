"""Pydantic errors enriched for sentences to people: with the label of the field and the format that it expects.

Only the model knows the field; input_faults.py writes the sentence. The context of the error carries the data across.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Any, get_args

from pydantic import BaseModel, GetCoreSchemaHandler, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, ErrorDetails, InitErrorDetails, PydanticCustomError, core_schema

from service.vocabulary.field_labels import MissingLabel, label_of
from service.vocabulary.language import BilingualText
from service.vocabulary.sentences import OR, join_texts, label_with_code

LABEL, WANTS, SIMILAR = "label", "wants", "near"
#: Limit on the faults in one answer: a longer list helps nobody and costs time to make.
MAX_FAULTS = 100
# Errors that pydantic raises before the validator of the field's own type runs.
_RAISED_BEFORE_TYPE = frozenset({"missing", "model_type", "model_attributes_type"})


@dataclass(frozen=True, slots=True)
class ExpectedFormat:
    """Metadata of a type: the format that it expects, as a code of messages.toml under `[wants]`."""

    wants: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._validate, handler(source))

    def _validate(self, value: Any, validate: core_schema.ValidatorFunctionWrapHandler) -> Any:
        try:
            return validate(value)
        except ValidationError as validation_error:
            error = validation_error.errors()[0]
            raise PydanticCustomError(
                error["type"], error["msg"], {**error.get("ctx", {}), WANTS: self.wants}
            ) from None


def add_labels(model: type[BaseModel], wrong: ValidationError) -> ValidationError:
    """Returns the same errors, each with the label of its field.

    An error inside a nested model or list keeps the label that the nested model gave it.
    """
    errors = (error for error in wrong.errors(include_url=False) if not _is_false_too_short(error))
    details = [_with_label(model, error) for error in islice(errors, MAX_FAULTS + 1)]
    return ValidationError.from_exception_data(wrong.title, details)


def _is_false_too_short(error: ErrorDetails) -> bool:
    """Pydantic counts only the valid items of a list, so one invalid item makes it report "too short" as well."""
    value = error["input"]
    return error["type"] == "too_short" and isinstance(value, list | tuple) and len(value) >= error["ctx"]["min_length"]


def _with_label(model: type[BaseModel], error: ErrorDetails) -> InitErrorDetails:
    context = {**_field_context(model, error), **error.get("ctx", {})}
    labelled_error = PydanticCustomError(error["type"], error["msg"], context)
    return InitErrorDetails(type=labelled_error, loc=error["loc"], input=error["input"])


def _field_context(model: type[BaseModel], error: ErrorDetails) -> dict[str, Any]:
    place = error["loc"][0] if error["loc"] else None
    fields = {key: (name, info) for name, info in model.model_fields.items() for key in (name, info.alias or name)}
    if place in fields:
        name, info = fields[place]
        context: dict[str, Any] = {LABEL: _label(model, name)}
        if error["type"] in _RAISED_BEFORE_TYPE:
            context |= {WANTS: _expected_format(info), **_codes(info)}
    elif error["type"] == "extra_forbidden" and len(error["loc"]) == 1:
        context = {SIMILAR: _similar_field(model, str(place))}
    else:
        context = {}
    return {key: value for key, value in context.items() if value is not None}


def _label(model: type[BaseModel], name: str) -> BilingualText | None:
    try:
        return label_of(model, name)
    except MissingLabel:
        return None


def _similar_field(model: type[BaseModel], unknown: str) -> BilingualText | None:
    """Returns the label of the field with a name close to that of an unknown member, or None."""
    names = {_normalised(name): name for name in model.model_fields}
    for match in get_close_matches(_normalised(unknown[:100]), names, n=1, cutoff=0.75):
        name = names[match]
        label, key = _label(model, name), model.model_fields[name].alias or name
        return label_with_code(label, key) if label else BilingualText.untranslated(key)
    return None


def _normalised(name: str) -> str:
    return name.replace("_", "").lower()


def _expected_format(info: FieldInfo) -> str | None:
    """Returns the code of the expected format, or None where the type of the field states none."""
    formats = (getattr(item, WANTS, None) for item in _metadata(info.annotation, info.metadata))
    return next((code for code in formats if isinstance(code, str)), None)


def _codes(info: FieldInfo) -> dict[str, Any]:
    """Returns `codes`, the labelled codes of a coded field, and `example`, one of them; empty for another field."""
    lists = (getattr(item, "code_list", None) for item in _metadata(info.annotation, info.metadata))
    code_list = next((candidate for candidate in lists if candidate is not None), None)
    if code_list is None:
        return {}
    return {
        "codes": join_texts((label_with_code(label, code) for code, label in code_list.codes.items()), OR),
        "example": next(iter(code_list.codes)),
    }


def _metadata(annotation: Any, direct: list[Any]) -> Iterator[Any]:
    """Yields the type of a field, the types inside it, and the metadata of each."""
    yield from (*direct, annotation, *getattr(annotation, "__metadata__", ()))
    for inner in get_args(annotation):
        yield from _metadata(inner, [])
