"""Field types shared by many forms, and the checks that go with them."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, TypeVar, get_args

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticKnownError

from service.vocabulary.code_lists import CodeList
from service.vocabulary.form_parts import Codes, Fault, FormPart
from service.vocabulary.labelled_errors import ExpectedFormat
from service.vocabulary.language import ShortText

T = TypeVar("T")
Location = tuple[str | int, ...]

_ISO_DAY = re.compile(r"(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)


class _NullableScalar:
    """Writes an optional scalar in JSON Schema as `type: [string, null]` instead of `anyOf`.

    Client generators handle this form best.
    """

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        json_schema = handler(schema)
        scalar, *others = json_schema.get("anyOf", [{}])
        if others == [{"type": "null"}] and isinstance(scalar.get("type"), str) and "enum" not in scalar:
            return {**scalar, "type": [scalar["type"], "null"]}
        return json_schema


def _iso_day(value: object) -> object:
    """Accepts YYYY-MM-DD only; pydantic by itself would also take a number of seconds as a date."""
    if isinstance(value, date) or (isinstance(value, str) and _ISO_DAY.fullmatch(value)):
        return value
    raise PydanticKnownError("date_type")


_RFC_3339 = re.compile(
    r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


def _utc_moment(value: object) -> datetime:
    """Parses RFC 3339 as the Dutch API Design Rules want it: capital T and Z, a known offset, no number of seconds."""
    match = _RFC_3339.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[1] == "-00:00":
        raise PydanticKnownError("datetime_parsing", {"error": "not as in RFC 3339"})
    if match[1] is None:
        raise PydanticKnownError("timezone_aware")
    try:
        return datetime.fromisoformat(match[0]).astimezone(UTC)
    except ValueError:
        raise PydanticKnownError("datetime_parsing", {"error": "no such moment"}) from None


Moment = Annotated[datetime, BeforeValidator(_utc_moment)]


Nullable = Annotated[T | None, _NullableScalar()]


def _refuse_long_list(value: object) -> object:
    """Refuses a list that is too long before its items are validated."""
    if isinstance(value, list | tuple) and len(value) > _MAX_ITEMS:
        raise PydanticKnownError(
            "too_long", {"field_type": "Tuple", "max_length": _MAX_ITEMS, "actual_length": len(value)}
        )
    return value


_MAX_ITEMS = 100
Several = Annotated[tuple[T, ...], Field(max_length=_MAX_ITEMS), BeforeValidator(_refuse_long_list)]
AtLeastOne = Annotated[tuple[T, ...], Field(min_length=1, max_length=_MAX_ITEMS), BeforeValidator(_refuse_long_list)]

Day = Annotated[date, BeforeValidator(_iso_day), ExpectedFormat("day")]


class Planned:
    """Marks a day that a form plans. It lies in a window that begins on the day of the step (`check_planned_days`)."""


PlannedDay = Annotated[date, BeforeValidator(_iso_day), ExpectedFormat("day"), Planned()]
MONTHS_TO_PLAN = 60
YesNo = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=0, le=200), ExpectedFormat("count")]
BirthMonth = Annotated[
    str, StringConstraints(pattern=r"^(19|20)[0-9]{2}(-(0[1-9]|1[0-2]))?$"), ExpectedFormat("birth_month")
]
MunicipalityCode = Annotated[str, StringConstraints(pattern=r"^GM[0-9]{4}$"), ExpectedFormat("municipality_code")]
RegionCode = Annotated[str, StringConstraints(pattern=r"^JZ[0-9]{2}$"), ExpectedFormat("region_code")]
LineKey = Annotated[str, StringConstraints(pattern=r"^[A-Z]$"), ExpectedFormat("line_key")]
CaseNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{4}$"), ExpectedFormat("case_number")]
GoalNumber = Annotated[int, Field(strict=True, ge=1, le=100), ExpectedFormat("goal_number")]


class Contact(FormPart):
    """A person to contact, by name (R20, R58)."""

    name: ShortText
    organisation: Nullable[ShortText] = None
    role: Nullable[ShortText] = None
    reachable_at: Nullable[ShortText] = None


class TakenOver(FormPart):
    """The person at another organisation who accepted the case or the duty. No transfer without one (I10)."""

    name: ShortText
    organisation: ShortText
    role: ShortText
    accepted_on: Day


def check_not_in_future(day: date | None, on: date, *location: str | int) -> Iterator[Fault]:
    """Yields a fault at `location` where the day is after `on`."""
    if day is not None and day > on:
        yield Fault("day_in_future", location)


def check_planned_days(part: FormPart, first: date, last: date, *location: str | int) -> Iterator[Fault]:
    """Yields a fault for each planned day, at every depth, that lies outside the window from `first` to `last`."""
    for name, info in type(part).model_fields.items():
        value, place = part.__dict__.get(name), (*location, info.alias or name)
        items = (
            [((*place, at), item) for at, item in enumerate(value)] if isinstance(value, tuple) else [(place, value)]
        )
        for at, item in items:
            if isinstance(item, FormPart):
                yield from check_planned_days(item, first, last, *at)
            elif isinstance(item, date) and is_planned(type(part), name) and not first <= item <= last:
                yield Fault("planned_day_outside_window", at, {"first": first, "last": last})


@cache
def is_planned(form: type[FormPart], name: str) -> bool:
    info = form.model_fields[name]
    return any(isinstance(mark, Planned) for mark in (*info.metadata, *_marks_in(info.annotation)))


def _marks_in(annotation: object) -> Iterator[object]:
    yield annotation
    for inner in get_args(annotation):
        yield from _marks_in(inner)


def code_params(name: str, code_list: CodeList, code: str) -> dict[str, str | int]:
    """Returns the params of a fault about a code: {name}, {name}_nl and {name}_en."""
    label = code_list.codes[code]
    return {name: code, f"{name}_nl": label.nl, f"{name}_en": label.en}


def enclosed_codes(**texts: str | None) -> Codes:
    """Returns {"enclosed": names of the texts that are present}: a countable fact without the content itself."""
    names = tuple(sorted(name for name, text in texts.items() if text))
    return {"enclosed": names} if names else {}


def repeated_positions(keys: list[str] | list[int]) -> list[int]:
    """Returns the positions, from 0, of keys that occur earlier in the list."""
    return [position for position, key in enumerate(keys) if key in keys[:position]]
