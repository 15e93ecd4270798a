"""Canonical JSON and its digest: equal values give equal text and digest, on every machine and database."""

import hashlib
import json
from typing import Any


def to_canonical_json(value: Any) -> str:
    """Returns JSON with sorted keys and no blanks. Takes text, whole numbers, booleans, null, lists and objects."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_of(value: Any) -> str:
    """Returns the SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(to_canonical_json(value).encode()).hexdigest()
