"""Break every promise on purpose, one line at a time, and expect its test to fail (`make sabotage`).

sabotages.toml lists them. Each is applied to a copy of the tree; the test named beside it must turn red there. A
sabotage whose text no longer stands exactly once in its file, or whose test does not run, is itself a failure.

Red proves nothing of a test that is red anyway: with --unbroken nothing is broken and every test must be green, alone.

A run is a fork of this process, which has imported what others wrote and nothing of ours but this file: importing is
most of the work. Our own code is compiled once for all; Python compares that with the text, so what is broken is seen.
"""

import compileall
import gc
import multiprocessing
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from py_compile import PycInvalidationMode

import pytest

ROOT = Path(__file__).parents[1]
LIST = Path(__file__).with_name("sabotages.toml")
AT_ONCE = max(1, os.cpu_count() or 1)
PATIENCE_IN_SECONDS = 300
RED = pytest.ExitCode.TESTS_FAILED  # tests ran and some failed; anything else is no proof
GREEN = pytest.ExitCode.OK
FORK = multiprocessing.get_context("fork")
LIBRARIES = (
    "alembic.command", "fastapi", "holidays", "httpx", "hypothesis", "joserfc.jwt", "psycopg", "pydantic_settings",
    "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite", "structlog", "transitions", "uvicorn",
)  # fmt: skip


@dataclass(frozen=True)
class Sabotage:
    """A promise, the one-line change that breaks it, and the test that must notice."""

    promise: str
    file: str
    old: str
    new: str
    test: str


def sabotages() -> list[Sabotage]:
    return [Sabotage(**entry) for entry in tomllib.loads(LIST.read_text(encoding="utf-8"))["sabotage"]]


def outcome(whole: Path, expected: pytest.ExitCode, sabotage: Sabotage) -> str | None:
    """None when the test turned red (or stayed green, when that is expected); otherwise what went wrong."""
    with tempfile.TemporaryDirectory(prefix="sabotage-") as folder:
        tree, said = Path(folder, "tree"), Path(folder, "said")
        shutil.copytree(whole, tree)
        broken = tree / sabotage.file
        text = broken.read_text(encoding="utf-8")
        if text.count(sabotage.old) != 1:
            return f"the text to break stands {text.count(sabotage.old)} times in {sabotage.file}"
        if expected == RED:
            broken.write_text(text.replace(sabotage.old, sabotage.new), encoding="utf-8")
        run = FORK.Process(target=_test, args=(tree, sabotage.test, said))
        run.start()
        run.join(PATIENCE_IN_SECONDS)
        run.kill()
        run.join()
        if run.exitcode == expected:
            return None
        return f"pytest ended with {run.exitcode}: {said.read_text(encoding='utf-8')[-1200:]}"


def _test(tree: Path, test: str, said: Path) -> None:
    """Be pytest in this tree, and end as it does."""
    with said.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(tree)
    sys.path[0] = str(tree)  # it was the tree of this file
    del sys.modules["api_tests"]
    options = ["-x", "-p", "no:cacheprovider", "--disable-plugin-autoload", f"--basetemp={tree.with_name('temporary')}"]
    sys.exit(pytest.main([*options, *shlex.split(test)]))


def _copy_to(tree: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    compileall.compile_dir(tree, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)


def main() -> int:
    """Try all of them, or those whose promise or file holds every word given; 0 when all went as expected."""
    words = set(sys.argv[1:])
    expected, colour, otherwise = (
        (GREEN, "green", "NOT GREEN") if "--unbroken" in words else (RED, "red", "NOT NOTICED")
    )
    words.discard("--unbroken")
    chosen = [it for it in sabotages() if all(word in f"{it.promise} {it.file}" for word in words)]
    for library in LIBRARIES:
        import_module(library)
    gc.freeze()  # nobody collects these: going through them would copy them into every fork
    with tempfile.TemporaryDirectory(prefix="sabotage-") as folder, ProcessPoolExecutor(AT_ONCE, FORK) as pool:
        whole = Path(folder)
        _copy_to(whole)
        outcomes = list(pool.map(partial(outcome, whole, expected), chosen))
    for sabotage, wrong in zip(chosen, outcomes, strict=True):
        print(f"{otherwise if wrong else f'{colour}, as it must be'}: {sabotage.promise}")
        if wrong:
            print(f"    {sabotage.file}: {sabotage.old!r} -> {sabotage.new!r}\n    {sabotage.test}\n    {wrong}")
    failed = sum(1 for wrong in outcomes if wrong)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
