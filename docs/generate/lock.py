"""The locked libraries: requirements.txt holds those of the service, requirements-dev.txt also those of the checks."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SERVICE, CHECKS = "requirements.txt", "requirements-dev.txt"
_PINNED = re.compile(r"^(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\\n]+))?", re.MULTILINE)
_NEEDED_BY = re.compile(r"^    # via (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Library:
    """One library with its pinned versions: more than one where versions of Python differ.

    `markers` say where each version is needed (PEP 508); empty: everywhere.
    """

    name: str
    versions: Sequence[str] = ()
    markers: Sequence[str] = ()
    needed_by: Sequence[str] = ()


def read_lock(file: str) -> Mapping[str, Library]:
    """Returns the libraries of a lock file by their name."""
    text = (ROOT / file).read_text(encoding="utf-8")
    starts = [*_PINNED.finditer(text)]
    ends = [start.start() for start in starts[1:]] + [len(text)]
    libraries: dict[str, Library] = {}
    for pinned, end in zip(starts, ends, strict=True):
        name, via = pinned["name"], _NEEDED_BY.search(text, pinned.end(), end)
        needed_by = [word for word in (via[1].split(", ") if via else ()) if " " not in word]
        known = libraries.get(name, Library(name))
        libraries[name] = Library(
            name,
            (*known.versions, pinned["version"]),
            (*known.markers, (pinned["marker"] or "").strip()),
            tuple(dict.fromkeys((*known.needed_by, *needed_by))),
        )
    return libraries


def read_licences() -> dict[str, Any]:
    """Returns the tables of docs/licences.toml."""
    return tomllib.loads((ROOT / "docs" / "licences.toml").read_text(encoding="utf-8"))
