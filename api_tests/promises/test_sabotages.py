"""Each promise has a sabotage beside its test: the text that it breaks exists, and breaks as described."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.guards import guard_places
from api_tests.support.sabotages import Change, Guard, NotBreakable, Refusal, Returns, Rule, Text, sabotages

MODULE = '''
class Offer:
    def is_stale(self, days: int) -> bool:
        """Too old."""
        if days > 3:
            return True
        return False


def faults(line: str) -> Iterator[Fault]:
    if not line:
        yield Fault(
            "line_missing", ("line",)
        )


def held(attempt: Attempt) -> bool:
    if attempt.closed:
        raise Closed("no more") from None
    return attempt.held
'''


def test_every_sabotage_breaks_a_text_that_stands_once_and_leaves_a_valid_file() -> None:
    guards = guard_places()
    all_sabotages = sabotages(ROOT)

    assert all_sabotages
    for sabotage in all_sabotages:
        file, text = sabotage.breaks(ROOT, guards)
        assert text != (ROOT / file).read_text(encoding="utf-8"), sabotage.promise
        if file.endswith(".py"):
            ast.parse(text)


@pytest.mark.server
def test_no_sabotage_breaks_a_file_by_an_undefined_name(tmp_path: Path) -> None:
    """An undefined name turns every test red, and proves nothing."""
    guards = guard_places()
    for number, sabotage in enumerate(sabotages(ROOT)):
        file, text = sabotage.breaks(ROOT, guards)
        if file.endswith(".py"):
            (tmp_path / f"n{number}.py").write_text(text, encoding="utf-8")
    lint = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--select", "F821", str(tmp_path)]
    process = subprocess.run(lint, capture_output=True, text=True, check=False)

    assert (process.returncode, process.stdout.strip()) == (0, "All checks passed!")


def test_every_promise_stands_once() -> None:
    promises = [sabotage.promise for sabotage in sabotages(ROOT)]

    assert sorted(set(promises)) == sorted(promises)


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (Text("service/some.py", "days > 3", "days > 4"), "if days > 4:"),
        (Returns("service/some.py", "Offer.is_stale", value=False), '"""Too old."""\n        return False\n\n\ndef'),
        (Returns("service/some.py", "faults", value=()), "Iterator[Fault]:\n    yield from ()\n\n\ndef"),
        (Rule("line_missing"), "if not line:\n        yield from ()\n\n\ndef"),
        (Refusal("service/some.py", "Closed"), "if attempt.closed:\n        pass\n    return"),
        (Guard("held"), "def held(attempt: Attempt) -> bool:\n    return True\n"),
        (Guard("held", holds=False), "def held(attempt: Attempt) -> bool:\n    return False\n"),
    ],
    ids=["text", "method", "generator", "rule", "refusal", "guard", "guard that never holds"],
)
def test_a_change_breaks_what_is_named_and_nothing_else(change: Change, broken: str, tmp_path: Path) -> None:
    guards = {"held": ("service/some.py", "held")}
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "some.py").write_text(MODULE, encoding="utf-8")

    text = change.broken((tmp_path / change.file(tmp_path, guards)).read_text(encoding="utf-8"), guards)

    assert broken in text
    assert len(set(text.splitlines()) - set(MODULE.splitlines())) <= 1


@pytest.mark.parametrize(
    "change",
    [
        Text("service/some.py", "return", "pass"),
        Returns("service/some.py", "is_stale", value=False),
        Rule("line_there"),
        Refusal("service/some.py", "Open"),
        Guard("open"),
    ],
    ids=["text", "method", "rule", "refusal", "guard"],
)
def test_a_text_that_does_not_stand_once_is_not_broken(change: Change, tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "some.py").write_text(MODULE, encoding="utf-8")

    with pytest.raises(NotBreakable):
        change.broken((tmp_path / change.file(tmp_path, {})).read_text(encoding="utf-8"), {})
