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
# Far more than any form has, and less than what would keep a reader or a writer of JSON busy.
_MOST_LEVELS = 200
_MOST_IN_ONE = 1_000
_MOST_VALUES = 10_000


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
        _insist_on_size(value)
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


def _insist_on_size(value: object) -> None:
    """Raises Unreadable where a body is nested too deeply or holds too much. Level by level, so that both are found."""
    level, values = [value], 0
    for _ in range(_MOST_LEVELS + 2):
        inner = [it.values() if isinstance(it, dict) else it for it in level if isinstance(it, dict | list)]
        values += sum(map(len, inner))
        if values > _MOST_VALUES or any(len(it) > _MOST_IN_ONE for it in inner):
            raise Unreadable("too_much")
        level = [one for it in inner for one in it]
        if not level:
            return
    raise Unreadable("too_deep")


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
