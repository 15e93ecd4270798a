"""The contracts of import-linter keep the rooms apart. Each is broken here once and must notice it."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from api_tests.support.checkout import ROOT

pytestmark = pytest.mark.server

# Per contract: the file of the breach, the breach, and its line in the report.
BREACHES = {
    "Subjects point one way and every room has its place": {
        "service/helpers.py": ('"""A stray room."""', "- service.helpers"),
        "service/audit/rules.py": ("from service.learning import rules as upward", "import service.learning"),
    },
    "A subject is made of four words: api, use_cases, store, rules": {
        "service/placements/helpers.py": ('"""A stray file in a subject."""', "- service.placements.helpers"),
        "service/offers/store/offers.py": (
            "from service.offers.use_cases import gaps",
            "import service.offers.use_cases",
        ),
    },
    "Rules that the registry names do not know it": {
        "service/placements/rules/forms.py": (
            "import service.kinds",
            "service.placements.rules.forms -> service.kinds",
        ),
    },
    "Rules know no web, no SQL and no network": {
        "service/retention/rules/terms.py": ("import sqlalchemy", "service.retention.rules.terms -> sqlalchemy"),
    },
    "Only stores and the database speak SQL": {
        "service/caseload/api.py": ("import sqlalchemy", "service.caseload.api -> sqlalchemy"),
    },
    "Only the api of a subject, http and the composition root know the web": {
        "service/future_plan/use_cases.py": ("import fastapi", "service.future_plan.use_cases -> fastapi"),
    },
    "Only the relay calls other systems, and one file asks issuers for their keys": {
        "service/learning/use_cases.py": ("import httpx", "service.learning.use_cases -> httpx"),
    },
    "One file counts for operators": {
        "service/events/rules.py": ("import prometheus_client", "service.events.rules -> prometheus_client"),
    },
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The linter's report on a checkout with all breaches in it."""
    tree = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "service", tree / "service", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    for breaches in BREACHES.values():
        for name, (line, _) in breaches.items():
            with (tree / name).open("a", encoding="utf-8") as file:
                file.write(f"\n{line}\n")
    return lint(tree)


def lint(tree: Path) -> str:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"]
    process = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    return re.sub(r"\x1b\[[0-9;]*m", "", process.stdout)


@pytest.mark.parametrize("contract", BREACHES)
def test_a_breach_of_a_contract_is_noticed(report: str, contract: str) -> None:
    assert re.search(rf"^{re.escape(contract)} BROKEN", report, re.MULTILINE)
    text = " ".join(report.split())
    assert [line for _, line in BREACHES[contract].values() if line not in text] == []


def test_every_contract_is_broken_here_and_holds_in_this_checkout(report: str) -> None:
    names = re.findall(r"^(.+) (?:BROKEN|KEPT)(?: \(.*\))?$", report, re.MULTILINE)

    assert sorted(names) == sorted(BREACHES)
    assert re.findall(r"^(.+) BROKEN", lint(ROOT), re.MULTILINE) == []


def test_no_subject_is_left_out_of_the_contracts() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    by_name = {contract["name"]: contract for contract in contracts}
    words = ("rules", "use_cases", "store", "api")
    subjects = {file.parent for word in words for file in (ROOT / "service").glob(f"*/{word}*") if file.stem == word}
    rules_modules = re.findall(
        r"^from (service[.\w]*rules)", (ROOT / "service" / "kinds.py").read_text("utf-8"), re.MULTILINE
    )

    containers = by_name["A subject is made of four words: api, use_cases, store, rules"]["containers"]
    below = by_name["Rules that the registry names do not know it"]["source_modules"]
    assert sorted(containers) == sorted(f"service.{subject.name}" for subject in subjects)
    assert [module for module in rules_modules if not any(rules.startswith(module) for rules in below)] == []
