"""JSON read as a form, whole or as far as it can be read, so that every fault is told at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from service.cases.rules.forms.base import Form, FormContext
from service.vocabulary.input_faults import in_body, input_fault
from service.vocabulary.refusals import InputFault


@dataclass(frozen=True, slots=True)
class FormReading:
    """A form and its faults of types. Where there are any, the form lacks the fields that could not be read.

    `form` is None where nothing was given that could be one.
    """

    form: Form | None
    faults: tuple[InputFault, ...] = ()


def read_form(form: type[Form], raw: object, *, under: str = "/form") -> FormReading:
    """The form that this JSON fills in, which stands at `under` in the body."""
    try:
        return FormReading(form.model_validate(raw, by_alias=True, by_name=False))
    except ValidationError as wrong:
        errors = wrong.errors(include_input=False)
        faults = tuple(input_fault("body", under, error) for error in errors)
        if not isinstance(raw, Mapping):
            return FormReading(None, faults)
        return FormReading(_partly(form, raw), faults)


def faults_of(form: type[Form], raw: object, context: FormContext) -> tuple[InputFault, ...]:
    """Everything that is wrong with a form as it was sent: its types, and the rules of what could be read."""
    reading = read_form(form, raw)
    rules = reading.form.faults(context) if reading.form else ()
    return (*reading.faults, *map(in_body, rules))


def _partly(form: type[Form], given: Mapping[str, Any]) -> Form:
    """A form without the fields that cannot be read; a field that may be left out and is, has its default."""
    values, spoilt = {}, set()
    for alias, (name, reader) in _readers(form).items():
        try:
            if alias in given:
                values[name] = reader.validate_python(given[alias], by_alias=True, by_name=False)
            elif form.model_fields[name].is_required():
                spoilt.add(name)
        except ValidationError:
            spoilt.add(name)
    read = form.model_construct(**values)
    for name in spoilt:
        read.__dict__.pop(name, None)
    return read


@cache
def _readers(form: type[Form]) -> Mapping[str, tuple[str, TypeAdapter[Any]]]:
    """Per field, by its name in JSON: its name here, and how it is read by itself."""
    return {
        field.alias or name: (name, TypeAdapter(field.rebuild_annotation()))
        for name, field in form.model_fields.items()
    }
