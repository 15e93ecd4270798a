"""Bearer tokens: JWT access tokens (RFC 9068) of the issuers that this installation trusts, and of nobody else."""

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

from service.domain.refusals import NotKnown

AUDIENCE = "casusroute"
ALGORITHMS = ["RS256", "PS256", "ES256"]
LEEWAY_SECONDS = 30
LONGEST_LIFE_SECONDS = 3600
_REMEMBERED = 2000
_REMEMBERED_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who vouches for people: its name (iss) and its public keys."""

    name: str
    keys: KeySet


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a token speaks of."""

    issuer: str
    subject: str
    expires_at: float


class Tokens:
    """Validates tokens; a token seen shortly before is not computed again."""

    def __init__(self, issuers: tuple[Issuer, ...], clock: Callable[[], float] = time.time) -> None:
        self._issuers: Mapping[str, Issuer] = {issuer.name: issuer for issuer in issuers}
        self._clock = clock
        self._seen: OrderedDict[bytes, tuple[float, Identity]] = OrderedDict()

    def identity(self, authorization: str | None) -> Identity:
        """The person in an Authorization header. Raises NotKnown, which never says what was wrong with the token."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotKnown
        digest, now = hashlib.sha256(token.encode()).digest(), self._clock()
        remembered = self._seen.get(digest)
        if remembered and now < remembered[0]:
            return remembered[1]
        identity = self._validated(token, now)
        self._seen[digest] = (min(identity.expires_at, now + _REMEMBERED_SECONDS), identity)
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return identity

    def _validated(self, token: str, now: float) -> Identity:
        try:
            unverified = jws.extract_compact(token.encode())
            header, claims = unverified.headers(), _claims(unverified.payload)
            issuer = self._issuers[claims["iss"]]
            if header.get("typ") not in ("at+jwt", "application/at+jwt") or "kid" not in header:
                raise NotKnown
            jws.deserialize_compact(token.encode(), issuer.keys, algorithms=ALGORITHMS)
        except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise NotKnown from error
        return _checked(claims, now)


def _claims(payload: bytes) -> dict[str, Any]:
    """The claims; a member that stands twice is refused, because readers disagree on which of the two counts."""
    claims = json.loads(payload, object_pairs_hook=_without_doubles)
    if not isinstance(claims, dict):
        raise TypeError
    return claims


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice")
    return found


def _checked(claims: dict[str, Any], now: float) -> Identity:
    audience, subject = claims.get("aud"), claims.get("sub")
    # What cannot be printed cannot be stored either, on one engine or the other.
    if not isinstance(subject, str) or not subject.isprintable():
        raise NotKnown
    issued, expires, begins = (_time(claims.get(name, default)) for name, default in _TIMES)
    sound = (
        AUDIENCE in (audience if isinstance(audience, list) else [audience])
        and subject
        and now < expires + LEEWAY_SECONDS
        and max(issued, begins) <= now + LEEWAY_SECONDS
        and 0 < expires - issued <= LONGEST_LIFE_SECONDS
    )
    if not sound:
        raise NotKnown
    return Identity(claims["iss"], subject, float(expires))


_END_OF_TIME = 2**53
_TIMES = (("iat", None), ("exp", None), ("nbf", 0))


def _time(value: object) -> float:
    """A number that a clock can show, and nothing that looks like one. Raises NotKnown."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise NotKnown
    if not abs(value) < _END_OF_TIME:  # not >=: that would let NaN pass
        raise NotKnown
    return float(value)


class Signer:
    """Signs access tokens with a key made at start: for demonstration identities only."""

    def __init__(self, issuer: str) -> None:
        self._key = RSAKey.generate_key(2048, {"kid": "demonstration", "use": "sig", "alg": "RS256"})
        self.issuer = Issuer(issuer, KeySet([self._key]))

    def token(self, subject: str, *, now: float | None = None) -> str:
        """An access token for an hour."""
        issued = int(time.time() if now is None else now)
        claims = {
            "iss": self.issuer.name,
            "sub": subject,
            "aud": AUDIENCE,
            "iat": issued,
            "exp": issued + LONGEST_LIFE_SECONDS,
        }
        header = {"alg": "RS256", "typ": "at+jwt", "kid": "demonstration"}
        return jws.serialize_compact(header, json.dumps(claims), self._key)
