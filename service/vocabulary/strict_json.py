"""Strict reader of JSON: refuses every text that two JSON parsers could read differently (RFC 8259, section 4)."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from service.vocabulary.canonical_json import to_canonical_json
from service.vocabulary.utf8 import NotUtf8, decode_utf8

# Beyond 64 bits most readers of JSON silently change a number.
_LARGEST = 2**63
_MAX_DIGITS = 20
# Limits far above the size of any form, and low enough to parse and write at once.
_MAX_DEPTH = 200
_MAX_MEMBERS = 1_000
_MAX_VALUES = 10_000


class UnreadableJson(ValueError):
    """A body that is no acceptable JSON, with the path of the fault where a part of the body can be named.

    `sentence` finds the sentence in messages.toml under `[input]`; `params` fill its placeholders.
    """

    def __init__(
        self,
        code: str,
        *,
        sentence: str | None = None,
        params: Mapping[str, object] | None = None,
        location: tuple[str | int, ...] = (),
    ) -> None:
        super().__init__(code)
        self.code, self.sentence, self.params, self.location = code, sentence or code, params or {}, location


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
    """Returns the parsed body, which is UTF-8 with or without a byte order mark. Raises UnreadableJson."""
    value: Any = None
    try:
        value = parse_unambiguous_json(decode_utf8(body), parse_int=_whole_number, parse_float=_finite_number)
        _check_size(value)
        text = to_canonical_json(value)
        text.encode()
    except UnreadableJson:
        raise
    except RecursionError:
        raise UnreadableJson("too_deep") from None
    except UnicodeEncodeError:
        raise UnreadableJson("lone_surrogate", location=_path_to_lone_surrogate(value) or ()) from None
    except NotUtf8 as error:
        params = {"encoding": error.encoding, "line": error.line, "column": error.column}
        raise UnreadableJson("not_utf8", params=params) from None
    except json.JSONDecodeError as error:
        params = {"line": error.lineno, "column": error.colno}
        raise UnreadableJson("json_invalid", sentence="json_invalid_at", params=params) from None
    except ValueError:
        raise UnreadableJson("json_invalid") from None
    return ParsedJson(value, text)


def _path_to_lone_surrogate(value: object) -> tuple[str | int, ...] | None:
    """Returns the path of the first text with half a character, or of the object that has it in a name; else None."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, member in members:
        if _has_lone_surrogate(step):
            return ()
        if _has_lone_surrogate(member):
            return (step,)
        if (path := _path_to_lone_surrogate(member)) is not None:
            return (step, *path)
    return None


def _has_lone_surrogate(value: object) -> bool:
    return isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value)


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


def _refuse_constant(constant: str) -> NoReturn:
    raise UnreadableJson("json_invalid", sentence="no_json_number", params={"constant": constant})
