"""A test that starts a service or opens a database is marked: the others run by themselves, quickly (`make check`)."""

import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from api_tests.support.openings import OpenedUnmarked
from api_tests.support.servers import RunningService


def _bind() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))


def _connect() -> None:
    with socket.socket() as client:
        client.connect(("127.0.0.1", 9))


OPENINGS: dict[str, Callable[[], object]] = {
    "a database": lambda: sqlite3.connect(":memory:"),
    "a process": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
    "a server": _bind,
    "a client": _connect,
}


@pytest.mark.parametrize("name", OPENINGS)
def test_without_the_marker_a_test_opens_and_starts_nothing(name: str) -> None:
    with pytest.raises(OpenedUnmarked):
        OPENINGS[name]()


@pytest.mark.server
def test_with_the_marker_a_test_opens_what_is_needed(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "some.db").close()


def test_a_test_that_asks_for_a_service_is_marked_by_itself(
    service: RunningService, request: pytest.FixtureRequest
) -> None:
    assert service.url
    assert request.node.get_closest_marker("server")
