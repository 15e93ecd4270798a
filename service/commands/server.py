"""The web server: uvicorn with a time limit for request heads and a drain before it stops."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.app import ServiceInstance
from service.http.problems import problem_of_status
from service.settings import Settings

MAX_HEAD_BYTES = 32_768  # bytes


class Server(uvicorn.Server):
    """A server that drains: after a stop signal it is not ready but serves on, for load balancers to notice.

    After the drain, or at a second signal, it accepts no connections and lets the requests in progress finish.
    """

    def __init__(self, instance: ServiceInstance, settings: Settings) -> None:
        proxies = [proxy.strip() for proxy in settings.trusted_proxies.split(",") if proxy.strip()]
        super().__init__(
            uvicorn.Config(
                instance.application,
                host=settings.host,
                port=settings.port,
                http=partial(SlowHeadTimeout, seconds=settings.request_seconds),  # type: ignore[arg-type]  # called as a class is
                ws="none",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=bool(proxies),
                forwarded_allow_ips=proxies,
                timeout_graceful_shutdown=settings.stop_seconds,
            )
        )
        self._readiness = instance.readiness
        self._drain_seconds = settings.drain_seconds
        self._stop: Callable[[], None] | None = None
        self._stop_at = 0.0  # monotonic seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        stop = partial(super().handle_exit, sig, frame)
        if self._readiness.stopping or not self._drain_seconds:
            stop()
        else:
            self._stop, self._stop_at = stop, time.monotonic() + self._drain_seconds
        self._readiness.stopping = True

    async def on_tick(self, counter: int) -> bool:
        if self._stop and time.monotonic() >= self._stop_at:
            self._stop()
            self._stop = None
        return await super().on_tick(counter)


class SlowHeadTimeout(HttpToolsProtocol):
    """A connection that limits the head of a request in time and in size.

    `seconds`: time for the head to arrive, else 408. A head larger than 32,768 bytes gets 431.
    """

    _head_bytes = 0  # received of a head that is not complete
    _timer: asyncio.TimerHandle | None = None  # runs while a head is awaited
    _answering: RequestResponseCycle | None = None  # the request that is answered now

    def __init__(self, *, seconds: float, **others: Any) -> None:
        super().__init__(**others)
        self._seconds = seconds

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        # uvicorn tells it only to the newest of several requests that were sent at once: the others would log an error.
        if self._answering and not self._answering.response_complete:
            self._answering.disconnected = True
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._timer and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(431)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - as its base, which answers in plain text
        self._refuse(400)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._start_timer()

    def on_headers_complete(self) -> None:
        self._stop_timer()
        super().on_headers_complete()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._head_bytes = 0
        self._timer = self.loop.call_later(self._seconds, self._refuse, 408)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: int) -> None:
        """Answer in Dutch, since Accept-Language stands in the head that was not read, and close the connection."""
        self._stop_timer()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            self.transport.write(_problem_bytes(status))
        self.transport.close()


def _problem_bytes(status: int) -> bytes:
    """Returns the whole answer, head and body, as sent on the connection."""
    answer = problem_of_status(status, "nl", {"Connection": "close"})
    head: list[Any] = [b"HTTP/1.1 %d \r\n" % status]
    head += [b"%s: %s\r\n" % header for header in answer.raw_headers]
    return b"".join([*head, b"\r\n", bytes(answer.body)])
