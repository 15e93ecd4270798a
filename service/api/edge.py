"""The outermost layer, pure ASGI: prefix and version, trace, limits, headers, and one line in the log per request."""

import os
import re
import time
from collections.abc import Iterable
from traceback import walk_tb

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import API_VERSION
from service.api.language import language_of
from service.api.problems import bare

PREFIX = "/v1"
_TRACEPARENT = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_NO_ID = {b"0" * 32, b"0" * 16}  # which W3C Trace Context calls invalid
_SECURITY: Iterable[tuple[bytes, bytes]] = (
    (b"api-version", API_VERSION.encode()),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)
log = structlog.get_logger("casusroute")


class TooLarge(Exception):
    """The body is larger than this installation takes."""


class Edge:
    """Wraps the application. Nothing inside sets a header that stands here."""

    def __init__(self, app: ASGIApp, *, max_body_bytes: int) -> None:
        self._app = app
        self._limit = max_body_bytes

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
        except Exception as error:  # noqa: BLE001 - the last line of defence: to the log by type, to nobody by content
            # No trace in the log: its last line could hold what somebody typed.
            log.error(  # noqa: TRY400
                "unexpected", error=type(error).__qualname__, place=_place(error), trace_id=answer.trace_id
            )
            if answer.status == 0:
                await bare(500, language_of(headers))(scope, receive, answer)
        finally:
            log.info(
                "request",
                method=method,
                route=getattr(scope.get("route"), "path", None),
                status=answer.status,
                ms=round((time.perf_counter() - began) * 1000, 1),
                trace_id=answer.trace_id,
            )

    async def _serve(self, scope: Scope, receive: Receive, send: Send, headers: dict[bytes, bytes]) -> None:
        if not scope["path"].startswith(PREFIX + "/"):
            await bare(404, language_of(headers))(scope, receive, send)
            return
        if int(headers.get(b"content-length", b"0") or b"0") > self._limit:
            raise TooLarge
        scope["root_path"] = PREFIX
        if scope["method"] == "HEAD":
            scope["method"] = "GET"
        await self._app(scope, receive, send)

    def _limited(self, receive: Receive) -> Receive:
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
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

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            ours = [*_SECURITY, (b"traceparent", f"00-{self.trace_id}-{os.urandom(8).hex()}-01".encode())]
            message = {**message, "headers": [*message.get("headers", ()), *ours]}
        elif self._head:
            message = {**message, "body": b""}
        await self._send(message)


def _trace_id(headers: dict[bytes, bytes]) -> str:
    given = _TRACEPARENT.fullmatch(headers.get(b"traceparent", b""))
    return given[1].decode() if given and not _NO_ID & set(given.groups()) else os.urandom(16).hex()


def _place(error: BaseException) -> str:
    """The last line of this service that it passed; no message, which could hold what somebody typed."""
    frames = [(frame.f_globals.get("__name__", ""), line) for frame, line in walk_tb(error.__traceback__)]
    return next((f"{name}:{line}" for name, line in reversed(frames) if name.startswith("service.")), "?")
