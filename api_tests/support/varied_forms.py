"""The filled examples, changed in one thing or another: forms that can be read, and values that cannot."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from hypothesis import strategies as st

from api_tests.support.forms import filled
from service.cases.rules.forms.reading import read_form
from service.kinds import KINDS

LEFT_OUT = object()
NO_SUCH_VALUES = ({"no": "such"}, 7.5, "\x00", None)


def variants(value: Any) -> Iterator[Any]:
    """The value, and the value with one thing in it changed: left out, repeated, emptied, put off, turned round."""
    yield value
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, str) and value[:2] == "20":
        yield "2099" + value[4:]
    elif isinstance(value, list):
        yield from ([], value + value, value[:1])
        for at, inner in enumerate(value):
            yield from ([*value[:at], other, *value[at + 1 :]] for other in variants(inner))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield {key: it for key, it in value.items() if key != name}
            yield from ({**value, name: other} for other in variants(inner))
        if "code" in value:
            yield from ({"code": code} for code in ("home", "unsafe", "closed", "partial", "child", "regular", "other"))


@cache
def candidates(name: str) -> dict[str, list[Any]]:
    """Per field of a form, values with which it has no fault of type; `LEFT_OUT` where it may be."""
    form, example = KINDS.forms[name], filled(name)
    fields = {it.alias or key: it for key, it in form.model_fields.items()}
    found = {}
    for field, known in fields.items():
        values = [LEFT_OUT] if not known.is_required() else []
        if field in example:
            valid = (
                variant
                for variant in variants(example[field])
                if not read_form(form, {**example, field: variant}).faults
            )
            values += valid
        found[field] = values
    return found


@cache
def unreadable(name: str, field: str) -> Any:
    """A value that this field cannot have."""
    body = filled(name)
    return next(value for value in NO_SUCH_VALUES if read_form(KINDS.forms[name], {**body, field: value}).faults)


@st.composite
def filled_in(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A form without a fault of type, each field as in the example or changed in one thing."""
    drawn = {field: draw(st.sampled_from(values)) for field, values in candidates(name).items()}
    return {field: value for field, value in drawn.items() if value is not LEFT_OUT}
