"""Break each promise on purpose, one change at a time, and expect its test to fail (`make sabotage`).

Each sabotage is a decorator on its test (support.sabotages). It is applied to a copy of the tree; the test must fail
there. A sabotage whose text does not occur exactly once, or whose test does not run, is itself a failure.

A failure proves nothing about a test that fails anyway: --unbroken breaks nothing, and each test must pass, alone.

--changed BASE runs the sabotages whose file or test differs from that commit, and of the others one share of --shares.
The share follows from the commit that is tried (support.turns).

A run is a fork of this process, which has imported the libraries and no module under test: imports are most of the
work. Our own code is compiled once for all runs; Python compares that with the text, so a change is noticed.
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
from api_tests.support.turns import SHARES, in_share, share_of_commit

AT_ONCE = max(1, os.cpu_count() or 1)
PATIENCE_IN_SECONDS = 300
RED = pytest.ExitCode.TESTS_FAILED  # tests ran and some failed; anything else is no proof
GREEN = pytest.ExitCode.OK
FORK = multiprocessing.get_context("fork")
LIBRARIES = (
    "alembic.command", "fastapi", "holidays", "httpx", "hypothesis", "joserfc.jwt", "psycopg", "pydantic_settings",
    "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite", "structlog", "transitions", "uvicorn",
)  # fmt: skip


class Cases:
    """A plugin of pytest that selects the cases of a sabotage: the one with this id, or those whose id has these words.

    Without an id it selects the cases on SQLite, or all where no id names a database.
    """

    def __init__(self, case: str) -> None:
        self._case = case

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        ids = {
            item: item.callspec.id if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ""
            for item in items
        }
        items[:] = self._selected(ids)

    def _selected(self, ids: dict[pytest.Item, str]) -> list[pytest.Item]:
        if self._case:
            exact = [item for item, id_ in ids.items() if id_ == self._case]
            return exact or [item for item, id_ in ids.items() if all(word in id_ for word in self._case.split())]
        return [item for item, id_ in ids.items() if ENGINES[0] in id_.split("-")] or list(ids)


def outcome(source_tree: Path, expected: pytest.ExitCode, guards: Places, sabotage: Sabotage) -> str | None:
    """None when the test failed (or passed, when that is expected); otherwise the reason."""
    with tempfile.TemporaryDirectory(prefix="sabotage-") as folder:
        tree, log = Path(folder, "tree"), Path(folder, "said")
        shutil.copytree(source_tree, tree, copy_function=os.link)
        try:
            changed_file, text = sabotage.breaks(tree, guards)
        except NotBreakable as error:
            return str(error)
        if expected == RED:
            (tree / changed_file).unlink()  # a link to the file of all runs
            (tree / changed_file).write_text(text, encoding="utf-8")
        run = FORK.Process(target=_test, args=(tree, sabotage, log))
        run.start()
        run.join(PATIENCE_IN_SECONDS)
        run.kill()
        run.join()
        if run.exitcode == expected:
            return None
        return f"pytest ended with {run.exitcode}: {log.read_text(encoding='utf-8')[-1200:]}"


def _test(tree: Path, sabotage: Sabotage, log: Path) -> None:
    """Run pytest in this tree, and exit with its code."""
    with log.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(tree)
    sys.path[0] = str(tree)  # replaces the tree of this file
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


def _guard_places() -> Places:
    """Run in a separate process, so that this one imports nothing of the service."""
    guards: Places = import_module("api_tests.support.guards").guard_places()
    return guards


def _changed_since(base: str) -> Collection[str]:
    """The files that differ from this commit; a moved file with the same content does not."""
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


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m api_tests.sabotage", description=__doc__)
    parser.add_argument("words", nargs="*", help="only those whose promise, file or test holds every word")
    parser.add_argument("--unbroken", action="store_true", help="break nothing, and expect every test to be green")
    parser.add_argument("--changed", metavar="BASE", help="what changed since this commit, and a share of the rest")
    parser.add_argument("--shares", type=int, default=SHARES, help="in how many shares the rest is divided")
    return parser.parse_args()


def _select(arguments: argparse.Namespace, guards: Places) -> Sequence[Sabotage]:
    all_sabotages = sabotages(ROOT)
    files = {sabotage: _file_of(sabotage, guards) for sabotage in all_sabotages}
    selected = [
        sabotage
        for sabotage in all_sabotages
        if all(word in f"{sabotage.promise} {files[sabotage]} {sabotage.test}" for word in arguments.words)
    ]
    if arguments.changed is None:
        print(f"{len(selected)} of {len(all_sabotages)} sabotages")
        return selected
    changed = _changed_since(arguments.changed)
    share = share_of_commit(arguments.shares)
    touched = {sabotage for sabotage in selected if files[sabotage] in changed or sabotage.test_file in changed}
    turn = {
        sabotage
        for sabotage in selected
        if sabotage not in touched and in_share(sabotage.promise, share, arguments.shares)
    }
    print(
        f"{len(touched | turn)} of {len(all_sabotages)} sabotages: {len(touched)} whose file or test changed since "
        f"{arguments.changed or 'no commit'}, and {len(turn)} of the rest, share {share + 1} of {arguments.shares}"
    )
    return [sabotage for sabotage in selected if sabotage in touched or sabotage in turn]


def _file_of(sabotage: Sabotage, guards: Places) -> str:
    try:
        return sabotage.change.file(ROOT, guards)
    except NotBreakable as error:
        return str(error)


def main() -> int:
    """Try the selected sabotages; 0 when all went as expected."""
    arguments = _parse_arguments()
    expected, colour, failure_text = (
        (GREEN, "green", "NOT GREEN") if arguments.unbroken else (RED, "red", "NOT NOTICED")
    )
    with ProcessPoolExecutor(1, FORK) as pool:
        guards = pool.submit(_guard_places).result()
    selected = _select(arguments, guards)
    for library in LIBRARIES:
        import_module(library)
    gc.freeze()  # a collection would touch these objects and copy them into each fork
    with tempfile.TemporaryDirectory(prefix="sabotage-") as folder, ProcessPoolExecutor(AT_ONCE, FORK) as pool:
        source_tree = Path(folder)
        _copy_to(source_tree)
        outcomes = list(pool.map(partial(outcome, source_tree, expected, guards), selected))
    for sabotage, fault in zip(selected, outcomes, strict=True):
        print(f"{failure_text if fault else f'{colour}, as it must be'}: {sabotage.promise}")
        if fault:
            print(f"    {sabotage.change}\n    {sabotage.test_file}::{sabotage.test} {sabotage.case}\n    {fault}")
    failed = sum(1 for fault in outcomes if fault)
    print(f"{len(selected) - failed} passed, {failed} failed")
    return 1 if failed or not selected else 0


if __name__ == "__main__":
    sys.exit(main())
