"""Validation of bearer tokens: JWT access tokens (RFC 9068) of trusted issuers. Signing of demonstration tokens."""

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
from service.vocabulary.strict_json import parse_unambiguous_json

LEEWAY_SECONDS = 30
# Prefix of the subject of every machine and of no person: a person who may choose a name at an issuer cannot take
# the subject of a machine.
MACHINE_PREFIX = "machine:"
_COMPACT_FORM = re.compile(r"([\w-]+)\.([\w-]+)\.[\w-]+", re.ASCII)
_MAX_LENGTH = 8192
# Header members that are refused: keys inside the token, members that change how it is read, and nested tokens.
_FORBIDDEN_MEMBERS = {"jwk", "jku", "x5c", "x5u", "crit", "b64", "zip", "enc", "cty"}
# Claims of ID tokens and logout tokens only. They tell tokens apart at an issuer that gives all of them one `typ`.
_OTHER_TOKEN_CLAIMS = {"at_hash", "c_hash", "events"}
_CACHE_SIZE = 2000
_CACHE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class TokenIdentity:
    """The identity in a valid token. `expires_at`: Unix time in seconds."""

    issuer: str
    subject: str
    is_machine: bool
    expires_at: float


@dataclass(frozen=True, slots=True)
class _CachedToken:
    """A token that was validated shortly before, with the keys that its issuer had then. `until`: Unix seconds."""

    identity: TokenIdentity
    until: float
    issuer: Issuer
    edition: int


class TokenValidator:
    """Validates tokens. Results are cached for a short time."""

    def __init__(self, issuers: Sequence[Issuer], clock: Callable[[], float] = time.time) -> None:
        self._issuers: Mapping[str, Issuer] = {issuer.trusted.name: issuer for issuer in issuers}
        self._clock = clock
        self._cache: OrderedDict[bytes, _CachedToken] = OrderedDict()

    async def read_identity(self, authorization: Sequence[str]) -> TokenIdentity:
        """Returns the identity in the Authorization header.

        Exactly one header is accepted: with two, two programs could read different ones. Raises NotKnown, which
        never says what is wrong with the token, and IssuerUnreachable.
        """
        scheme, _, token = authorization[0].partition(" ") if authorization else ("", "", "")
        if scheme.lower() != "bearer":
            raise NotKnown(token_given=False)
        parts = _COMPACT_FORM.fullmatch(token) if len(token) <= _MAX_LENGTH and len(authorization) == 1 else None
        if parts is None:
            raise NotKnown
        digest, now = hashlib.sha256(token.encode()).digest(), self._clock()
        cached = self._cache.get(digest)
        if cached and now < cached.until and cached.edition == cached.issuer.keys_version:
            return cached.identity
        identity, issuer = await self._validate(token, parts, now)
        until = min(identity.expires_at, now + _CACHE_SECONDS)
        self._cache[digest] = _CachedToken(identity, until, issuer, issuer.keys_version)
        while len(self._cache) > _CACHE_SIZE:
            self._cache.popitem(last=False)
        return identity

    async def _validate(self, token: str, parts: re.Match[str], now: float) -> tuple[TokenIdentity, Issuer]:
        try:
            header, claims = _read_object(parts[1]), _read_object(parts[2])
            issuer = self._issuers[claims["iss"]]
            key = await _find_key(header, issuer)
            jws.deserialize_compact(token, key, algorithms=[header["alg"]])
        except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise NotKnown from error
        try:
            return _check_claims(claims, issuer.trusted, now), issuer
        except NotKnown:
            raise NotKnown(token_signed=True) from None

    @asynccontextmanager
    async def refresh_keys_in_background(self) -> AsyncIterator[None]:
        """Refresh the keys of all issuers in the background until the block ends."""
        async with AsyncExitStack() as stack:
            for issuer in self._issuers.values():
                await stack.enter_async_context(issuer.refresh_in_background())
            yield


def _read_object(part: str) -> dict[str, Any]:
    content = parse_unambiguous_json(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    if not isinstance(content, dict):
        raise TypeError
    return content


async def _find_key(header: dict[str, Any], issuer: Issuer) -> Key:
    """Returns the key that the header names, if its algorithm and type are accepted.

    Raises NotKnown and IssuerUnreachable.
    """
    algorithm, kid = header["alg"], header["kid"]
    if algorithm not in issuer.trusted.algorithms or not isinstance(kid, str):
        raise NotKnown
    if not issuer.trusted.accepts_type(header.get("typ")) or _FORBIDDEN_MEMBERS & header.keys():
        raise NotKnown
    key = await issuer.find_key(kid)
    if key is None:
        raise NotKnown
    return key


def _check_claims(claims: dict[str, Any], trusted: TrustedIssuer, now: float) -> TokenIdentity:
    audience, subject = claims.get("aud"), claims.get("sub")
    # NUL and lone surrogates cannot be stored on every database.
    if not isinstance(subject, str) or not subject.isprintable():
        raise NotKnown
    machine = _is_machine(claims, trusted)
    max_minutes = trusted.machines_minutes if machine else trusted.people_minutes
    issued, expires, begins = (_read_time(claims.get(name, default)) for name, default in _TIME_CLAIMS)
    sound = (
        trusted.audience in (audience if isinstance(audience, list) else [audience])
        and subject
        and not subject.startswith(MACHINE_PREFIX)
        and not _OTHER_TOKEN_CLAIMS & claims.keys()
        and (machine or not trusted.acr or claims.get("acr") in list(trusted.acr))
        and now < expires + LEEWAY_SECONDS
        and max(issued, begins) <= now + LEEWAY_SECONDS
        and 0 < expires - issued <= max_minutes * 60
    )
    if not sound:
        raise NotKnown
    return TokenIdentity(trusted.name, f"{MACHINE_PREFIX}{subject}" if machine else subject, machine, expires)


def _is_machine(claims: dict[str, Any], trusted: TrustedIssuer) -> bool:
    """True when a client acts for itself (RFC 9068, 2.2: then it is the subject).

    Raises NotKnown when the issuer may not sign for machines, and when person and machine cannot be told apart.
    """
    client = claims.get("client_id", claims.get("azp"))
    alone = client == claims["sub"] or client in list(trusted.machine_clients)
    if "people" not in trusted.kinds:
        return True
    if alone and "machines" not in trusted.kinds:
        raise NotKnown
    if client is None and "machines" in trusted.kinds:
        raise NotKnown
    return alone


_MAX_TIME = 2**53
_TIME_CLAIMS = (("iat", None), ("exp", None), ("nbf", 0))


def _read_time(value: object) -> float:
    """Returns a claim as Unix time in seconds. Raises NotKnown for anything but a finite number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise NotKnown
    if not abs(value) < _MAX_TIME:  # not >=: that would let NaN pass
        raise NotKnown
    return float(value)


class DemonstrationSigner:
    """Signs access tokens of demonstration people. `key`: PEM as made by `new_key`; None for a new one.

    Raises ValueError when `key` is no RSA key.
    """

    def __init__(self, issuer: str, key: bytes | None = None) -> None:
        self.key = RSAKey.import_key(key or self.new_key(), {"kid": "demonstration", "use": "sig", "alg": "RS256"})
        # Not validated: no setting may name this issuer, so that no other issuer passes for the demonstration.
        self.issuer = Issuer(TrustedIssuer.model_construct(name=issuer), self._publish_keys)

    @staticmethod
    def new_key() -> bytes:
        """Returns a new private RSA key as PEM."""
        return RSAKey.generate_key(2048).as_pem(private=True)

    async def _publish_keys(self) -> dict[str, Key]:
        return {"demonstration": self.key}

    def sign_token(self, subject: str, *, now: float | None = None) -> str:
        """Returns an access token that is valid for one hour. `now`: Unix seconds."""
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
