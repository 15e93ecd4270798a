"""The HTTP client for webhooks: signed deliveries, and the request for consent before the first one.

Of a response only the status and three headers are read. The client follows no redirects, uses no proxy and ends
every call within `TIMEOUT_SECONDS`.
"""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from service.events.relay.webhook_targets import AllowedTargets, resolve
from service.events.rules import CLOUDEVENTS_JSON, Event
from service.events.use_cases.delivery import MAX_DELAY, WebhookAnswer
from service.events.use_cases.subscriptions import TargetRefused

TIMEOUT_SECONDS = 10


class WebhookClient:
    """Calls webhooks. `address`: public URL of this service; its host is the origin that receivers must allow."""

    def __init__(self, *, address: str, targets: AllowedTargets) -> None:
        self._origin = urlsplit(address).hostname or "localhost"
        self._targets: AllowedTargets = targets
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            timeout=TIMEOUT_SECONDS,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def send(self, url: str, event: Event, secrets: Iterable[bytes], *, now: datetime) -> WebhookAnswer:
        """Send one event. Returns an answer also when the call fails."""
        body = event.model_dump_json(by_alias=True).encode()
        headers = {"Content-Type": CLOUDEVENTS_JSON, **signature_headers(event.id, body, secrets, now)}
        try:
            status, response_headers = await self._call("POST", url, headers, body)
        except TargetRefused as refusal:
            return WebhookAnswer(error=refusal.code)
        except (TimeoutError, httpx.TimeoutException):
            return WebhookAnswer(error="timeout")
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            return WebhookAnswer(error="no_connection")
        return WebhookAnswer(status=status, retry_after=_retry_delay(response_headers.get("retry-after"), now))

    async def ask_consent(self, url: str) -> int | None:
        """Ask the receiver for consent (CloudEvents Web Hooks, 4). Raises TargetRefused.

        Returns the maximum number of requests per minute, None when the receiver sets none.
        """
        try:
            status, response_headers = await self._call("OPTIONS", url, {"WebHook-Request-Origin": self._origin}, b"")
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, OSError):
            raise TargetRefused("webhook_no_answer") from None
        allowed = {origin.strip() for origin in response_headers.get("webhook-allowed-origin", "").split(",")}
        if not httpx.codes.is_success(status) or not {"*", self._origin} & allowed:
            raise TargetRefused("webhook_not_agreed")
        rate = response_headers.get("webhook-allowed-rate", "")
        return max(1, min(int(rate), 60_000)) if rate.isascii() and rate.isdigit() and len(rate) < _MAX_DIGITS else None

    async def _call(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, httpx.Headers]:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            target = await resolve(url, self._targets)
            request = self._client.stream(
                method,
                target.url,
                headers={"Host": target.authority, **headers},
                content=body,
                extensions={"sni_hostname": target.host},
            )
            async with request as response:
                return response.status_code, response.headers

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Keep the connections open until the block ends."""
        async with self._client:
            yield


_MAX_DIGITS = 8


def signature_headers(id_: str, body: bytes, secrets: Iterable[bytes], now: datetime) -> dict[str, str]:
    """Returns the headers of Standard Webhooks with one signature per secret: two during a rotation."""
    timestamp = str(int(now.timestamp()))
    signed_text = b".".join((id_.encode(), timestamp.encode(), body))
    digests = (hmac.new(secret, signed_text, hashlib.sha256).digest() for secret in secrets)
    signatures = (base64.b64encode(digest).decode() for digest in digests)
    return {
        "webhook-id": id_,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def _retry_delay(retry_after: str | None, now: datetime) -> timedelta | None:
    """Returns the delay of Retry-After in either form (RFC 9110, 10.2.3), at most MAX_DELAY; None without a delay."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < _MAX_DIGITS:
        return min(timedelta(seconds=int(retry_after)), MAX_DELAY)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(until - now, timedelta()), MAX_DELAY)
