"""docs/reference/glossary.md: the words of the field in Dutch and English, and the code of each label."""

import tomllib
from functools import cache
from pathlib import Path

from docs.generate.markdown import code, table
from service.app import read_rulebook
from service.vocabulary.code_lists import CODE_LISTS
from service.vocabulary.language import BilingualText
from service.vocabulary.roles import ROLE_LABELS
from service.workflows.rules.definition import Definition

ROOT = Path(__file__).parents[2]
_COLUMNS = ("Dutch", "English", "Code")

_INTRODUCTION = """\
# Glossary

One word has one meaning: in files, code, JSON, SQL and on screens. Code is English; people read Dutch or English. The
terms come first, then the labels of roles, states, steps and code lists as the service shows them.
"""


def glossary_page() -> str:
    text = [_INTRODUCTION, "## Terms", "", table(("Dutch", "English", "Meaning"), _terms()), ""]
    text += ["## Roles", "", table(_COLUMNS, [_row(words, role) for role, words in ROLE_LABELS.items()]), ""]
    for definition in _definitions():
        states = [_row(state.label, state.name) for state in definition.states.values()]
        steps = [_row(step.label, step.name) for step in definition.triggers.values()]
        text += [f"## Workflow {code(definition.name)}", "", "States:", "", table(_COLUMNS, states), ""]
        text += ["Steps:", "", table(_COLUMNS, steps), ""]
    for name, codes in CODE_LISTS.items():
        rows = [_row(words, one) for one, words in codes.codes.items()]
        text += [f"## List {code(name)}", "", f"{codes.label.nl} / {codes.label.en} ({codes.source}).", ""]
        text += [table(_COLUMNS, rows), ""]
    return "\n".join(text)


@cache
def terms() -> list[dict[str, str]]:
    """Returns the terms of docs/glossary.toml: nl, en and meaning of each."""
    read: list[dict[str, str]] = tomllib.loads((ROOT / "docs" / "glossary.toml").read_text(encoding="utf-8"))["terms"]
    return read


def _terms() -> list[tuple[str, str, str]]:
    return [(term["nl"], term["en"], term["meaning"]) for term in sorted(terms(), key=lambda term: term["nl"].lower())]


def _definitions() -> list[Definition]:
    return [workflow.definition for workflow in read_rulebook(ROOT / "workflows").newest.values()]


def _row(words: BilingualText, name: str) -> tuple[str, str, str]:
    return words.nl, words.en, code(name)
