"""Strict reader of JSON: refuses every text that two JSON parsers could read differently (RFC 8259, section 4)."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from service.vocabulary.canonical_json import to_canonical_json

# Beyond 64 bits most readers of JSON silently change a number.
_LARGEST = 2**63
_MAX_DIGITS = 20
# Limits far above the size of any form, and low enough to parse and write at once.
_MAX_DEPTH = 200
_MAX_MEMBERS = 1_000
_MAX_VALUES = 10_000


class UnreadableJson(ValueError):
    """A body that is no acceptable JSON; `code` finds the sentence in messages.toml under `[input]`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class ParsedJson:
    """A parsed body: its value and its canonical text, which is equal for equal values."""

    value: Any
    canonical: str


def parse_unambiguous_json(
    text: str | bytes,
    *,
    parse_int: Callable[[str], Any] | None = None,
    parse_float: Callable[[str], Any] | None = None,
) -> Any:
    """Returns the value of a JSON text. Refuses a repeated member name: parsers disagree on which one counts.

    The hooks are those of json.loads. Raises ValueError (UnreadableJson for a repeated member) or RecursionError.
    """
    return json.loads(
        text,
        object_pairs_hook=_unique_members,
        parse_constant=_refuse_constant,
        parse_int=parse_int,
        parse_float=parse_float,
    )


def read_json(body: bytes) -> ParsedJson:
    """Returns the parsed body. Raises UnreadableJson."""
    try:
        value = parse_unambiguous_json(body.decode(), parse_int=_whole_number, parse_float=_finite_number)
        _check_size(value)
        text = to_canonical_json(value)
        text.encode()
    except UnreadableJson:
        raise
    except RecursionError:
        raise UnreadableJson("too_deep") from None
    except UnicodeEncodeError:
        raise UnreadableJson("lone_surrogate") from None
    except ValueError:
        raise UnreadableJson("json_invalid") from None
    return ParsedJson(value, text)


def _check_size(value: object) -> None:
    """Raises UnreadableJson where a body is nested too deeply or holds too many values.

    It goes level by level, so that neither depth nor width can exhaust it.
    """
    level, count = [value], 0
    for _ in range(_MAX_DEPTH + 2):
        containers = [
            node.values() if isinstance(node, dict) else node for node in level if isinstance(node, dict | list)
        ]
        count += sum(map(len, containers))
        if count > _MAX_VALUES or any(len(container) > _MAX_MEMBERS for container in containers):
            raise UnreadableJson("too_much")
        level = [member for container in containers for member in container]
        if not level:
            return
    raise UnreadableJson("too_deep")


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise UnreadableJson("member_twice")
    return members


def _whole_number(digits: str) -> int:
    if len(digits) > _MAX_DIGITS or not -_LARGEST <= (number := int(digits)) < _LARGEST:
        raise UnreadableJson("number_out_of_range")
    return number


def _finite_number(digits: str) -> float:
    if not math.isfinite(number := float(digits)):
        raise UnreadableJson("number_out_of_range")
    return number


def _refuse_constant(_: str) -> NoReturn:
    raise UnreadableJson("json_invalid")
