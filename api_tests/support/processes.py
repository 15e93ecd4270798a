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

from api_tests.support.checkout import ROOT
from api_tests.support.databases import environment_of


@dataclass(frozen=True)
class Process:
    """A service that answers at `url` (without /v1), and tells what operators watch at `metrics_url`."""

    url: str
    metrics_url: str
    database_url: str
    log_file: Path
    itself: "subprocess.Popen[bytes]"

    def log(self) -> list[dict[str, Any]]:
        """What it has said since its welcome, line by line; a line that is no JSON fails."""
        _, _, said = self.log_file.read_text(encoding="utf-8").partition("Stop with Ctrl-C; the data stays.\n")
        return [json.loads(line) for line in said.splitlines() if line]

    def log_once(self, holds: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """The log as soon as this holds of it: the line of a request is written after its answer has left."""
        self.wait_until(lambda: holds(self.log()))
        return self.log()

    def wait_until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.01)

    def figures(self) -> dict[str, float]:
        """What operators watch: each figure by its name with its labels."""
        lines = httpx.get(self.metrics_url).text.splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines) if name[:1].isalpha()}


@contextmanager
def process(folder: Path, database_url: str, *, tree: Path = ROOT, **changes: object) -> Iterator[Process]:
    """`python -m service run` of this checkout on this database, with changes to the settings."""
    with socket.socket() as free, socket.socket() as another:
        free.bind(("127.0.0.1", 0))
        another.bind(("127.0.0.1", 0))
        port, metrics_port = free.getsockname()[1], another.getsockname()[1]
    url, log_file = f"http://127.0.0.1:{port}", folder / "log"
    settings = {
        "PORT": str(port),
        "METRICS_PORT": str(metrics_port),
        "MASTER_KEY_FILE": str(folder / "master.key"),
    }
    settings |= {name.upper(): str(value) for name, value in changes.items()}
    told = environment_of(database_url) | {f"CASUSROUTE_{name}": value for name, value in settings.items()}
    environment = {**os.environ, **told}
    with log_file.open("wb") as log:
        command = [sys.executable, "-m", "service", "run"]
        started = subprocess.Popen(command, cwd=tree, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_for(url, started)
            yield Process(url, f"http://127.0.0.1:{metrics_port}/metrics", database_url, log_file, started)
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
