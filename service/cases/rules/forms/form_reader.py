"""The reader of forms: JSON as a whole or partly read form, so that all faults are reported at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from service.cases.rules.forms.base import Form, FormContext
from service.vocabulary.input_faults import body_fault, input_fault
from service.vocabulary.refusals import InputFault


@dataclass(frozen=True, slots=True)
class FormReadResult:
    """A form and its type faults. A form with faults lacks the fields that could not be read.

    `form` is None when the JSON is no object.
    """

    form: Form | None
    faults: tuple[InputFault, ...] = ()


def read_form(form: type[Form], raw: object, *, pointer: str = "/form") -> FormReadResult:
    """Returns the form that this JSON fills in. `pointer` is the JSON pointer of the form in the body."""
    try:
        return FormReadResult(form.model_validate(raw, by_alias=True, by_name=False))
    except ValidationError as error:
        errors = error.errors(include_input=False)
        faults = tuple(input_fault("body", pointer, details) for details in errors)
        if not isinstance(raw, Mapping):
            return FormReadResult(None, faults)
        return FormReadResult(_read_partly(form, raw), faults)


def faults_of_form(form: type[Form], raw: object, context: FormContext) -> tuple[InputFault, ...]:
    """Returns all faults of a form as sent: those of types, and those of the rules that have the fields they need."""
    result = read_form(form, raw)
    rule_faults = result.form.faults(context) if result.form else ()
    return (*result.faults, *map(body_fault, rule_faults))


def _read_partly(form: type[Form], raw: Mapping[str, Any]) -> Form:
    """Returns a form without the fields that cannot be read. An absent optional field has its default."""
    values, unreadable = {}, set()
    for alias, (name, adapter) in _field_adapters(form).items():
        try:
            if alias in raw:
                values[name] = adapter.validate_python(raw[alias], by_alias=True, by_name=False)
            elif form.model_fields[name].is_required():
                unreadable.add(name)
        except ValidationError:
            unreadable.add(name)
    partial_form = form.model_construct(**values)
    for name in unreadable:
        partial_form.__dict__.pop(name, None)
    return partial_form


@cache
def _field_adapters(form: type[Form]) -> Mapping[str, tuple[str, TypeAdapter[Any]]]:
    """Returns (name in the class, type adapter) of each field, by its JSON name."""
    return {
        field.alias or name: (name, TypeAdapter(field.rebuild_annotation()))
        for name, field in form.model_fields.items()
    }
