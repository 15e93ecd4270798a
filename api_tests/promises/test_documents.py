"""The documents tell what is: generated pages are in step, links lead somewhere, and the site is built strictly."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.documents import PAGES
from api_tests.support.sabotages import broken_by, sabotages
from docs.generate.pages import DOCS, pages
from docs.generate.promises import promises
from docs.generate.requirements import citations, sentences

LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
FOREIGN = re.compile(r"""<(?:script|link|img|iframe|source)\b[^>]*(?:src|href)=["'](?:https?:)?//""")


@broken_by(
    "A generated page of the documentation matches the code",
    "docs/reference/settings.md",
    "CASUSROUTE_PORT",
    "CASUSROUTE_DOOR",
)
@pytest.mark.parametrize("name", list(pages()))
def test_a_generated_page_is_in_step_with_the_code(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == pages()[name], "run: python -m docs.generate"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


# Files that a reader of CONTRIBUTING.md makes in its exercise.
MADE_BY_THE_READER = {"service/reference/api/day_reckonings.py", "examples/requests/reckonDay.json"}
NAMED_FILE = re.compile(
    r"`((?:service|api_tests|docs|workflows|examples|migrations|openapi|benchmarks)/[\w./-]*\.(?:py|toml|md|json|sql))[`:]"
)


@broken_by(
    "A file that a document names exists",
    "docs/explanation/architecture.md",
    "`api_tests/promises/test_contracts.py`",
    "`api_tests/promises/test_contract.py`",
)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    names = set(NAMED_FILE.findall(page.read_text(encoding="utf-8"))) - MADE_BY_THE_READER

    assert [name for name in sorted(names) if not (ROOT / name).exists()] == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 170


def test_every_requirement_that_is_cited_has_its_sentence_and_the_other_way_round() -> None:
    stated = {number for section in sentences().values() for number in section}

    assert set(citations()) == stated


def test_every_promise_rests_on_something_and_every_sabotaged_test_proves_one() -> None:
    proved = [test for promise in promises() for test in promise.tests]

    assert [promise.sentence for promise in promises() if not (promise.rests_on and promise.tests)] == []
    assert {sabotage.test_file.removeprefix("api_tests/") for sabotage in sabotages(ROOT)} - set(proved) == set()
    assert [test for test in proved if not (ROOT / "api_tests" / test).is_file() or proved.count(test) > 1] == []


@pytest.mark.server
@broken_by(
    "The documentation site has no broken link",
    "docs/index.md",
    "](tutorial/index.md)",
    "](tutorial/begin.md)",
)
@broken_by(
    "The documentation site loads nothing from other hosts",
    "docs/conf.py",
    'html_title = "Casusroute"\n',
    'html_title = "Casusroute"\nhtml_js_files = ["https://scripts.example/a.js"]\n',
)
def test_the_site_is_built_strictly_and_asks_nothing_of_other_hosts(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "-nqE", "-d", str(tmp_path / "doctrees"), "docs", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    html = list(tmp_path.rglob("*.html"))

    assert (built.returncode, built.stderr) == (0, "")
    assert len(html) > 40
    assert [file.name for file in html if FOREIGN.search(file.read_text(encoding="utf-8"))] == []
