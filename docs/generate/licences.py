"""docs/reference/licences.md: the libraries that the service and its checks name, with their licences."""

import re
import tomllib
from importlib.metadata import Distribution, distribution
from pathlib import Path

from docs.generate.markdown import code, table

ROOT = Path(__file__).parents[2]
_REQUIREMENT = re.compile(r'^\s*"(?P<name>[\w.-]+)[^"]*",\s*# (?P<reason>.+)$')

_INTRODUCTION = """\
# Licences

Casusroute itself is licensed under the EUPL-1.2: see `LICENSE` in the root. `pyproject.toml` names these libraries,
each for one reason. `requirements.txt` and `requirements-dev.txt` lock them, and the libraries that they need in turn,
by version and hash.
"""


def licences_page() -> str:
    text = [_INTRODUCTION]
    for title, group in (("Of the service", "dependencies"), ("Of tests, checks and documents", "dev")):
        rows = [(code(name), _licence(distribution(name)), reason) for name, reason in _named(group)]
        text += [f"## {title}", "", table(("Library", "Licence", "Reason"), rows), ""]
    return "\n".join(text)


def _named(group: str) -> list[tuple[str, str]]:
    """Returns name and reason of each requirement of a group, in the order of pyproject.toml."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = re.split(rf"^{group} = \[\n", text, flags=re.MULTILINE)[1].split("\n]")[0]
    read = [match.groupdict() for line in block.splitlines() if (match := _REQUIREMENT.match(line))]
    project = tomllib.loads(text)
    expected = project["project"]["dependencies"] if group == "dependencies" else project["dependency-groups"][group]
    if len(read) != len(expected):
        raise ValueError(f"a requirement of {group} has no reason beside it in pyproject.toml")
    return [(requirement["name"], requirement["reason"]) for requirement in read]


def _licence(library: Distribution) -> str:
    """The licence as the library states it: SPDX expression, short name, or classifier."""
    metadata = library.metadata
    if metadata["License-Expression"]:
        return metadata["License-Expression"]
    classifiers = [
        value.rpartition(" :: ")[2]
        for value in metadata.get_all("Classifier", [])
        if value.startswith("License :: OSI")
    ]
    stated = metadata["License"] or ""
    return ", ".join(classifiers) or stated.splitlines()[0]
