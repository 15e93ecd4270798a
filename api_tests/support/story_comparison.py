"""Proof that a redesign did not change the story and its histories: two trees play it, and the results are compared.

`python -m api_tests.support.story_comparison 35a7e69` plays `make story` with the code of that commit and with the code
of this checkout, on SQLite and on PostgreSQL. The printed account and each row of each table must be the same once
ids, times, digests and other changing values are numbered (numbering.py); content is compared decrypted. It prints the
first differences and ends with 1 when there are any.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime
from difflib import SequenceMatcher, unified_diff
from itertools import islice, zip_longest
from pathlib import Path
from zoneinfo import ZoneInfo

from api_tests.support.checkout import ROOT, tree_of
from api_tests.support.databases import new_postgresql
from api_tests.support.engines import ENGINES
from api_tests.support.numbering import Numbering, number_rows
from api_tests.support.played_story import PlayedStory, play
from api_tests.support.postgres import Cluster

LINES_SHOWN = 40
DIFFERENCES_SHOWN = 5
AROUND = 60


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m api_tests.support.story_comparison", description=__doc__)
    parser.add_argument("commit", help="the commit with the old code")
    parser.add_argument(
        "--tree", type=Path, default=ROOT, help="the tree with the new code; this checkout when left out"
    )
    parser.add_argument("--engine", choices=ENGINES, action="append", help="one engine; both when left out")
    arguments = parser.parse_args()
    days_at_start, all_same = _days(), True
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="casusroute-stories-")))
        old = tree_of(arguments.commit, folder / "tree")
        for engine in arguments.engine or ENGINES:
            cluster = stack.enter_context(Cluster()) if engine == "postgresql" else None
            master_key = os.urandom(32)  # the same for both trees
            before, after = (
                _played(tree, folder / f"{engine}-{when}", cluster, master_key)
                for when, tree in (("before", old), ("after", arguments.tree.resolve()))
            )
            all_same = _report(engine, before, after) and all_same
    if _days() != days_at_start:
        sys.exit("a day ended while the stories were played, which moves their days: play them again")
    return 0 if all_same else 1


def differences(before: PlayedStory, after: PlayedStory) -> Iterator[str]:
    """The differences between the accounts and tables of two trees, as lines of text."""
    old, new = Numbering(before.tables), Numbering(after.tables)
    account_before, account_after = old.text(before.account).splitlines(), new.text(after.account).splitlines()
    changes = unified_diff(account_before, account_after, "story before", "story after", lineterm="")
    yield from islice(changes, LINES_SHOWN)
    tables_before = number_rows(before.tables, old)
    tables_after = number_rows(after.tables, new, order=list(tables_before))
    for name in sorted(tables_before.keys() | tables_after.keys()):
        if name not in tables_before or name not in tables_after:
            yield f"{name}: a table that is only {'before' if name in tables_before else 'after'}"
        else:
            table_differences = list(_table_differences(tables_before[name], tables_after[name]))
            yield from (f"{name} {difference}" for difference in table_differences[:DIFFERENCES_SHOWN])
            if len(table_differences) > DIFFERENCES_SHOWN:
                yield f"{name}: {len(table_differences) - DIFFERENCES_SHOWN} differences more"


def _table_differences(before: Sequence[dict[str, str]], after: Sequence[dict[str, str]]) -> Iterator[str]:
    rows_before, rows_after = ([tuple(row.items()) for row in rows] for rows in (before, after))
    compared = SequenceMatcher(None, rows_before, rows_after, autojunk=False)
    for change, start, end, start_after, end_after in compared.get_opcodes():
        if change == "equal":
            continue
        pairs = zip_longest(before[start:end], after[start_after:end_after])
        for number, (row_before, row_after) in enumerate(pairs, start + 1):
            if row_before is None or row_after is None:
                text = ", ".join(
                    f"{name}={_short(value, 0)}" for name, value in (row_before or row_after or {}).items()
                )
                yield f"row {number} is only {'after' if row_before is None else 'before'}: {text}"
                continue
            for column in dict.fromkeys((*row_before, *row_after)):
                old, new = row_before.get(column, "(no column)"), row_after.get(column, "(no column)")
                if old != new:
                    first = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), 0)
                    yield f"row {number}, {column}: {_short(old, first)} -> {_short(new, first)}"


def _short(text: str, at: int) -> str:
    """A long text, cut around the place of the first difference."""
    start, end = max(0, at - AROUND), at + AROUND
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")


def _report(engine: str, before: PlayedStory, after: PlayedStory) -> bool:
    """Print the comparison on this engine, and return true when both are the same."""
    lines_of_difference = list(differences(before, after))
    if lines_of_difference:
        print(f"{engine}: different", *lines_of_difference, sep="\n  ")
    else:
        rows = sum(map(len, after.tables.values()))
        lines = len(after.account.splitlines())
        print(f"{engine}: the same: {len(after.tables)} tables, {rows} rows, {lines} lines of story")
    return not lines_of_difference


def _played(tree: Path, folder: Path, cluster: Cluster | None, master_key: bytes) -> PlayedStory:
    folder.mkdir()
    name = folder.name.replace("-", "_")
    url = f"sqlite:///{folder / 'casusroute.db'}" if cluster is None else new_postgresql(cluster, name)
    return play(tree, folder, url, master_key)


def _days() -> tuple[date, date]:
    """Returns (the UTC day, the day in Amsterdam): terms and times depend on both."""
    now = datetime.now(UTC)
    return now.date(), now.astimezone(ZoneInfo("Europe/Amsterdam")).date()


if __name__ == "__main__":
    sys.exit(main())
