"""The filled examples with one change each: forms that can be read, and values that cannot."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from hypothesis import strategies as st

from api_tests.support.forms import filled
from service.cases.rules.forms.form_reader import read_form
from service.kinds import KINDS

LEFT_OUT = object()
NO_SUCH_VALUES = ({"no": "such"}, 7.5, "\x00", None)


def variants(value: Any) -> Iterator[Any]:
    """The value, and the value with one change: left out, repeated, emptied, put off, negated."""
    yield value
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, str) and value[:2] == "20":
        yield "2099" + value[4:]
    elif isinstance(value, list):
        yield from ([], value + value, value[:1])
        for at, inner in enumerate(value):
            yield from ([*value[:at], variant, *value[at + 1 :]] for variant in variants(inner))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield {key: content for key, content in value.items() if key != name}
            yield from ({**value, name: variant} for variant in variants(inner))
        if "code" in value:
            yield from ({"code": code} for code in ("home", "unsafe", "closed", "partial", "child", "regular", "other"))


@cache
def candidates(name: str) -> dict[str, list[Any]]:
    """Values without a fault of type per field of a form, with `LEFT_OUT` for an optional field."""
    form, example = KINDS.forms[name], filled(name)
    fields = {info.alias or key: info for key, info in form.model_fields.items()}
    values_by_field = {}
    for field, info in fields.items():
        values = [LEFT_OUT] if not info.is_required() else []
        if field in example:
            valid = (
                variant
                for variant in variants(example[field])
                if not read_form(form, {**example, field: variant}).faults
            )
            values += valid
        values_by_field[field] = values
    return values_by_field


@cache
def unreadable(name: str, field: str) -> Any:
    """A value that this field cannot hold."""
    body = filled(name)
    return next(value for value in NO_SUCH_VALUES if read_form(KINDS.forms[name], {**body, field: value}).faults)


@st.composite
def varied_form(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A form without a fault of type: each field as in the example or with one change."""
    drawn = {field: draw(st.sampled_from(values)) for field, values in candidates(name).items()}
    return {field: value for field, value in drawn.items() if value is not LEFT_OUT}
