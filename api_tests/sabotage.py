"""Break every promise on purpose, one change at a time, and expect its test to fail (`make sabotage`).

Each stands as a decorator on its test (support.sabotages). It is applied to a copy of the tree; the test must turn red
there. A sabotage whose place is not there exactly once, or whose test does not run, is itself a failure.

Red proves nothing of a test that is red anyway: with --unbroken nothing is broken and every test must be green, alone.

With --changed BASE not all run, but those whose file or test differs from that commit, and of the others one share of
--shares: which one follows from the commit that is tried, so that they take turns and the same commit tries the same.

A run is a fork of this process, which has imported what others wrote and nothing of ours that is tried: importing is
most of the work. Our own code is compiled once for all; Python compares that with the text, so what is broken is seen.
"""

import argparse
import compileall
import gc
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Collection, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib import import_module
from pathlib import Path
from py_compile import PycInvalidationMode

import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.engines import ENGINES
from api_tests.support.sabotages import NotBreakable, Places, Sabotage, sabotages

AT_ONCE = max(1, os.cpu_count() or 1)
PATIENCE_IN_SECONDS = 300
SHARES = 3
RED = pytest.ExitCode.TESTS_FAILED  # tests ran and some failed; anything else is no proof
GREEN = pytest.ExitCode.OK
FORK = multiprocessing.get_context("fork")
LIBRARIES = (
    "alembic.command", "fastapi", "holidays", "httpx", "hypothesis", "joserfc.jwt", "psycopg", "pydantic_settings",
    "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite", "structlog", "transitions", "uvicorn",
)  # fmt: skip


class Cases:
    """A plugin of pytest that keeps the cases of a sabotage: the one with this id, or those with these words in theirs.

    Without an id those on SQLite, or all where no case is on a database.
    """

    def __init__(self, case: str) -> None:
        self._case = case

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        ids = {
            item: item.callspec.id if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ""
            for item in items
        }
        items[:] = self._kept(ids)

    def _kept(self, ids: dict[pytest.Item, str]) -> list[pytest.Item]:
        if self._case:
            same = [it for it, id_ in ids.items() if id_ == self._case]
            return same or [it for it, id_ in ids.items() if all(word in id_ for word in self._case.split())]
        return [it for it, id_ in ids.items() if ENGINES[0] in id_.split("-")] or list(ids)


def outcome(whole: Path, expected: pytest.ExitCode, guards: Places, sabotage: Sabotage) -> str | None:
    """None when the test turned red (or stayed green, when that is expected); otherwise what went wrong."""
    with tempfile.TemporaryDirectory(prefix="sabotage-") as folder:
        tree, said = Path(folder, "tree"), Path(folder, "said")
        shutil.copytree(whole, tree)
        try:
            broken, text = sabotage.breaks(tree, guards)
        except NotBreakable as error:
            return str(error)
        if expected == RED:
            (tree / broken).write_text(text, encoding="utf-8")
        run = FORK.Process(target=_test, args=(tree, sabotage, said))
        run.start()
        run.join(PATIENCE_IN_SECONDS)
        run.kill()
        run.join()
        if run.exitcode == expected:
            return None
        return f"pytest ended with {run.exitcode}: {said.read_text(encoding='utf-8')[-1200:]}"


def _test(tree: Path, sabotage: Sabotage, said: Path) -> None:
    """Be pytest in this tree, and end as it does."""
    with said.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(tree)
    sys.path[0] = str(tree)  # it was the tree of this file
    for name in [module for module in sys.modules if module.partition(".")[0] == "api_tests"]:
        del sys.modules[name]
    options = ["-x", "-p", "no:cacheprovider", "--disable-plugin-autoload", f"--basetemp={tree.with_name('temporary')}"]
    sys.exit(pytest.main([*options, f"{sabotage.test_file}::{sabotage.test}"], plugins=[Cases(sabotage.case)]))


def _copy_to(tree: Path) -> None:
    for name in _git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if name and (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    compileall.compile_dir(tree, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)


def _git(*command: str) -> str:
    return subprocess.run(["git", *command], cwd=ROOT, capture_output=True, check=True, text=True).stdout


def _places() -> Places:
    """Run in a process of its own, so that nothing of the service is imported in this one."""
    places: Places = import_module("api_tests.support.guards").guard_places()
    return places


def _changed_since(base: str) -> Collection[str]:
    """The files that are not what they were at this commit; a file that only moved is."""
    try:
        listed = _git("diff", "--name-status", "--find-renames", "-z", base).split("\0")
    except subprocess.CalledProcessError:
        print(f"{base or 'no commit'} is not known here: nothing counts as changed")
        return ()
    renamed = re.compile(r"[RC]\d+")
    changed, fields = set(), iter(listed)
    for status in fields:
        if renamed.fullmatch(status):
            next(fields)
        file = next(fields, "")
        if file and status != "R100":
            changed.add(file)
    return changed


def in_share(sabotage: Sabotage, share: int, shares: int) -> bool:
    """A promise stays in its share, whatever is added around it."""
    return zlib.crc32(sabotage.promise.encode()) % shares == share


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m api_tests.sabotage", description=__doc__)
    parser.add_argument("words", nargs="*", help="only those whose promise, file or test holds every word")
    parser.add_argument("--unbroken", action="store_true", help="break nothing, and expect every test to be green")
    parser.add_argument("--changed", metavar="BASE", help="what changed since this commit, and a share of the rest")
    parser.add_argument("--shares", type=int, default=SHARES, help="in how many shares the rest is divided")
    return parser.parse_args()


def _chosen(asked: argparse.Namespace, guards: Places) -> Sequence[Sabotage]:
    listed = sabotages(ROOT)
    files = {it: _file_of(it, guards) for it in listed}
    chosen = [it for it in listed if all(word in f"{it.promise} {files[it]} {it.test}" for word in asked.words)]
    if asked.changed is None:
        print(f"{len(chosen)} of {len(listed)} sabotages")
        return chosen
    changed = _changed_since(asked.changed)
    share = int(_git("rev-parse", "HEAD").strip(), 16) % asked.shares
    touched = {it for it in chosen if files[it] in changed or it.test_file in changed}
    turn = {it for it in chosen if it not in touched and in_share(it, share, asked.shares)}
    print(
        f"{len(touched | turn)} of {len(listed)} sabotages: {len(touched)} whose file or test changed since "
        f"{asked.changed or 'no commit'}, and {len(turn)} of the rest, share {share + 1} of {asked.shares}"
    )
    return [it for it in chosen if it in touched or it in turn]


def _file_of(sabotage: Sabotage, guards: Places) -> str:
    try:
        return sabotage.change.file(ROOT, guards)
    except NotBreakable as error:
        return str(error)


def main() -> int:
    """Try those that were asked for; 0 when all went as expected."""
    asked = _asked()
    expected, colour, otherwise = (GREEN, "green", "NOT GREEN") if asked.unbroken else (RED, "red", "NOT NOTICED")
    with ProcessPoolExecutor(1, FORK) as pool:
        guards = pool.submit(_places).result()
    chosen = _chosen(asked, guards)
    for library in LIBRARIES:
        import_module(library)
    gc.freeze()  # nobody collects these: going through them would copy them into every fork
    with tempfile.TemporaryDirectory(prefix="sabotage-") as folder, ProcessPoolExecutor(AT_ONCE, FORK) as pool:
        whole = Path(folder)
        _copy_to(whole)
        outcomes = list(pool.map(partial(outcome, whole, expected, guards), chosen))
    for sabotage, wrong in zip(chosen, outcomes, strict=True):
        print(f"{otherwise if wrong else f'{colour}, as it must be'}: {sabotage.promise}")
        if wrong:
            print(f"    {sabotage.change}\n    {sabotage.test_file}::{sabotage.test} {sabotage.case}\n    {wrong}")
    failed = sum(1 for wrong in outcomes if wrong)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
