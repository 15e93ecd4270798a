"""docs/reference/requirements.md: each requirement that is cited, its sentence, and the files that cite it."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from docs.generate.markdown import code, table

ROOT = Path(__file__).parents[2]
SOURCES = ("service", "migrations", "workflows", "api_tests")
SUFFIXES = {".py", ".sql", ".toml"}
_CITATION = re.compile(r"(?<![\w#])(?:[RI]\d{1,3}|T\d{1,2})\b(?!-\d)")
_MOST_FILES = 6

_INTRODUCTION = """\
# Requirements and invariants

Code and tests cite the rules of the field by number. An **invariant** (I) holds always and is proved by tests. A
**requirement** (R) comes from the field: the statement of 2017 that founded the regional expert teams, later letters,
law and practice. A **step** (T) is a transition of the workflow as the field describes it.
"""


@cache
def sentences() -> Mapping[str, Mapping[str, str]]:
    """Returns the sentence of each number, by section: invariants, requirements, steps."""
    return tomllib.loads((ROOT / "docs" / "requirements.toml").read_text(encoding="utf-8"))


def citations() -> Mapping[str, list[str]]:
    """Returns, for each number that is cited, the files that cite it: paths from the root, in order."""
    cited: dict[str, set[str]] = {}
    for folder in SOURCES:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in SUFFIXES:
                for number in _CITATION.findall(file.read_text(encoding="utf-8")):
                    cited.setdefault(number, set()).add(file.relative_to(ROOT).as_posix())
    return {number: sorted(files) for number, files in cited.items()}


def requirements_page() -> str:
    cited = citations()
    text = [_INTRODUCTION]
    for section, by_number in sentences().items():
        rows = [(f"**{number}**", sentence, _cited_in(cited.get(number, []))) for number, sentence in by_number.items()]
        text += [f"## {section.capitalize()}", "", table(("", "Sentence", "Cited in"), rows), ""]
    return "\n".join(text)


def _cited_in(files: list[str]) -> str:
    """The files of the service before the tests, and how many more there are."""
    ordered = sorted(files, key=lambda file: (file.startswith("api_tests/"), file))
    more = len(ordered) - _MOST_FILES
    return ", ".join(map(code, ordered[:_MOST_FILES])) + (f" and {more} more" if more > 0 else "")
