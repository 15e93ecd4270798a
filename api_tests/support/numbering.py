"""Numbers for what differs each time the same is done: ids, times, digests, numbers of cases.

A value gets its number where it appears first, so that equal values stay equal and two databases with the same
structure get the same numbers.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import count

from api_tests.support.played_story import Row, Tables

Numbered = dict[str, list[dict[str, str]]]
CHANGING = re.compile(
    r"(?P<id>\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)"
    r"|(?P<digest>\b[0-9a-f]{64}\b|\b[0-9a-f]{16}…)"
    r"|(?P<trace>\b[0-9a-f]{32}\b)"
    r"|(?P<time>\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))"
    r"|(?P<number>\b\d{4}-\d{4}\b)"
)
# Microseconds since 1970, of any year from 2001 on; nothing else that is counted here comes near.
FIRST_TIME = 10**15


class Numbering:
    """Numbers by kind. A hash of a definition or of settings is equal when those are equal, and stays as it is."""

    def __init__(self, tables: Tables) -> None:
        self._kept = {row["hash"] for rows in tables.values() for row in rows if "hash" in row}
        self._numbers: dict[str, int] = {}
        self._next: dict[str, count[int]] = {}

    def text(self, text: str, *, known_only: bool = False) -> str:
        """With a number in place of everything that changes, or only its kind where it has no number yet."""
        return CHANGING.sub(lambda it: self._numbered(it.lastgroup or "", it[0], known_only=known_only), text)

    def value(self, value: object, *, known_only: bool = False) -> str:
        """Bytes are salts, nonces and wrapped keys: chance, but for how many they are."""
        if isinstance(value, bytes):
            return f"<{len(value)} bytes>"
        if isinstance(value, int) and value >= FIRST_TIME:
            return self._numbered("time", str(value), known_only=known_only)
        return self.text(str(value), known_only=known_only)

    def _numbered(self, kind: str, value: str, *, known_only: bool) -> str:
        if value in self._kept:
            return value
        if value not in self._numbers:
            if known_only:
                return f"<{kind}>"
            self._numbers[value] = next(self._next.setdefault(kind, count(1)))
        return f"<{kind} {self._numbers[value]}>"


def numbered(tables: Tables, numbering: Numbering, order: Sequence[str] = ()) -> Numbered:
    """Every table with its rows in a lasting order and numbers for what changes: in this order, or a good one.

    Rows are ordered by their times, then by what they count, then by what they say. Where that leaves equals, ids that
    have their numbers already tell them apart; so tables that need none come first.
    """
    in_order: Numbered = {}
    waiting = sorted(tables)
    while waiting:
        planned = next((it for it in order if it in waiting), None)
        name = planned or min(waiting, key=lambda it: _equals(tables[it], numbering))
        waiting.remove(name)
        times = _times(tables[name])
        rows = sorted(tables[name], key=lambda row: _place(row, times, numbering))
        in_order[name] = [{column: numbering.value(it) for column, it in row.items()} for row in rows]
    return in_order


def _times(rows: Iterable[Row]) -> set[str]:
    return {name for row in rows for name, it in row.items() if isinstance(it, int) and it >= FIRST_TIME}


def _place(row: Mapping[str, object], times: set[str], numbering: Numbering) -> tuple[list[int], list[int], list[str]]:
    counted = {name: it if isinstance(it, int) else -1 for name, it in row.items()}
    return (
        [counted[name] for name in row if name in times],
        [counted[name] for name in row if name not in times],
        [numbering.value(it, known_only=True) for it in row.values()],
    )


def _equals(rows: Sequence[Row], numbering: Numbering) -> int:
    """How many rows could stand in the place of another."""
    times = _times(rows)
    return len(rows) - len(Counter(str(_place(row, times, numbering)) for row in rows))
