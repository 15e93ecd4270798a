"""The service as somebody runs it: a process of its own, with its log in a file."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from api_tests.running import ROOT


@dataclass(frozen=True)
class Process:
    """A service that answers at `url` (without /v1)."""

    url: str
    database_url: str
    log_file: Path

    def log(self) -> list[dict[str, Any]]:
        """What it has said since its welcome, line by line; a line that is no JSON fails."""
        _, _, said = self.log_file.read_text(encoding="utf-8").partition("Stop with Ctrl-C; the data stays.\n")
        return [json.loads(line) for line in said.splitlines() if line]

    def log_once(self, holds: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """The log as soon as this holds of it: the line of a request is written after its answer has left."""
        deadline = time.monotonic() + 20
        while not holds(told := self.log()):
            assert time.monotonic() < deadline, told
            time.sleep(0.01)
        return told


@contextmanager
def process(folder: Path, database_url: str) -> Iterator[Process]:
    """`python -m service run` on this database."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url, log_file = f"http://127.0.0.1:{port}", folder / "log"
    settings = {"PORT": str(port), "DATABASE_URL": database_url, "MASTER_KEY_FILE": str(folder / "master.key")}
    environment = {**os.environ, **{f"CASUSROUTE_{name}": value for name, value in settings.items()}}
    with log_file.open("wb") as log:
        command = [sys.executable, "-m", "service", "run"]
        started = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_for(url, started)
            yield Process(url, database_url, log_file)
        finally:
            started.terminate()
            started.wait(20)


def _wait_for(url: str, started: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and started.poll() is None:
        try:
            if httpx.get(f"{url}/v1/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError("the service did not start")
