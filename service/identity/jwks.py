"""What an issuer publishes, read as strictly as what a stranger sends: JSON, and in it the keys of a JWK Set."""

from collections import Counter
from collections.abc import Collection
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import base64_to_int

from service.vocabulary.strict_json import unambiguous

Key = RSAKey | ECKey
# Whose half nobody else may have, and the whole of a shared secret.
_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
_KINDS: dict[str, type[Key]] = {"RSA": RSAKey, "EC": ECKey}
_MOST_KEYS = 20
_BITS = range(2048, 8192 + 1)


class NotPublished(Exception):
    """An issuer gave no keys that can be used; `code` says in the log what was wrong."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_keys(body: bytes, algorithms: Collection[str]) -> dict[str, Key]:
    """The keys by their name (kid) that signatures by these algorithms may be checked with. Raises NotPublished.

    Left out is what has no name, or a name that stands twice; what is for something else; what is weak; and every
    key whose private half was published with it, because everybody can sign with that.
    """
    try:
        read = unambiguous(body)
    except (ValueError, RecursionError):
        raise NotPublished("keys_not_readable") from None
    entries = read.get("keys") if isinstance(read, dict) else None
    if not isinstance(entries, list):
        raise NotPublished("keys_not_readable")
    if len(entries) > _MOST_KEYS:
        raise NotPublished("too_many_keys")
    named = [it for it in entries if isinstance(it, dict) and isinstance(it.get("kid"), str)]
    times = Counter(it["kid"] for it in named)
    keys = {it["kid"]: key for it in named if times[it["kid"]] == 1 and (key := _usable(it, algorithms))}
    if not keys:
        raise NotPublished("no_usable_keys")
    return keys


def _usable(entry: dict[str, Any], algorithms: Collection[str]) -> Key | None:
    kind = entry.get("kty")
    if _PRIVATE & entry.keys() or not isinstance(kind, str) or kind not in _KINDS:
        return None
    operations = entry.get("key_ops", ["verify"])
    for_us = (
        entry.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and ("alg" not in entry or entry["alg"] in algorithms)
    )
    try:
        # Short ones are weak, long ones slow.
        sound = kind != "RSA" or base64_to_int(entry["n"]).bit_length() in _BITS
        return _KINDS[kind].import_key(entry) if for_us and sound else None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError):
        return None
