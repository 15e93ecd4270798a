"""What a test without the marker `server` may not do: open a socket or a database, or start a process.

Python itself tells of each (audit events), so nothing is patched and no way round it is forgotten.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# PostgreSQL is spoken to by a C library that tells nothing, but a server of ours is a process that was started.
_EVENTS = frozenset(
    {"socket.bind", "socket.connect", "sqlite3.connect", "subprocess.Popen", "os.fork", "os.posix_spawn"}
)
_refused_in: int | None = None  # the thread whose test may open nothing


class OpenedUnmarked(AssertionError):
    """A test opened or started something and does not say so with the marker `server`."""


@contextmanager
def refused() -> Iterator[None]:
    """Refuse every opening by this thread; services that run in other threads go on."""
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
