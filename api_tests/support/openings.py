"""Refusal of sockets, databases and processes in tests without the marker `server`.

Python reports each opening as an audit event, so that nothing is patched and nothing is missed.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# The C library of PostgreSQL raises no audit event. A test server is a process, whose start does.
_EVENTS = frozenset(
    {"socket.bind", "socket.connect", "sqlite3.connect", "subprocess.Popen", "os.fork", "os.posix_spawn"}
)
_refused_in: int | None = None  # the thread whose test may open nothing


class OpenedUnmarked(AssertionError):
    """A test without the marker `server` opened a socket or database, or started a process."""


@contextmanager
def refuse_openings() -> Iterator[None]:
    """Refuse all openings by this thread. Services in other threads continue."""
    global _refused_in  # noqa: PLW0603 - one test runs at a time in a process
    _refused_in = threading.get_ident()
    try:
        yield
    finally:
        _refused_in = None


def _audit(event: str, _: object) -> None:
    if _refused_in is not None and event in _EVENTS and threading.get_ident() == _refused_in:
        raise OpenedUnmarked(f"{event} in a test without the marker server (process {os.getpid()})")


sys.addaudithook(_audit)
