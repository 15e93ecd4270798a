"""docs/decisions/index.md: the decisions with their titles."""

from pathlib import Path

from docs.generate.markdown import table

DECISIONS = Path(__file__).parents[1] / "decisions"

_INTRODUCTION = """\
# Decisions

One page for each decision that is expensive to change later: the context, the decision, its consequences, and what was
rejected. A new decision gets the next number; a decision that is replaced stays, and names the one that replaces it.
"""


def decisions_page() -> str:
    pages = sorted(DECISIONS.glob("[0-9]*.md"))
    rows = [(page.stem[:4], f"[{_title(page)}]({page.name})") for page in pages]
    names = "\n".join(page.stem for page in pages)
    return f"{_INTRODUCTION}\n{table(('Number', 'Decision'), rows)}\n\n```{{toctree}}\n:hidden:\n\n{names}\n```"


def _title(page: Path) -> str:
    return page.read_text(encoding="utf-8").splitlines()[0].removeprefix(f"# {page.stem[:4]} ")
