"""docs/reference/promises.md: each promise, the invariants or the decision it rests on, and the tests that prove it."""

import tomllib
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from api_tests.support.sabotages import Sabotage, sabotages
from docs.generate.markdown import code, table
from docs.generate.requirements import sentences

ROOT = Path(__file__).parents[2]

_INTRODUCTION = """\
# Promises

Each promise names the invariants (I), requirements (R) or the decision that it rests on, and the tests that prove
it. Its sabotages stand below it: one small change of the code for each part of the promise, under which the named test
must fail. `make sabotage` applies them one by one and expects each test to turn red.
"""


@dataclass(frozen=True)
class Promise:
    """A promise. `rests_on` has numbers such as I11 and `decision 0011`; `tests` has paths below api_tests/."""

    sentence: str
    rests_on: tuple[str, ...]
    tests: tuple[str, ...]


@cache
def promises() -> tuple[Promise, ...]:
    """The promises of docs/promises.toml, in its order."""
    read = tomllib.loads((ROOT / "docs" / "promises.toml").read_text(encoding="utf-8"))["promises"]
    return tuple(Promise(one["sentence"], tuple(one["rests_on"]), tuple(one["tests"])) for one in read)


def promises_page() -> str:
    by_file: dict[str, list[Sabotage]] = defaultdict(list)
    for sabotage in sabotages(ROOT):
        by_file[sabotage.test_file.removeprefix("api_tests/")].append(sabotage)
    text = [_INTRODUCTION]
    for number, promise in enumerate(promises(), start=1):
        text += [f"## {number}. {promise.sentence}", "", f"Rests on {', '.join(map(_basis, promise.rests_on))}.", ""]
        text += [f"Proved by {', '.join(code(f'api_tests/{test}') for test in promise.tests)}.", ""]
        broken = [sabotage for test in promise.tests for sabotage in by_file[test]]
        rows = [(_sentence(sabotage.promise), code(sabotage.test)) for sabotage in broken]
        text += [table(("Sabotaged promise", "Test that turns red"), rows), ""] if rows else []
    return "\n".join(text)


def _basis(name: str) -> str:
    if name.startswith("decision "):
        (page,) = (ROOT / "docs" / "decisions").glob(f"{name.removeprefix('decision ')}-*.md")
        return f"[{name}](../decisions/{page.name})"
    if not any(name in section for section in sentences().values()):
        raise LookupError(f"docs/requirements.toml has no sentence for {name}")
    return f"[{name}](requirements.md)"


def _sentence(promise: str) -> str:
    return promise.replace("`", "").replace("<", "&lt;")
