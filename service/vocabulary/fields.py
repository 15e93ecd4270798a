"""Types of field that many forms share, and the checks that go with them."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticKnownError

from service.vocabulary.code_lists import CodeList
from service.vocabulary.form_parts import Codes, Fault, FormPart
from service.vocabulary.labelled_errors import Wants
from service.vocabulary.language import ShortText

T = TypeVar("T")
Location = tuple[str | int, ...]

_ISO_DAY = re.compile(r"(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)


class _OneType:
    """Shows an optional scalar as one JSON type with null beside it, which generators of clients read best."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        shown = handler(schema)
        known, *null = shown.get("anyOf", [{}])
        if null == [{"type": "null"}] and isinstance(known.get("type"), str) and "enum" not in known:
            return {**known, "type": [known["type"], "null"]}
        return shown


def _only_iso(given: object) -> object:
    """A day is written YYYY-MM-DD; pydantic alone would take a number of seconds for one as well."""
    if isinstance(given, date) or (isinstance(given, str) and _ISO_DAY.fullmatch(given)):
        return given
    raise PydanticKnownError("date_type")


_RFC_3339 = re.compile(
    r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


def _in_utc(given: object) -> datetime:
    """A moment as the Dutch rules write it: capitals T and Z, an offset that says something, no number of seconds."""
    match = _RFC_3339.fullmatch(given) if isinstance(given, str) else None
    if match is None or match[1] == "-00:00":
        raise PydanticKnownError("datetime_parsing", {"error": "not as in RFC 3339"})
    if match[1] is None:
        raise PydanticKnownError("timezone_aware")
    try:
        return datetime.fromisoformat(match[0]).astimezone(UTC)
    except ValueError:
        raise PydanticKnownError("datetime_parsing", {"error": "no such moment"}) from None


Moment = Annotated[datetime, BeforeValidator(_in_utc)]


OrNone = Annotated[T | None, _OneType()]


def _not_too_many(given: object) -> object:
    """A list that is too long is refused as a whole: its items are not looked at."""
    if isinstance(given, list | tuple) and len(given) > _MOST_ITEMS:
        raise PydanticKnownError(
            "too_long", {"field_type": "Tuple", "max_length": _MOST_ITEMS, "actual_length": len(given)}
        )
    return given


_MOST_ITEMS = 100
Several = Annotated[tuple[T, ...], Field(max_length=_MOST_ITEMS), BeforeValidator(_not_too_many)]
AtLeastOne = Annotated[tuple[T, ...], Field(min_length=1, max_length=_MOST_ITEMS), BeforeValidator(_not_too_many)]

Day = Annotated[date, BeforeValidator(_only_iso), Wants("day")]
YesNo = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=0, le=200), Wants("count")]
BirthMonth = Annotated[str, StringConstraints(pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$"), Wants("birth_month")]
MunicipalityCode = Annotated[str, StringConstraints(pattern=r"^GM[0-9]{4}$"), Wants("municipality_code")]
RegionCode = Annotated[str, StringConstraints(pattern=r"^JZ[0-9]{2}$"), Wants("region_code")]
LineKey = Annotated[str, StringConstraints(pattern=r"^[A-Z]$"), Wants("line_key")]
CaseNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{4}$"), Wants("case_number")]
GoalNumber = Annotated[int, Field(strict=True, ge=1, le=100), Wants("goal_number")]


class Contact(FormPart):
    """A named person, so that everybody knows whom to turn to (R20, R58)."""

    name: ShortText
    organisation: OrNone[ShortText] = None
    role: OrNone[ShortText] = None
    reachable_at: OrNone[ShortText] = None


class TakenOver(FormPart):
    """The person elsewhere who said yes: without one nothing is let go of (I10)."""

    name: ShortText
    organisation: ShortText
    role: ShortText
    accepted_on: Day


def not_in_future(day: date | None, on: date, *location: str | int) -> Iterator[Fault]:
    if day is not None and day > on:
        yield Fault("day_in_future", location)


def in_words(name: str, code_list: CodeList, code: str) -> dict[str, str | int]:
    """A code as params of a fault, with its words for the sentence in each language."""
    words = code_list.codes[code]
    return {name: code, f"{name}_nl": words.nl, f"{name}_en": words.en}


def enclosed(**given: str | None) -> Codes:
    """That something was added, without what it says: a fact that may be counted."""
    names = tuple(sorted(name for name, text in given.items() if text))
    return {"enclosed": names} if names else {}


def repeated(keys: list[str] | list[int]) -> list[int]:
    """The positions of what was named before."""
    return [position for position, key in enumerate(keys) if key in keys[:position]]
