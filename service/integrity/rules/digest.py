"""The daily digest of all heads, to be kept out of reach of those who can reach the database.

The chain of a case still verifies when its last entries are cut off and its head is set back. Only an earlier record of
its head shows the loss. The digest is that record: one line per case, without personal data, and a root. The root is
the SHA-256 of all lines before it, so `head -n -1 FILE | sha256sum` recomputes it.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.vocabulary.calendar import utc_text
from service.vocabulary.canonical_json import to_canonical_json

FORMAT = "casusroute-heads@1"
CHAINS = ("log", "administration")  # of seals: over the access log, and over the administration


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a case: sequence and digest. `case` is the id as stored, which may be damaged."""

    case: str
    sequence: int
    digest: str


@dataclass(frozen=True, slots=True)
class SealHead:
    """The last seal of a chain of seals: its number, 0 without seals, and its digest."""

    seal: int
    digest: str | None


class NotADigest(ValueError):
    """The file is not a digest, or its root does not match its lines."""


def write_digest(
    heads: Iterable[Head], at: datetime, revision: str | None, seals: Mapping[str, SealHead] | None = None
) -> Iterator[str]:
    """The lines of a digest, each with its newline: a header, the heads in the order given, the root.

    The header of a whole installation also has the last seals of the access log and of the administration.
    """
    root, cases = hashlib.sha256(), 0
    header: dict[str, Any] = {"format": FORMAT, "at": utc_text(at), "database": revision}
    header |= {chain: {"seal": seal.seal, "digest": seal.digest} for chain, seal in (seals or {}).items()}
    yield _line_added_to(root, header)
    for cases, head in enumerate(heads, 1):  # noqa: B007 - the last line uses the count
        yield _line_added_to(root, {"case": head.case, "sequence": head.sequence, "digest": head.digest})
    yield to_canonical_json({"cases": cases, "root": root.hexdigest()}) + "\n"


def _line_added_to(root: "hashlib._Hash", value: dict[str, Any]) -> str:
    line = to_canonical_json(value) + "\n"
    root.update(line.encode())
    return line


def verify_root(lines: Iterable[str]) -> str:
    """The root of a digest, after checking it against the lines. Raises NotADigest."""
    root, count, last = hashlib.sha256(), -1, ""
    for count, line in enumerate(lines):
        if count == 0 and _read(line).get("format") != FORMAT:
            raise NotADigest(f"the file is not a digest of heads in the format {FORMAT}")
        root.update(last.encode())
        last = line
    if last.rstrip("\n") != to_canonical_json({"cases": count - 1, "root": root.hexdigest()}):
        raise NotADigest("the digest was changed: its last line is not the root of the lines before it")
    return root.hexdigest()


def read_heads(lines: Iterable[str]) -> Iterator[Head]:
    """The heads of a digest. `verify_root` must have checked its lines before."""
    for line in lines:
        if "case" in (fields := _read(line)):
            yield Head(fields["case"], fields["sequence"], fields["digest"])


def read_seals(lines: Iterable[str]) -> dict[str, SealHead]:
    """Returns the last seals in the header by chain. Digests of some teams and of earlier versions lack them."""
    header = _read(next(iter(lines), ""))
    return {chain: SealHead(**header[chain]) for chain in CHAINS if chain in header}


def _read(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
