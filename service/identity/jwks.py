"""The JWK Set of an issuer, read strictly: an issuer's document is untrusted input."""

from collections import Counter
from collections.abc import Collection
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import base64_to_int

from service.vocabulary.strict_json import parse_unambiguous_json

Key = RSAKey | ECKey
# Members of private keys and of shared secrets (RFC 7518, 6).
_PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
_KEY_CLASSES: dict[str, type[Key]] = {"RSA": RSAKey, "EC": ECKey}
_MAX_KEYS = 20
_RSA_BITS = range(2048, 8192 + 1)


class KeysUnavailable(Exception):
    """An issuer published no usable keys. `code` is the reason in the log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_keys(body: bytes, algorithms: Collection[str]) -> dict[str, Key]:
    """Returns the keys by key id (`kid`) that can verify signatures of these algorithms. Raises KeysUnavailable.

    Skipped are keys without a key id or with a repeated one, keys for another use, weak keys, and keys whose private
    half was published, because everybody can sign with those.
    """
    try:
        document = parse_unambiguous_json(body)
    except (ValueError, RecursionError):
        raise KeysUnavailable("keys_not_readable") from None
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise KeysUnavailable("keys_not_readable")
    if len(entries) > _MAX_KEYS:
        raise KeysUnavailable("too_many_keys")
    named_entries = [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("kid"), str)]
    occurrences = Counter(entry["kid"] for entry in named_entries)
    keys = {
        entry["kid"]: key
        for entry in named_entries
        if occurrences[entry["kid"]] == 1 and (key := _usable_key(entry, algorithms))
    }
    if not keys:
        raise KeysUnavailable("no_usable_keys")
    return keys


def _usable_key(entry: dict[str, Any], algorithms: Collection[str]) -> Key | None:
    kind = entry.get("kty")
    if _PRIVATE_MEMBERS & entry.keys() or not isinstance(kind, str) or kind not in _KEY_CLASSES:
        return None
    operations = entry.get("key_ops", ["verify"])
    verifies = (
        entry.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and ("alg" not in entry or entry["alg"] in algorithms)
    )
    try:
        # Short RSA keys are weak, long ones slow.
        sound = kind != "RSA" or base64_to_int(entry["n"]).bit_length() in _RSA_BITS
        return _KEY_CLASSES[kind].import_key(entry) if verifies and sound else None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError):
        return None
