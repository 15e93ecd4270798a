"""HTTP calls to issuers: OpenID Connect Discovery and the JWK Set.

Calls have a short timeout and a small maximum size, follow no redirect and use no proxy. SSL_CERT_FILE names the
certificate authorities of a private network, as for other programs.
"""

import asyncio
import ssl
from collections.abc import Sequence
from functools import partial

import httpx

from service.identity.issuer import Issuer
from service.identity.jwks import Key, KeysUnavailable, read_keys
from service.identity.trusted_issuer import TrustedIssuer, is_fetchable
from service.vocabulary.strict_json import parse_unambiguous_json

TIMEOUT_SECONDS = 5
_MAX_BYTES = 64_000
# A small compressed body can expand to any size, so no compression is accepted.
_HEADERS = {"Accept": "application/json, application/jwk-set+json", "Accept-Encoding": "identity"}


def make_issuers(
    trusted: Sequence[TrustedIssuer], *, refresh_seconds: float, keep_seconds: float
) -> tuple[Issuer, ...]:
    """Returns an `Issuer` for each trusted issuer. No keys are fetched yet.

    Keys are fetched again after `refresh_seconds`, and used for `keep_seconds` while an issuer does not answer.
    """
    if not trusted:
        return ()
    tls = httpx.create_ssl_context()
    return tuple(
        Issuer(
            issuer,
            partial(fetch_keys, issuer, tls),
            refresh_seconds=refresh_seconds,
            keep_seconds=keep_seconds,
        )
        for issuer in trusted
    )


async def fetch_keys(issuer: TrustedIssuer, tls: ssl.SSLContext) -> dict[str, Key]:
    """Fetch the keys that an issuer publishes now. Returns the keys by key id (`kid`). Raises KeysUnavailable."""
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS), _client(tls) as client:
            address = issuer.keys or await _discover_keys_address(client, issuer.name)
            return read_keys(await _read(client, address), issuer.algorithms)
    except (TimeoutError, httpx.TimeoutException):
        raise KeysUnavailable("timeout") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        raise KeysUnavailable("no_connection") from None


def _client(tls: ssl.SSLContext) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        verify=tls, follow_redirects=False, trust_env=False, timeout=TIMEOUT_SECONDS, headers=_HEADERS
    )


async def _discover_keys_address(client: httpx.AsyncClient, name: str) -> str:
    body = await _read(client, f"{name.rstrip('/')}/.well-known/openid-configuration")
    try:
        document = parse_unambiguous_json(body)
    except (ValueError, RecursionError):
        raise KeysUnavailable("discovery_not_readable") from None
    # Discovery 4.3: the issuer must match exactly. A document of another issuer names the keys of that issuer.
    if not isinstance(document, dict) or document.get("issuer") != name:
        raise KeysUnavailable("discovery_of_another_issuer")
    address = document.get("jwks_uri")
    if not isinstance(address, str) or not is_fetchable(address):
        raise KeysUnavailable("discovery_without_keys")
    return address


async def _read(client: httpx.AsyncClient, address: str) -> bytes:
    async with client.stream("GET", address) as response:
        if response.status_code != httpx.codes.OK:
            raise KeysUnavailable(f"status_{response.status_code}")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise KeysUnavailable("packed")
        body = bytearray()
        async for part in response.aiter_raw():
            body += part
            if len(body) > _MAX_BYTES:
                raise KeysUnavailable("too_large")
    return bytes(body)
