"""The calls to issuers: where the keys are (OpenID Connect Discovery), and the keys.

Little is read and soon, redirects lead nowhere, and no proxy is asked. Authorities of one's own network are named by
SSL_CERT_FILE, as for other programs.
"""

import asyncio
import ssl
from collections.abc import Sequence
from functools import partial

import httpx

from service.identity.issuer import Issuer
from service.identity.jwks import Key, NotPublished, read_keys
from service.identity.trusted_issuer import TrustedIssuer, may_be_asked
from service.vocabulary.strict_json import unambiguous

SECONDS = 5
_MOST_BYTES = 64_000
# What is packed could be anything unpacked.
_HEADERS = {"Accept": "application/json, application/jwk-set+json", "Accept-Encoding": "identity"}


def issuers_of(trusted: Sequence[TrustedIssuer], *, refresh_seconds: float, keep_seconds: float) -> tuple[Issuer, ...]:
    """The issuers that this installation trusts, not asked yet.

    Their keys are fetched anew after `refresh_seconds`, and used for `keep_seconds` while an issuer is silent.
    """
    if not trusted:
        return ()
    tls = httpx.create_ssl_context()
    return tuple(
        Issuer(
            it,
            partial(published, it, tls),
            refresh_seconds=refresh_seconds,
            keep_seconds=keep_seconds,
        )
        for it in trusted
    )


async def published(issuer: TrustedIssuer, tls: ssl.SSLContext) -> dict[str, Key]:
    """The keys that an issuer publishes now. Raises NotPublished."""
    try:
        async with asyncio.timeout(SECONDS), _client(tls) as client:
            address = issuer.keys or await _discovered(client, issuer.name)
            return read_keys(await _read(client, address), issuer.algorithms)
    except (TimeoutError, httpx.TimeoutException):
        raise NotPublished("timeout") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        raise NotPublished("no_connection") from None


def _client(tls: ssl.SSLContext) -> httpx.AsyncClient:
    return httpx.AsyncClient(verify=tls, follow_redirects=False, trust_env=False, timeout=SECONDS, headers=_HEADERS)


async def _discovered(client: httpx.AsyncClient, name: str) -> str:
    body = await _read(client, f"{name.rstrip('/')}/.well-known/openid-configuration")
    try:
        told = unambiguous(body)
    except (ValueError, RecursionError):
        raise NotPublished("discovery_not_readable") from None
    # Letter by letter: the document of another issuer tells of another's keys.
    if not isinstance(told, dict) or told.get("issuer") != name:
        raise NotPublished("discovery_of_another_issuer")
    address = told.get("jwks_uri")
    if not isinstance(address, str) or not may_be_asked(address):
        raise NotPublished("discovery_without_keys")
    return address


async def _read(client: httpx.AsyncClient, address: str) -> bytes:
    async with client.stream("GET", address) as response:
        if response.status_code != httpx.codes.OK:
            raise NotPublished(f"status_{response.status_code}")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise NotPublished("packed")
        body = bytearray()
        async for part in response.aiter_raw():
            body += part
            if len(body) > _MOST_BYTES:
                raise NotPublished("too_large")
    return bytes(body)
