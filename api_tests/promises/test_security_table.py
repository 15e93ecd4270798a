"""SECURITY.md proves each point: with a test that exists, or with a reason."""

import ast
import re
from functools import cache

import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.sabotages import broken_by

PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+\.\d+\.\d+|API\d+)( \(L3\))? \| (.+) \| (.+) \| (.*) \|$", PAGE, re.MULTILINE)
REASONS = ("Does not apply: ", "Does not apply to the API. ", "In part: ", "Not met: ")

# By hand: the points of ASVS 5.0.0 chosen for this service, and the API Security Top 10 of 2023.
ASVS = re.findall(
    r"[\d.]+",
    """
    2.3.1 2.3.3 2.3.4 2.3.5
    4.1.1 4.1.2 4.1.3 4.1.4
    7.1.1 7.1.2 7.1.3 7.2.1 7.2.2 7.2.3 7.2.4 7.3.1 7.3.2 7.4.1 7.4.2 7.4.3 7.4.4 7.4.5 7.5.1 7.5.2 7.5.3 7.6.1 7.6.2
    8.1.1 8.1.2 8.1.3 8.1.4 8.2.1 8.2.2 8.2.3 8.2.4 8.3.1 8.3.2 8.3.3 8.4.1 8.4.2
    9.1.1 9.1.2 9.1.3 9.2.1 9.2.2 9.2.3 9.2.4
    10.2.1 10.2.2 10.2.3 10.3.1 10.3.2 10.3.3 10.3.4 10.3.5 10.4.16 10.5.1 10.5.2 10.5.3 10.5.4 10.5.5
    16.2.1 16.2.2 16.2.3 16.2.4 16.2.5 16.3.1 16.3.2 16.3.3 16.3.4 16.4.1 16.4.2 16.4.3 16.5.1 16.5.2 16.5.3 16.5.4
    """,
)
TOP_TEN = [f"API{number}" for number in range(1, 11)]
# Points that need a test, not a reason: identity, sight, and the answers to errors.
TEST_REQUIRED = {
    "2.3.1",
    "2.3.3",
    "8.2.1",
    "8.2.2",
    "8.2.3",
    "8.4.1",
    "9.1.1",
    "9.1.2",
    "9.1.3",
    "9.2.1",
    "9.2.2",
    "9.2.3",
}
TEST_REQUIRED |= {"10.3.1", "10.3.3", "16.2.5", "16.4.1", "16.5.1", "16.5.3", *TOP_TEN}


@cache
def functions_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8")) if (ROOT / file).exists() else ast.Module([], [])
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@broken_by("SECURITY.md leaves out no point of ASVS", "SECURITY.md", "| 10.3.5 (L3) | ", "| 10.3.9 (L3) | ")
def test_every_point_stands_once_and_in_order() -> None:
    assert [number for number, *_ in ROWS] == ASVS + TOP_TEN


@broken_by(
    "SECURITY.md cites only tests that exist",
    "SECURITY.md",
    "::test_two_regions_know_nothing_of_each_other`",
    "::test_two_regions_know_all_of_each_other`",
)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_point_is_proved_by_tests_that_exist_or_states_a_reason(row: tuple[str, ...]) -> None:
    number, _, requirement, answer, evidence = row
    tests = re.findall(r"`(api_tests/\S+\.py)::(test_\w+)`", evidence)

    assert requirement
    assert [f"{file}::{name}" for file, name in tests if name not in functions_in(file)] == []
    assert evidence.count("::") == len(tests)
    assert tests or answer.startswith(REASONS)
    assert number not in TEST_REQUIRED or not answer.startswith(REASONS)


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert set(re.findall(r"`make ([a-z-]+)`", PAGE)) <= targets


def test_every_level_is_that_of_the_standard() -> None:
    """Points of level 3 of ASVS 5.0.0, by hand. 16.3.2 is level 2, and asks more at level 3."""
    level_three = {number for number, level, *_ in ROWS if level}

    assert level_three == {
        *("2.3.5", "4.1.4", "7.5.3", "8.1.3", "8.1.4", "8.2.4", "8.3.2", "8.3.3", "8.4.2"),
        *("10.2.3", "10.3.5", "10.4.16", "16.3.2", "16.5.4"),
    }
