"""Bearer tokens: JWT access tokens (RFC 9068) of the issuers that this installation trusts, and of nobody else."""

import base64
import hashlib
import json
import re
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from service.identity.issuer import Issuer
from service.identity.jwks import Key
from service.identity.trusted_issuer import TrustedIssuer
from service.vocabulary.refusals import NotKnown
from service.vocabulary.strict_json import unambiguous

LEEWAY_SECONDS = 30
# Before the subject of every machine, and of nobody else: who may choose a name at an issuer cannot take a machine's.
MACHINE = "machine:"
_COMPACT = re.compile(r"([\w-]+)\.([\w-]+)\.[\w-]+", re.ASCII)
_LONGEST = 8192
# Keys that come with the token, members that change how it is read, and a token in the token.
_NEVER = {"jwk", "jku", "x5c", "x5u", "crit", "b64", "zip", "enc", "cty"}
# What only ID tokens and logout tokens carry: an issuer that gives all its tokens one `typ` tells them apart by these.
_OTHER_TOKENS = {"at_hash", "c_hash", "events"}
_REMEMBERED = 2000
_REMEMBERED_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a token speaks of."""

    issuer: str
    subject: str
    machine: bool
    expires_at: float


@dataclass(frozen=True, slots=True)
class _Seen:
    """A token that was sound shortly before, by the keys that its issuer had then."""

    identity: Identity
    until: float
    issuer: Issuer
    edition: int


class Tokens:
    """Validates tokens; a token seen shortly before is not computed again."""

    def __init__(self, issuers: Sequence[Issuer], clock: Callable[[], float] = time.time) -> None:
        self._issuers: Mapping[str, Issuer] = {issuer.trusted.name: issuer for issuer in issuers}
        self._clock = clock
        self._seen: OrderedDict[bytes, _Seen] = OrderedDict()

    async def identity(self, authorization: Sequence[str]) -> Identity:
        """Who stands in the Authorization header; one header, so that no two readers can take different ones.

        Raises NotKnown, which never says what was wrong with the token, and IssuerUnreachable.
        """
        scheme, _, token = authorization[0].partition(" ") if authorization else ("", "", "")
        if scheme.lower() != "bearer":
            raise NotKnown(token_given=False)
        parts = _COMPACT.fullmatch(token) if len(token) <= _LONGEST and len(authorization) == 1 else None
        if parts is None:
            raise NotKnown
        digest, now = hashlib.sha256(token.encode()).digest(), self._clock()
        seen = self._seen.get(digest)
        if seen and now < seen.until and seen.edition == seen.issuer.edition:
            return seen.identity
        identity, issuer = await self._validated(token, parts, now)
        until = min(identity.expires_at, now + _REMEMBERED_SECONDS)
        self._seen[digest] = _Seen(identity, until, issuer, issuer.edition)
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return identity

    async def _validated(self, token: str, parts: re.Match[str], now: float) -> tuple[Identity, Issuer]:
        try:
            header, claims = _object(parts[1]), _object(parts[2])
            issuer = self._issuers[claims["iss"]]
            key = await _key(header, issuer)
            jws.deserialize_compact(token, key, algorithms=[header["alg"]])
        except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise NotKnown from error
        return _checked(claims, issuer.trusted, now), issuer

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """For as long as tokens are taken, the keys of the issuers are watched."""
        async with AsyncExitStack() as watching:
            for issuer in self._issuers.values():
                await watching.enter_async_context(issuer.watched())
            yield


def _object(part: str) -> dict[str, Any]:
    read = unambiguous(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    if not isinstance(read, dict):
        raise TypeError
    return read


async def _key(header: dict[str, Any], issuer: Issuer) -> Key:
    """The key that the header names, if it may be used as the header says. Raises NotKnown, IssuerUnreachable."""
    algorithm, kid = header["alg"], header["kid"]
    if algorithm not in issuer.trusted.algorithms or not isinstance(kid, str):
        raise NotKnown
    if not issuer.trusted.takes_type(header.get("typ")) or _NEVER & header.keys():
        raise NotKnown
    key = await issuer.key(kid)
    if key is None:
        raise NotKnown
    return key


def _checked(claims: dict[str, Any], trusted: TrustedIssuer, now: float) -> Identity:
    audience, subject = claims.get("aud"), claims.get("sub")
    # What cannot be printed cannot be stored either, on one engine or the other.
    if not isinstance(subject, str) or not subject.isprintable():
        raise NotKnown
    machine = _is_machine(claims, trusted)
    longest = trusted.machines_minutes if machine else trusted.people_minutes
    issued, expires, begins = (_time(claims.get(name, default)) for name, default in _TIMES)
    sound = (
        trusted.audience in (audience if isinstance(audience, list) else [audience])
        and subject
        and not subject.startswith(MACHINE)
        and not _OTHER_TOKENS & claims.keys()
        and (machine or not trusted.acr or claims.get("acr") in list(trusted.acr))
        and now < expires + LEEWAY_SECONDS
        and max(issued, begins) <= now + LEEWAY_SECONDS
        and 0 < expires - issued <= longest * 60
    )
    if not sound:
        raise NotKnown
    return Identity(trusted.name, f"{MACHINE}{subject}" if machine else subject, machine, expires)


def _is_machine(claims: dict[str, Any], trusted: TrustedIssuer) -> bool:
    """Whether a client speaks for itself (RFC 9068, 2.2: then it is the subject). Raises NotKnown where none may."""
    client = claims.get("client_id", claims.get("azp"))
    alone = client == claims["sub"] or client in list(trusted.machine_clients)
    if "people" not in trusted.kinds:
        return True
    if alone and "machines" not in trusted.kinds:
        raise NotKnown
    if client is None and "machines" in trusted.kinds:
        raise NotKnown
    return alone


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
    """Signs access tokens: for demonstration identities only. `key`: as `new_key` gives it; another one when left out.

    Raises ValueError where that is no RSA key.
    """

    def __init__(self, issuer: str, key: bytes | None = None) -> None:
        self.key = RSAKey.import_key(key or self.new_key(), {"kid": "demonstration", "use": "sig", "alg": "RS256"})
        # Not validated: what no setting may say, because nobody else is to be taken for a demonstration.
        self.issuer = Issuer(TrustedIssuer.model_construct(name=issuer), self._published)

    @staticmethod
    def new_key() -> bytes:
        """A private key, as PEM."""
        return RSAKey.generate_key(2048).as_pem(private=True)

    async def _published(self) -> dict[str, Key]:
        return {"demonstration": self.key}

    def token(self, subject: str, *, now: float | None = None) -> str:
        """An access token for an hour."""
        issued = int(time.time() if now is None else now)
        trusted = self.issuer.trusted
        claims = {
            "iss": trusted.name,
            "sub": subject,
            "aud": trusted.audience,
            "iat": issued,
            "exp": issued + trusted.people_minutes * 60,
        }
        header = {"alg": "RS256", "typ": "at+jwt", "kid": "demonstration"}
        return jws.serialize_compact(header, json.dumps(claims), self.key)
