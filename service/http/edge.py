"""The outermost ASGI middleware: path prefix, trace context, limits, security headers, one log line per request."""

import asyncio
import os
import re
import time
from collections.abc import Callable, Iterable
from traceback import walk_tb
from urllib.parse import urlsplit

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import API_VERSION, metrics
from service.database.worker_threads import WorkInterrupted
from service.http.front_page import FRONT_PAGE_ROUTE, front_page
from service.http.negotiation import preferred_language
from service.http.problems import problem_of_refusal, problem_of_status
from service.http.rate_limit import RateLimiter, client_address
from service.identity.tokens import TokenValidator
from service.settings import Settings
from service.vocabulary.refusals import NotKnown, RequestRefusal, TooManyRequests

API_PREFIX = "/v1"
# Probes of load balancers and supervisors: answered for any Host and without rate limits.
_PROBE_PATHS = ("/v1/health", "/v1/ready")
_MAX_ADDRESS_BYTES = 8_000  # of path and query together
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]"})
_TRACEPARENT = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_INVALID_IDS = {b"0" * 32, b"0" * 16}  # invalid by W3C Trace Context
_RESPONSE_HEADERS: Iterable[tuple[bytes, bytes]] = (
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


class BodyTooLarge(Exception):
    """The request body exceeds CASUSROUTE_MAX_BODY_BYTES."""


class BodyTooSlow(Exception):
    """The request body did not arrive within CASUSROUTE_REQUEST_SECONDS."""


class EdgeMiddleware:
    """Wraps the application. The application itself sets none of the headers that are set here."""

    def __init__(self, app: ASGIApp, settings: Settings, tokens: Callable[[], TokenValidator]) -> None:
        self._app = app
        self._tokens = tokens
        self._max_body_bytes = settings.max_body_bytes
        self._body_seconds = settings.request_seconds
        # Limits per person, and per client address: requests without a token, and tokens that no issuer signed.
        self._people = RateLimiter(settings.person_per_minute)
        self._asked, self._unknown = RateLimiter(settings.address_per_minute), RateLimiter(settings.failures_per_minute)
        self._hosts = _allowed_hosts(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # A copy, since HEAD becomes GET in it: the server reads the method of its own scope again for HEAD answers.
        method, scope = scope["method"], dict(scope)
        started_at, answer = time.perf_counter(), _Answer(send, head=method == "HEAD")
        headers = dict(scope["headers"])
        scope["trace_id"] = _trace_id(headers)
        answer.trace_id = scope["trace_id"]
        try:
            await self._serve(scope, self._limit_body(receive), answer, headers)
        except BodyTooLarge:
            await problem_of_status(413, preferred_language(headers))(scope, receive, answer)
        except BodyTooSlow:
            await problem_of_status(408, preferred_language(headers))(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 - the last handler: it logs the type and never the message
            # No stack trace in the log: its last line could hold text from a user.
            error_type = type(error.__cause__ if isinstance(error, WorkInterrupted) else error).__qualname__
            log.error(  # noqa: TRY400 - without the stack trace, as above
                "unexpected", error=error_type, place=_place(error), trace_id=answer.trace_id
            )
            if answer.status == 0:
                await problem_of_status(500, preferred_language(headers))(scope, receive, answer)
        finally:
            route, seconds = getattr(scope.get("route"), "path", None), time.perf_counter() - started_at
            metrics.count_request(method, route, answer.status, seconds)
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
        if scope["path"] not in _PROBE_PATHS:
            if self._hosts is not None and not self._names_allowed_host(scope):
                await problem_of_status(421, preferred_language(headers))(scope, receive, send)
                return
            if seconds := await self._seconds_to_wait(scope):
                await problem_of_refusal(TooManyRequests(seconds), preferred_language(headers))(scope, receive, send)
                return
        if len(scope["raw_path"]) + len(scope["query_string"]) > _MAX_ADDRESS_BYTES:
            await problem_of_status(414, preferred_language(headers))(scope, receive, send)
            return
        if scope["path"] in (FRONT_PAGE_ROUTE.path, API_PREFIX):
            scope["route"] = FRONT_PAGE_ROUTE
            await front_page(scope["method"], preferred_language(headers))(scope, receive, send)
            return
        if not scope["path"].startswith(API_PREFIX + "/"):
            await problem_of_status(404, preferred_language(headers))(scope, receive, send)
            return
        if int(headers.get(b"content-length", b"0") or b"0") > self._max_body_bytes:
            raise BodyTooLarge
        scope["root_path"] = API_PREFIX
        if scope["method"] == "HEAD":
            scope["method"] = "GET"
        await self._app(scope, receive, send)

    async def _seconds_to_wait(self, scope: Scope) -> int:
        """Put the identity of the caller, or the refusal of their token, in the scope. Returns the seconds to wait.

        A person with a valid token waits for their own requests alone, whatever others at their address send. A token
        that no issuer signed counts for its address, and holds back other such tokens alone.
        """
        authorization = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
        address = client_address(scope)
        try:
            identity = scope["identity"] = await self._tokens().read_identity(authorization)
        except RequestRefusal as refusal:
            scope["identity"] = refusal
            if isinstance(refusal, NotKnown) and refusal.token_given and not refusal.token_signed:
                seconds = self._unknown.admit(address)
                metrics.count_invalid_token("turned_away" if seconds else "answered")
                return seconds
            return self._asked.admit(address)
        return self._people.admit((identity.issuer, identity.subject))

    def _names_allowed_host(self, scope: Scope) -> bool:
        """True when the request has exactly one Host header and it names this installation, at any port."""
        hosts = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"]
        return len(hosts) == 1 and re.sub(r":\d*$", "", hosts[0]) in (self._hosts or ())

    def _limit_body(self, receive: Receive) -> Receive:
        """Receive the body within its time and its size. After the body, wait for the disconnect without a limit."""
        received_bytes, more, deadline = 0, True, asyncio.get_running_loop().time() + self._body_seconds

        async def receive_part() -> Message:
            nonlocal received_bytes, more
            try:
                async with asyncio.timeout_at(deadline if more else None):
                    message = await receive()
            except TimeoutError:
                raise BodyTooSlow from None
            received_bytes, more = received_bytes + len(message.get("body", b"")), bool(message.get("more_body"))
            if received_bytes > self._max_body_bytes:
                raise BodyTooLarge
            return message

        return receive_part


class _Answer:
    """Sends an answer with the headers of every answer, and notes its status.

    A server may raise OSError when the client is gone (ASGI 2.4): then the rest of the answer is not sent.
    """

    def __init__(self, send: Send, *, head: bool) -> None:
        self._send = send
        self._head = head
        self._is_gone = False
        self.status = 0
        self.trace_id = ""
        self.request_id = os.urandom(8).hex()  # the span id of the answer in traceparent

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            added = [*_RESPONSE_HEADERS, (b"traceparent", f"00-{self.trace_id}-{self.request_id}-01".encode())]
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        elif self._head:
            message = {**message, "body": b""}
        if self._is_gone:
            return
        try:
            await self._send(message)
        except OSError:
            self._is_gone = True


def _allowed_hosts(settings: Settings) -> frozenset[str] | None:
    """Returns the host names of this installation in lower case, None for any host."""
    configured = {name.strip().lower() for name in settings.allowed_hosts.split(",")} - {""}
    public = re.sub(r":\d+$", "", urlsplit(settings.base_url).netloc.lower())
    return None if "*" in configured else _THIS_MACHINE | configured | {public, settings.host.lower()}


def _trace_id(headers: dict[bytes, bytes]) -> str:
    """Returns the trace id of the caller, or a new one."""
    match = _TRACEPARENT.fullmatch(headers.get(b"traceparent", b""))
    return match[1].decode() if match and not _INVALID_IDS & set(match.groups()) else os.urandom(16).hex()


def _place(error: BaseException) -> str:
    """Returns module:line of the innermost frame of this service. The message could hold text from a user."""
    frames = [(frame.f_globals.get("__name__", ""), line) for frame, line in walk_tb(error.__traceback__)]
    return next((f"{name}:{line}" for name, line in reversed(frames) if name.startswith("service.")), "?")
