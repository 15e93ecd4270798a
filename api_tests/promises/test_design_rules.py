"""The Dutch API Design Rules that a machine can check: zero findings, and each check is proved to find a breach."""

import json
from copy import deepcopy
from typing import Any

import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.design_rule_breaches import BREACHES, BREACHES_OF_OURS, Breach
from api_tests.support.design_rules import RULES
from api_tests.support.house_rules import OUR_RULES

ALL_RULES = {**RULES, **OUR_RULES}
ALL_BREACHES = {**BREACHES, **BREACHES_OF_OURS}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The committed document."""
    document: dict[str, Any] = json.loads((ROOT / "openapi" / "openapi.json").read_text(encoding="utf-8"))
    return document


def test_all_thirty_one_official_rules_are_checked() -> None:
    assert len(RULES) == 31


@pytest.mark.parametrize("name", ALL_RULES)
def test_the_document_breaks_no_rule(document: dict[str, Any], name: str) -> None:
    assert list(ALL_RULES[name](document)) == []


@pytest.mark.parametrize(
    ("name", "breach"),
    [
        pytest.param(name, breach, id=f"{name}-{number}")
        for name, breaches in ALL_BREACHES.items()
        for number, breach in enumerate(breaches)
    ],
)
def test_a_rule_finds_its_breaches(document: dict[str, Any], name: str, breach: Breach) -> None:
    broken = deepcopy(document)
    breach(broken)

    assert list(ALL_RULES[name](broken)) != []


def test_every_rule_is_broken_at_least_once() -> None:
    assert ALL_BREACHES.keys() == ALL_RULES.keys()
