"""A network between the service and its database that can fail: a TCP proxy."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from random import Random
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

COMMIT = b"COMMIT\x00"
_RESET = struct.pack("ii", 1, 0)  # with this linger option, closing resets the connection


class Proxy:
    """Passes all traffic on until it is told to fail.

    `resetting` is the chance that a connection is reset after COMMIT was sent and before its answer. COMMIT has arrived
    in half of these resets; the client cannot tell.
    """

    def __init__(self, target: int) -> None:
        self.resetting = 0.0
        self.resets = 0
        self._flowing = Event()
        self._flowing.set()
        self._refusing = False
        self._chance = Random(3)
        self._target = target
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        self._closed = Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])

    def __enter__(self) -> Self:
        Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._listening.close()
        self.cut()

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Hold all traffic back; it arrives at the end of the block."""
        self._flowing.clear()
        try:
            yield
        finally:
            self._flowing.set()

    @contextmanager
    def refusal(self) -> Iterator[None]:
        """Reset all connections, and accept none."""
        self._refusing = True
        self.cut()
        try:
            yield
        finally:
            self._refusing = False

    def cut(self) -> None:
        """Reset all connections."""
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            _reset(end)

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            if self._refusing:
                _reset(client)
            else:
                Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
            server.settimeout(None)
        except OSError:
            _reset(client)
            return
        with self._lock:
            self._open |= {client, server}
        doomed = Event()
        Thread(target=self._forward_answers, args=(server, client, doomed), daemon=True).start()
        self._forward_requests(client, server, doomed)

    def _forward_requests(self, client: socket.socket, server: socket.socket, doomed: Event) -> None:
        with suppress(OSError):
            while data := client.recv(65_536):
                self._flowing.wait()
                if data.endswith(COMMIT) and self._chance.random() < self.resetting:
                    self.resets += 1
                    if self._chance.random() < 0.5:
                        doomed.set()  # its answer ends the connection
                        server.sendall(data)
                        continue
                    break
                server.sendall(data)
        self._end(client, server)

    def _forward_answers(self, server: socket.socket, client: socket.socket, doomed: Event) -> None:
        with suppress(OSError):
            while (data := server.recv(65_536)) and not doomed.is_set():
                self._flowing.wait()
                client.sendall(data)
        self._end(client, server)

    def _end(self, *ends: socket.socket) -> None:
        with self._lock:
            self._open -= set(ends)
        for end in ends:
            _reset(end)


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        end.close()
