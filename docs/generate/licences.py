"""docs/reference/licences.md: every locked library of the service and its checks, with its licence."""

import re
import tomllib
from collections.abc import Iterable, Mapping

from docs.generate.lock import CHECKS, ROOT, SERVICE, Library, read_licences, read_lock
from docs.generate.markdown import code, table

_REQUIREMENT = re.compile(r'^\s*"(?P<name>[\w.-]+)[^"]*",\s*# (?P<reason>.+)$')

_INTRODUCTION = """\
# Licences

Casusroute itself is licensed under the EUPL-1.2: see `LICENSE` in the root. These are all libraries that the lock files
pin, with the licence that each states, as an SPDX expression. Which licences are accepted, and why, stands in
[decision 0038](../decisions/0038-licences-accepted.md). [sbom.json](sbom.json) lists the libraries of the service for
programs, as CycloneDX. Python and the system below it are no part of these lists: they come with the base of the image.
"""
_INSIDE = """\
## Inside the wheels of the service

Wheels that are built for a platform hold libraries of others.
"""


def licences_page() -> str:
    licences, service, checks = read_licences(), read_lock(SERVICE), read_lock(CHECKS)
    only_checks = {name: library for name, library in checks.items() if name not in service}
    return "\n".join(
        [
            _INTRODUCTION,
            "## Of the service",
            "",
            _libraries(service, licences["licences"], "dependencies"),
            "",
            _INSIDE,
            table(("Wheel", "Holds"), [(code(name), holds) for name, holds in licences["inside"].items()]),
            "",
            "## Of tests, checks and documents",
            "",
            "Not in the image, and not needed to run the service.",
            "",
            _libraries(only_checks, licences["licences"], "dev"),
        ]
    )


def _libraries(libraries: Mapping[str, Library], licences: Mapping[str, str], group: str) -> str:
    reasons = dict(_named(group))
    return table(
        ("Library", "Version", "Licence", "Reason"),
        [
            (code(name), ", ".join(library.versions), licences[name], reasons.get(name) or _needed(library.needed_by))
            for name, library in libraries.items()
        ],
    )


def _needed(names: Iterable[str]) -> str:
    return f"needed by {', '.join(map(code, names))}"


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
