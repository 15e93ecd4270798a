"""Load generator: clients on keep-alive connections, each of which sends its next request after each answer.

It runs as a process of its own, which reads a plan (JSON) from standard input and writes the result to standard output.
It is Python alone, so that nothing has to be installed, and runs on another core than the server.
"""

import asyncio
import json
import re
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import cast
from uuid import uuid4

import uvloop

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_VERSION = re.compile(rb'etag: "(\d+)"', re.IGNORECASE)
_END = b"\r\n\r\n"


@dataclass
class LoadPlan:
    """The load on a server: the paths are divided over the clients. With a body the requests are changes.

    `versions`: the current version at each path, for If-Match; empty for reads. `seconds`: the length of the round.
    """

    port: int
    seconds: float
    clients: int
    paths: list[str]
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    versions: list[int] = field(default_factory=list)
    status: int = 200


@dataclass
class LoadResult:
    """The result of a plan. `p50` and `p99` in milliseconds; `versions`: the version at each path after it."""

    requests: int
    seconds: float
    p50: float
    p99: float
    answer_bytes: int
    versions: list[int]


class Client(asyncio.Protocol):
    """One connection: sends a request, waits for the whole answer, sends the next."""

    def __init__(self, plan: LoadPlan, number: int, until: float) -> None:
        self._plan = plan
        self._indexes = range(number % len(plan.paths), len(plan.paths), plan.clients)
        self._until = until
        self._turn = 0
        self._sent_at = 0.0
        self._received = b""
        self._expected = 0
        self._transport: asyncio.Transport
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.durations: list[float] = []
        self.answer_bytes = 0
        fixed = "".join(f"{name}: {value}\r\n" for name, value in plan.headers.items())
        self._head = f" HTTP/1.1\r\nhost: 127.0.0.1\r\n{fixed}"
        self._body = plan.body.encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))

    def _send(self) -> None:
        index = self._indexes[self._turn % len(self._indexes)]
        path = self._plan.paths[index]
        if self._plan.versions:
            change_headers = f'if-match: "{self._plan.versions[index]}"\r\nidempotency-key: {uuid4()}\r\n'
            head = f"POST {path}{self._head}{change_headers}content-length: {len(self._body)}\r\n\r\n"
        else:
            head = f"GET {path}{self._head}\r\n"
        self._sent_at = time.perf_counter()
        self._transport.write(head.encode() + self._body)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._expected and (end := self._received.find(_END)) >= 0:
            length = _LENGTH.search(self._received, 0, end)
            assert length, self._received
            self._expected = end + len(_END) + int(length[1])
        if self._expected and len(self._received) >= self._expected:
            self._finish_answer()

    def _finish_answer(self) -> None:
        now = time.perf_counter()
        status = int(self._received[9:12])
        if status != self._plan.status:
            self.done.set_exception(AssertionError(f"{status}: {self._received[-500:]!r}"))
            return
        self.durations.append(now - self._sent_at)
        self.answer_bytes = len(self._received)
        if self._plan.versions:
            version = _VERSION.search(self._received)
            assert version, self._received
            self._plan.versions[self._indexes[self._turn % len(self._indexes)]] = int(version[1])
        self._received, self._expected = b"", 0
        self._turn += 1
        if now < self._until:
            self._send()
        else:
            self.done.set_result(None)
            self._transport.close()


async def measure(plan: LoadPlan) -> LoadResult:
    """Run all clients until the time is over and the last answer has arrived."""
    loop, began = asyncio.get_running_loop(), time.perf_counter()
    clients: list[Client] = []
    for number in range(plan.clients):
        client = Client(plan, number, began + plan.seconds)
        await loop.create_connection(lambda client=client: client, "127.0.0.1", plan.port)  # type: ignore[misc]  # mypy knows no defaults of a lambda
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    seconds = time.perf_counter() - began
    durations = sorted(duration for client in clients for duration in client.durations)
    return LoadResult(
        requests=len(durations),
        seconds=seconds,
        p50=durations[len(durations) // 2] * 1000,
        p99=durations[min(len(durations) - 1, int(len(durations) * 0.99))] * 1000,
        answer_bytes=max(client.answer_bytes for client in clients),
        versions=plan.versions,
    )


if __name__ == "__main__":
    json.dump(asdict(uvloop.run(measure(LoadPlan(**json.load(sys.stdin))))), sys.stdout)
