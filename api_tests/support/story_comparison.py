"""Proof that a redesign left the story and its histories as they were: both trees play all of it, and are compared.

`python -m api_tests.support.story_comparison 35a7e69` plays `make story` with the code of that commit and with the code
as it stands here, on SQLite and on PostgreSQL. What is printed and every row of every table must be the same once ids,
times, digests and what else changes each time are numbered (numbering.py); what people wrote is compared opened. Ends
with 1 when there are differences, after the first of them.
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
from api_tests.support.numbering import Numbering, numbered
from api_tests.support.played_story import Played, play
from api_tests.support.postgres import Cluster

LINES_SHOWN = 40
DIFFERENCES_SHOWN = 5
AROUND = 60


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m api_tests.support.story_comparison", description=__doc__)
    parser.add_argument("commit", help="the code of before")
    parser.add_argument("--tree", type=Path, default=ROOT, help="the code of after; this checkout when left out")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="one engine; both when left out")
    chosen = parser.parse_args()
    before_midnight, same = _days(), True
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="casusroute-stories-")))
        old = tree_of(chosen.commit, folder / "tree")
        for engine in chosen.engine or ENGINES:
            cluster = stack.enter_context(Cluster()) if engine == "postgresql" else None
            master_key = os.urandom(32)  # one for both, as everything else around them
            before, after = (
                _played(tree, folder / f"{engine}-{when}", cluster, master_key)
                for when, tree in (("before", old), ("after", chosen.tree.resolve()))
            )
            same = _report(engine, before, after) and same
    if _days() != before_midnight:
        sys.exit("a day ended while the stories were played, which moves their days: play them again")
    return 0 if same else 1


def differences(before: Played, after: Played) -> Iterator[str]:
    """The differences between what two trees told and wrote, as lines to read."""
    old, new = Numbering(before.tables), Numbering(after.tables)
    account_before, account_after = old.text(before.account).splitlines(), new.text(after.account).splitlines()
    changes = unified_diff(account_before, account_after, "story before", "story after", lineterm="")
    yield from islice(changes, LINES_SHOWN)
    tables_before = numbered(before.tables, old)
    tables_after = numbered(after.tables, new, order=list(tables_before))
    for name in sorted(tables_before.keys() | tables_after.keys()):
        if name not in tables_before or name not in tables_after:
            yield f"{name}: a table that is only {'before' if name in tables_before else 'after'}"
        else:
            of_table = list(_of_table(tables_before[name], tables_after[name]))
            yield from (f"{name} {difference}" for difference in of_table[:DIFFERENCES_SHOWN])
            if len(of_table) > DIFFERENCES_SHOWN:
                yield f"{name}: {len(of_table) - DIFFERENCES_SHOWN} differences more"


def _of_table(before: Sequence[dict[str, str]], after: Sequence[dict[str, str]]) -> Iterator[str]:
    rows_before, rows_after = ([tuple(row.items()) for row in rows] for rows in (before, after))
    compared = SequenceMatcher(None, rows_before, rows_after, autojunk=False)
    for change, start, end, start_after, end_after in compared.get_opcodes():
        if change == "equal":
            continue
        pairs = zip_longest(before[start:end], after[start_after:end_after])
        for number, (one, other) in enumerate(pairs, start + 1):
            if one is None or other is None:
                shown = ", ".join(f"{name}={_short(it, 0)}" for name, it in (one or other or {}).items())
                yield f"row {number} is only {'after' if one is None else 'before'}: {shown}"
                continue
            for column in dict.fromkeys((*one, *other)):
                was, now = one.get(column, "(no column)"), other.get(column, "(no column)")
                if was != now:
                    first = next((at for at, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), 0)
                    yield f"row {number}, {column}: {_short(was, first)} -> {_short(now, first)}"


def _short(text: str, at: int) -> str:
    """A long text around the place where it differs."""
    start, end = max(0, at - AROUND), at + AROUND
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")


def _report(engine: str, before: Played, after: Played) -> bool:
    """Print the comparison on this engine; true when all is the same."""
    different = list(differences(before, after))
    if different:
        print(f"{engine}: different", *different, sep="\n  ")
    else:
        rows = sum(map(len, after.tables.values()))
        lines = len(after.account.splitlines())
        print(f"{engine}: the same: {len(after.tables)} tables, {rows} rows, {lines} lines of story")
    return not different


def _played(tree: Path, folder: Path, cluster: Cluster | None, master_key: bytes) -> Played:
    folder.mkdir()
    name = folder.name.replace("-", "_")
    url = f"sqlite:///{folder / 'casusroute.db'}" if cluster is None else new_postgresql(cluster, name)
    return play(tree, folder, url, master_key)


def _days() -> tuple[date, date]:
    """The day by which the service reckons terms, and the day of its times."""
    now = datetime.now(UTC)
    return now.date(), now.astimezone(ZoneInfo("Europe/Amsterdam")).date()


if __name__ == "__main__":
    sys.exit(main())
