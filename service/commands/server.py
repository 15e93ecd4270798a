"""The web server as this service needs it: patient only so far with the head of a request, and in no hurry to stop."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.app import Built
from service.http.problems import bare
from service.settings import Settings

LARGEST_HEAD = 32_768  # bytes


class Server(uvicorn.Server):
    """Told to stop, it is not ready at once, but serves on until balancers noticed; told again, it stops.

    Then nothing new is accepted, and what is under way gets its time to finish.
    """

    def __init__(self, built: Built, settings: Settings) -> None:
        proxies = [it.strip() for it in settings.trusted_proxies.split(",") if it.strip()]
        super().__init__(
            uvicorn.Config(
                built.application,
                host=settings.host,
                port=settings.port,
                http=partial(Patient, seconds=settings.request_seconds),  # type: ignore[arg-type]  # called as a class is
                ws="none",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=bool(proxies),
                forwarded_allow_ips=proxies,
                timeout_graceful_shutdown=settings.stop_seconds,
            )
        )
        self._readiness = built.readiness
        self._drain_seconds = settings.drain_seconds
        self._stop: Callable[[], None] | None = None
        self._stop_at = 0.0

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


class Patient(HttpToolsProtocol):
    """A connection where the head of a request may take so long and no longer, and be so large and no larger."""

    _coming_in = 0  # bytes of a head that is not there yet
    _until: asyncio.TimerHandle | None = None

    def __init__(self, *, seconds: float, **others: Any) -> None:
        super().__init__(**others)
        self._seconds = seconds

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._until and not self.transport.is_closing():
            self._coming_in += len(data)
            if self._coming_in > LARGEST_HEAD:
                self._refuse(431)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - as its base, which answers in plain text
        self._refuse(400)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._stop_waiting()
        self._coming_in = 0
        self._until = self.loop.call_later(self._seconds, self._refuse, 408)

    def _stop_waiting(self) -> None:
        if self._until:
            self._until.cancel()
            self._until = None

    def _refuse(self, status: int) -> None:
        """In Dutch: what language is asked stands in a head that was not read."""
        self._stop_waiting()
        under_way: RequestResponseCycle | None = self.cycle
        if under_way is None or under_way.response_complete:
            self.transport.write(_as_sent(status))
        self.transport.close()


def _as_sent(status: int) -> bytes:
    answer = bare(status, "nl", {"Connection": "close"})
    head: list[Any] = [b"HTTP/1.1 %d \r\n" % status]
    head += [b"%s: %s\r\n" % header for header in answer.raw_headers]
    return b"".join([*head, b"\r\n", bytes(answer.body)])
