"""The calls to other systems: an event to a webhook, signed; and, before the first, whether it wants to be called.

Nothing of an answer is read but its status and three headers, redirects lead nowhere, no proxy is asked, and every
call ends within a few seconds.
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

from service.events.relay.webhook_targets import Targets, resolve
from service.events.rules import CLOUDEVENTS_JSON, Event
from service.events.use_cases.delivery import LONGEST_WAIT, Answer
from service.events.use_cases.subscriptions import TargetRefused

SECONDS = 10


class Outside:
    """Calls webhooks. `origin` is the name by which a receiver knows this service."""

    def __init__(self, *, address: str, targets: Targets) -> None:
        self._origin = urlsplit(address).hostname or "localhost"
        self._targets: Targets = targets
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            timeout=SECONDS,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def tell(self, url: str, event: Event, secrets: Iterable[bytes], *, now: datetime) -> Answer:
        """Send one event. Whatever goes wrong is an answer as well."""
        body = event.model_dump_json(by_alias=True).encode()
        headers = {"Content-Type": CLOUDEVENTS_JSON, **signed(event.id, body, secrets, now)}
        try:
            status, answered = await self._call("POST", url, headers, body)
        except TargetRefused as refused:
            return Answer(error=refused.code)
        except (TimeoutError, httpx.TimeoutException):
            return Answer(error="timeout")
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            return Answer(error="no_connection")
        return Answer(status=status, retry_after=_asked_to_wait(answered.get("retry-after"), now))

    async def agreed(self, url: str) -> int | None:
        """Ask whether the receiver wants to be called, and how many times a minute at most. Raises TargetRefused."""
        try:
            status, answered = await self._call("OPTIONS", url, {"WebHook-Request-Origin": self._origin}, b"")
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, OSError):
            raise TargetRefused("webhook_no_answer") from None
        allowed = {it.strip() for it in answered.get("webhook-allowed-origin", "").split(",")}
        if not httpx.codes.is_success(status) or not {"*", self._origin} & allowed:
            raise TargetRefused("webhook_not_agreed")
        rate = answered.get("webhook-allowed-rate", "")
        return max(1, min(int(rate), 60_000)) if rate.isascii() and rate.isdigit() and len(rate) < _LONGEST else None

    async def _call(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, httpx.Headers]:
        async with asyncio.timeout(SECONDS):
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
        """For as long as calls are made."""
        async with self._client:
            yield


_LONGEST = 8


def signed(id_: str, body: bytes, secrets: Iterable[bytes], now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks; while secrets are rotated, signed with both."""
    timestamp = str(int(now.timestamp()))
    told = b".".join((id_.encode(), timestamp.encode(), body))
    signatures = (base64.b64encode(hmac.new(secret, told, hashlib.sha256).digest()).decode() for secret in secrets)
    return {
        "webhook-id": id_,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{it}" for it in signatures),
    }


def _asked_to_wait(retry_after: str | None, now: datetime) -> timedelta | None:
    """Retry-After in either form (RFC 9110, 10.2.3), within reason; None when it says nothing."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < _LONGEST:
        return min(timedelta(seconds=int(retry_after)), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(until - now, timedelta()), LONGEST_WAIT)
