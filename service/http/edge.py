"""The outermost layer, pure ASGI: prefix and version, trace, limits, headers, and one line in the log per request."""

import asyncio
import os
import re
import time
from collections.abc import Iterable
from traceback import walk_tb
from urllib.parse import urlsplit

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import API_VERSION, metrics
from service.database.worker_threads import BrokenOff
from service.http.front_page import ROUTE, front_page
from service.http.negotiation import language_of
from service.http.problems import bare, problem
from service.http.rate_limit import Meter, address_of
from service.settings import Settings
from service.vocabulary.refusals import TooMany

PREFIX = "/v1"
# Asked by whoever watches over a process: by its address, whatever its name, and however busy it is.
_WATCHED = ("/v1/health", "/v1/ready")
_LONGEST_ADDRESS = 8_000
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]"})
_TRACEPARENT = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_NO_ID = {b"0" * 32, b"0" * 16}  # which W3C Trace Context calls invalid
_SECURITY: Iterable[tuple[bytes, bytes]] = (
    (b"api-version", API_VERSION.encode()),
    (b"cache-control", b"no-store"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)
log = structlog.get_logger("casusroute")


class TooLarge(Exception):
    """The body is larger than this installation takes."""


class TooSlow(Exception):
    """The body did not come in on time."""


class Edge:
    """Wraps the application. Nothing inside sets a header that stands here."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._limit = settings.max_body_bytes
        self._seconds = settings.request_seconds
        self._asked, self._unknown = Meter(settings.address_per_minute), Meter(settings.failures_per_minute)
        self._hosts = _hosts(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # A scope of our own: the server reads its own one again, to know whether an answer to HEAD has a body.
        method, scope = scope["method"], dict(scope)
        began, answer = time.perf_counter(), _Answer(send, head=method == "HEAD")
        headers = dict(scope["headers"])
        scope["trace_id"] = _trace_id(headers)
        answer.trace_id = scope["trace_id"]
        try:
            await self._serve(scope, self._limited(receive), answer, headers)
        except TooLarge:
            await bare(413, language_of(headers))(scope, receive, answer)
        except TooSlow:
            await bare(408, language_of(headers))(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 - the last line of defence: to the log by type, to nobody by content
            # No trace in the log: its last line could hold what somebody typed.
            kind = type(error.__cause__ if isinstance(error, BrokenOff) else error).__qualname__
            log.error(  # noqa: TRY400 - without the trace: it may hold what somebody typed
                "unexpected", error=kind, place=_place(error), trace_id=answer.trace_id
            )
            if answer.status == 0:
                await bare(500, language_of(headers))(scope, receive, answer)
        finally:
            if answer.status == 401:  # noqa: PLR2004 - the status itself
                self._unknown.count(address_of(scope))
            route, seconds = getattr(scope.get("route"), "path", None), time.perf_counter() - began
            metrics.request(method, route, answer.status, seconds)
            log.info(
                "request",
                method=method,
                route=route,
                status=answer.status,
                ms=round(seconds * 1000, 1),
                trace_id=answer.trace_id,
                request_id=answer.request_id,
            )

    async def _serve(self, scope: Scope, receive: Receive, send: Send, headers: dict[bytes, bytes]) -> None:
        if scope["path"] not in _WATCHED:
            if self._hosts is not None and not self._is_ours(scope):
                await bare(421, language_of(headers))(scope, receive, send)
                return
            address = address_of(scope)
            if seconds := self._unknown.wait(address) or self._asked.take(address):
                await problem(TooMany(seconds), language_of(headers))(scope, receive, send)
                return
        if len(scope["raw_path"]) + len(scope["query_string"]) > _LONGEST_ADDRESS:
            await bare(414, language_of(headers))(scope, receive, send)
            return
        if scope["path"] in (ROUTE.path, PREFIX):
            scope["route"] = ROUTE
            await front_page(scope["method"], language_of(headers))(scope, receive, send)
            return
        if not scope["path"].startswith(PREFIX + "/"):
            await bare(404, language_of(headers))(scope, receive, send)
            return
        if int(headers.get(b"content-length", b"0") or b"0") > self._limit:
            raise TooLarge
        scope["root_path"] = PREFIX
        if scope["method"] == "HEAD":
            scope["method"] = "GET"
        await self._app(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        """Whether the one Host of this request names this installation, at whatever port."""
        hosts = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"]
        return len(hosts) == 1 and re.sub(r":\d*$", "", hosts[0]) in (self._hosts or ())

    def _limited(self, receive: Receive) -> Receive:
        """The body, as far as it comes in time and is not too large. After it nothing is waited for but the end."""
        seen, more, until = 0, True, asyncio.get_running_loop().time() + self._seconds

        async def counted() -> Message:
            nonlocal seen, more
            try:
                async with asyncio.timeout_at(until if more else None):
                    message = await receive()
            except TimeoutError:
                raise TooSlow from None
            seen, more = seen + len(message.get("body", b"")), bool(message.get("more_body"))
            if seen > self._limit:
                raise TooLarge
            return message

        return counted


class _Answer:
    """Passes an answer on, with our headers on it."""

    def __init__(self, send: Send, *, head: bool) -> None:
        self._send = send
        self._head = head
        self.status = 0
        self.trace_id = ""
        self.request_id = os.urandom(8).hex()  # the span of the answer

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            ours = [*_SECURITY, (b"traceparent", f"00-{self.trace_id}-{self.request_id}-01".encode())]
            message = {**message, "headers": [*message.get("headers", ()), *ours]}
        elif self._head:
            message = {**message, "body": b""}
        await self._send(message)


def _hosts(settings: Settings) -> frozenset[str] | None:
    """The names that this installation answers to; None: any."""
    named = {it.strip().lower() for it in settings.allowed_hosts.split(",")} - {""}
    own = re.sub(r":\d+$", "", urlsplit(settings.address).netloc.lower())
    return None if "*" in named else _THIS_MACHINE | named | {own, settings.host.lower()}


def _trace_id(headers: dict[bytes, bytes]) -> str:
    given = _TRACEPARENT.fullmatch(headers.get(b"traceparent", b""))
    return given[1].decode() if given and not _NO_ID & set(given.groups()) else os.urandom(16).hex()


def _place(error: BaseException) -> str:
    """The last line of this service that it passed; no message, which could hold what somebody typed."""
    frames = [(frame.f_globals.get("__name__", ""), line) for frame, line in walk_tb(error.__traceback__)]
    return next((f"{name}:{line}" for name, line in reversed(frames) if name.startswith("service.")), "?")
