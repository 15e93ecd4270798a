"""The daily digest of all heads, to be kept where nobody who can reach the database can reach it.

The chain of a case holds together by itself, also when its end was cut off and its head was set back. Only somebody who
remembers how far it had come can tell. The digest is that memory: one line per case, no personal data, and a root that
fits on a postcard. The root is the SHA-256 of all lines before it, so `head -n -1 FILE | sha256sum` recomputes it.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.vocabulary.calendar import in_utc_text
from service.vocabulary.canonical_json import canonical

FORMAT = "casusroute-heads@1"


@dataclass(frozen=True, slots=True)
class Head:
    """How far a case had come: its last entry. `case` is its id as it is stored, be it what it may."""

    case: str
    sequence: int
    digest: str


class NotADigest(ValueError):
    """The file is not a digest, or no longer the one that was made: its root says so."""


def written(heads: Iterable[Head], at: datetime, revision: str | None) -> Iterator[str]:
    """The lines, each with its end: a header, the heads in order of case, the root."""
    root, cases = hashlib.sha256(), 0
    header = {"format": FORMAT, "at": in_utc_text(at), "database": revision}
    yield _told(header, root)
    for cases, head in enumerate(heads, 1):  # noqa: B007 - told below
        yield _told({"case": head.case, "sequence": head.sequence, "digest": head.digest}, root)
    yield canonical({"cases": cases, "root": root.hexdigest()}) + "\n"


def _told(value: dict[str, Any], root: "hashlib._Hash") -> str:
    line = canonical(value) + "\n"
    root.update(line.encode())
    return line


def root_of(lines: Iterable[str]) -> str:
    """The root of a digest that is whole. Raises NotADigest."""
    root, count, last = hashlib.sha256(), -1, ""
    for count, line in enumerate(lines):
        if count == 0 and _read(line).get("format") != FORMAT:
            raise NotADigest(f"the file is not a digest of heads in the format {FORMAT}")
        root.update(last.encode())
        last = line
    if last.rstrip("\n") != canonical({"cases": count - 1, "root": root.hexdigest()}):
        raise NotADigest("the digest is not as it was made: its last line is not the root of the lines before")
    return root.hexdigest()


def heads_in(lines: Iterable[str]) -> Iterator[Head]:
    """The heads of a digest whose root was found to hold."""
    for line in lines:
        if "case" in (told := _read(line)):
            yield Head(told["case"], told["sequence"], told["digest"])


def _read(line: str) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
