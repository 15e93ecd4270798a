"""Clients that ask over kept-alive connections as fast as they are answered; a process of its own.

Reads a plan (JSON) from standard input and writes what it measured to standard output. Python alone, so that nothing
has to be installed; it is told apart from the server by the core it runs on.
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
class Plan:
    """What to ask of whom: paths in turn, each client its own. With a body they are changes, one version after another.

    `versions`: of what stands at each path, as If-Match wants it; empty when nothing is changed.
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
class Measured:
    """What came of it. `versions`: of each path now. Times in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    answer_bytes: int
    versions: list[int]


class Client(asyncio.Protocol):
    """One connection: asks, waits for the whole answer, asks the next."""

    def __init__(self, plan: Plan, number: int, until: float) -> None:
        self._plan = plan
        self._mine = range(number % len(plan.paths), len(plan.paths), plan.clients)
        self._until = until
        self._turn = 0
        self._asked_at = 0.0
        self._received = b""
        self._expected = 0
        self._transport: asyncio.Transport
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.took: list[float] = []
        self.answer_bytes = 0
        fixed = "".join(f"{name}: {value}\r\n" for name, value in plan.headers.items())
        self._head = f" HTTP/1.1\r\nhost: 127.0.0.1\r\n{fixed}"
        self._body = plan.body.encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))

    def _ask(self) -> None:
        index = self._mine[self._turn % len(self._mine)]
        path = self._plan.paths[index]
        if self._plan.versions:
            own = f'if-match: "{self._plan.versions[index]}"\r\nidempotency-key: {uuid4()}\r\n'
            head = f"POST {path}{self._head}{own}content-length: {len(self._body)}\r\n\r\n"
        else:
            head = f"GET {path}{self._head}\r\n"
        self._asked_at = time.perf_counter()
        self._transport.write(head.encode() + self._body)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._expected and (end := self._received.find(_END)) >= 0:
            length = _LENGTH.search(self._received, 0, end)
            assert length, self._received
            self._expected = end + len(_END) + int(length[1])
        if self._expected and len(self._received) >= self._expected:
            self._answered()

    def _answered(self) -> None:
        now = time.perf_counter()
        status = int(self._received[9:12])
        if status != self._plan.status:
            self.done.set_exception(AssertionError(f"{status}: {self._received[-500:]!r}"))
            return
        self.took.append(now - self._asked_at)
        self.answer_bytes = len(self._received)
        if self._plan.versions:
            version = _VERSION.search(self._received)
            assert version, self._received
            self._plan.versions[self._mine[self._turn % len(self._mine)]] = int(version[1])
        self._received, self._expected = b"", 0
        self._turn += 1
        if now < self._until:
            self._ask()
        else:
            self.done.set_result(None)
            self._transport.close()


async def measure(plan: Plan) -> Measured:
    """Let all clients ask until the time is over and the last one is answered."""
    loop, began = asyncio.get_running_loop(), time.perf_counter()
    clients: list[Client] = []
    for number in range(plan.clients):
        client = Client(plan, number, began + plan.seconds)
        await loop.create_connection(lambda client=client: client, "127.0.0.1", plan.port)  # type: ignore[misc]  # mypy knows no defaults of a lambda
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    seconds = time.perf_counter() - began
    took = sorted(it for client in clients for it in client.took)
    return Measured(
        requests=len(took),
        seconds=seconds,
        p50=took[len(took) // 2] * 1000,
        p99=took[min(len(took) - 1, int(len(took) * 0.99))] * 1000,
        answer_bytes=max(client.answer_bytes for client in clients),
        versions=plan.versions,
    )


if __name__ == "__main__":
    json.dump(asdict(uvloop.run(measure(Plan(**json.load(sys.stdin))))), sys.stdout)
