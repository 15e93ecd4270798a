"""Break every promise on purpose, one line at a time, and expect its test to fail (`make sabotage`).

sabotages.toml lists them. Each is applied to a copy of the tree; the test named beside it must turn red there. A
sabotage whose text no longer stands exactly once in its file, or whose test does not run, is itself a failure.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIST = Path(__file__).with_name("sabotages.toml")
AT_ONCE = max(1, os.cpu_count() or 1)
RED = 1  # pytest: tests ran and some failed; anything else is no proof


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


def outcome(sabotage: Sabotage) -> str | None:
    """None when the test turned red; otherwise what went wrong."""
    with tempfile.TemporaryDirectory(prefix="sabotage-") as folder:
        tree = Path(folder)
        _copy_to(tree)
        broken = tree / sabotage.file
        text = broken.read_text(encoding="utf-8")
        if text.count(sabotage.old) != 1:
            return f"the text to break stands {text.count(sabotage.old)} times in {sabotage.file}"
        broken.write_text(text.replace(sabotage.old, sabotage.new), encoding="utf-8")
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", *shlex.split(sabotage.test)],
            cwd=tree,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    if run.returncode == RED:
        return None
    return f"pytest ended with {run.returncode}: {run.stdout[-800:]}{run.stderr[-400:]}"


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


def main() -> int:
    """Try all of them, or those whose promise or file holds a word given; 0 when every test turned red."""
    words = sys.argv[1:]
    chosen = [it for it in sabotages() if all(word in f"{it.promise} {it.file}" for word in words)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(outcome, chosen))
    for sabotage, wrong in zip(chosen, outcomes, strict=True):
        print(f"{'red, as it must be' if wrong is None else 'NOT NOTICED'}: {sabotage.promise}")
        if wrong:
            print(f"    {sabotage.file}: {sabotage.old!r} -> {sabotage.new!r}\n    {sabotage.test}\n    {wrong}")
    unnoticed = sum(1 for wrong in outcomes if wrong)
    print(f"{len(chosen) - unnoticed} passed, {unnoticed} failed")
    return 1 if unnoticed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
