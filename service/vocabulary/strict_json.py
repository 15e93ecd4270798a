"""JSON read strictly: what two readers could take for two different things is refused, not guessed at."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from service.vocabulary.canonical_json import canonical

# Beyond 64 bits most readers of JSON silently change a number.
_LARGEST = 2**63
_MOST_DIGITS = 20
# Far more than any form has, and less than what would exhaust a writer of JSON.
_MOST_LEVELS = 200


class Unreadable(ValueError):
    """A body that is not the JSON it should be; `code` stands in messages.toml under `[input]`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Json:
    """A body that was read: its value, and its canonical text, which is the same however it was written."""

    value: Any
    canonical: str


def unambiguous(
    text: str | bytes,
    *,
    parse_int: Callable[[str], Any] | None = None,
    parse_float: Callable[[str], Any] | None = None,
) -> Any:
    """JSON in which nothing stands twice, because readers disagree on which of the two counts.

    The hooks are those of json.loads. Raises ValueError (Unreadable where a member stands twice) or RecursionError.
    """
    return json.loads(
        text,
        object_pairs_hook=_each_member_once,
        parse_constant=_no_number,
        parse_int=parse_int,
        parse_float=parse_float,
    )


def read_json(body: bytes) -> Json:
    """Raises Unreadable."""
    try:
        value = unambiguous(body.decode(), parse_int=_whole_number, parse_float=_finite_number)
        _insist_on_depth(value, _MOST_LEVELS)
        text = canonical(value)
        text.encode()
    except Unreadable:
        raise
    except RecursionError:
        raise Unreadable("too_deep") from None
    except UnicodeEncodeError:
        raise Unreadable("lone_surrogate") from None
    except ValueError:
        raise Unreadable("json_invalid") from None
    return Json(value, text)


def _insist_on_depth(value: object, levels: int) -> None:
    if levels < 0:
        raise Unreadable("too_deep")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _insist_on_depth(inner, levels - 1)


def _each_member_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unreadable("member_twice")
    return members


def _whole_number(digits: str) -> int:
    if len(digits) > _MOST_DIGITS or not -_LARGEST <= (number := int(digits)) < _LARGEST:
        raise Unreadable("number_out_of_range")
    return number


def _finite_number(digits: str) -> float:
    if not math.isfinite(number := float(digits)):
        raise Unreadable("number_out_of_range")
    return number


def _no_number(_: str) -> NoReturn:
    raise Unreadable("json_invalid")
