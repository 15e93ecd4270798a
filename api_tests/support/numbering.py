"""Numbers in place of values that differ in each run: ids, times, digests, numbers of cases.

A value gets its number where it appears first. Equal values get equal numbers, and two databases with the same
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
# Microseconds since 1970, from the year 2001 on. No other integer in the database is as large.
FIRST_TIME = 10**15


class Numbering:
    """Numbers by kind. The hash of a definition or of settings is the same in each run, and stays."""

    def __init__(self, tables: Tables) -> None:
        self._stable = {row["hash"] for rows in tables.values() for row in rows if "hash" in row}
        self._numbers: dict[str, int] = {}
        self._next: dict[str, count[int]] = {}

    def text(self, text: str, *, known_only: bool = False) -> str:
        """The text with a number in place of each changing value, or only its kind where it has no number yet."""
        return CHANGING.sub(lambda match: self._numbered(match.lastgroup or "", match[0], known_only=known_only), text)

    def value(self, value: object, *, known_only: bool = False) -> str:
        """The value with its number. Bytes are salts, nonces and wrapped keys: only their length is comparable."""
        if isinstance(value, bytes):
            return f"<{len(value)} bytes>"
        if isinstance(value, int) and value >= FIRST_TIME:
            return self._numbered("time", str(value), known_only=known_only)
        return self.text(str(value), known_only=known_only)

    def _numbered(self, kind: str, value: str, *, known_only: bool) -> str:
        if value in self._stable:
            return value
        if value not in self._numbers:
            if known_only:
                return f"<{kind}>"
            self._numbers[value] = next(self._next.setdefault(kind, count(1)))
        return f"<{kind} {self._numbers[value]}>"


def number_rows(tables: Tables, numbering: Numbering, order: Sequence[str] = ()) -> Numbered:
    """Each table with numbers in place of changing values, in this order of tables or a suitable one.

    Rows are ordered by their times, then by other integers, then by texts. Equal rows are ordered by ids with a number
    already: tables without equal rows come first.
    """
    result: Numbered = {}
    remaining = sorted(tables)
    while remaining:
        planned = next((table for table in order if table in remaining), None)
        name = planned or min(remaining, key=lambda table: _count_equal_rows(tables[table], numbering))
        remaining.remove(name)
        times = _times(tables[name])
        rows = sorted(tables[name], key=lambda row: _sort_key(row, times, numbering))
        result[name] = [{column: numbering.value(value) for column, value in row.items()} for row in rows]
    return result


def _times(rows: Iterable[Row]) -> set[str]:
    return {name for row in rows for name, value in row.items() if isinstance(value, int) and value >= FIRST_TIME}


def _sort_key(
    row: Mapping[str, object], times: set[str], numbering: Numbering
) -> tuple[list[int], list[int], list[str]]:
    integers = {name: value if isinstance(value, int) else -1 for name, value in row.items()}
    return (
        [integers[name] for name in row if name in times],
        [integers[name] for name in row if name not in times],
        [numbering.value(value, known_only=True) for value in row.values()],
    )


def _count_equal_rows(rows: Sequence[Row], numbering: Numbering) -> int:
    """The number of rows that have the sort key of another row."""
    times = _times(rows)
    return len(rows) - len(Counter(str(_sort_key(row, times, numbering)) for row in rows))
