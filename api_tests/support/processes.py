"""The service as an operator runs it: a process of its own, with its log in a file."""

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
    """A service that answers at `url` (without /v1), with metrics at `metrics_url`."""

    url: str
    metrics_url: str
    database_url: str
    log_file: Path
    popen: "subprocess.Popen[bytes]"

    def log(self) -> list[dict[str, Any]]:
        """The log lines since the welcome text. A line that is no JSON fails."""
        _, _, lines = self.log_file.read_text(encoding="utf-8").partition("Stop with Ctrl-C; the data stays.\n")
        return [json.loads(line) for line in lines.splitlines() if line]

    def log_once(self, holds: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """The log as soon as this condition holds: the line of a request is written after its answer."""
        self.wait_until(lambda: holds(self.log()))
        return self.log()

    def wait_until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.01)

    def metrics(self) -> dict[str, float]:
        """Returns the value per metric, by its name with its labels."""
        lines = httpx.get(self.metrics_url).text.splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines) if name[:1].isalpha()}


@contextmanager
def process(folder: Path, database_url: str, *, tree: Path = ROOT, **changes: object) -> Iterator[Process]:
    """Run `python -m service run` of this checkout on this database, with these changes to the settings."""
    with socket.socket() as probe, socket.socket() as metrics_probe:
        probe.bind(("127.0.0.1", 0))
        metrics_probe.bind(("127.0.0.1", 0))
        port, metrics_port = probe.getsockname()[1], metrics_probe.getsockname()[1]
    url, log_file = f"http://127.0.0.1:{port}", folder / "log"
    settings = {
        "PORT": str(port),
        "METRICS_PORT": str(metrics_port),
        "MASTER_KEY_FILE": str(folder / "master.key"),
    }
    settings |= {name.upper(): str(value) for name, value in changes.items()}
    variables = environment_of(database_url) | {f"CASUSROUTE_{name}": value for name, value in settings.items()}
    environment = {**os.environ, **variables}
    with log_file.open("wb") as log:
        command = [sys.executable, "-m", "service", "run"]
        child = subprocess.Popen(command, cwd=tree, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_for(url, child)
            yield Process(url, f"http://127.0.0.1:{metrics_port}/metrics", database_url, log_file, child)
        finally:
            child.terminate()
            child.wait(20)


def _wait_for(url: str, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and child.poll() is None:
        try:
            if httpx.get(f"{url}/v1/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError("the service did not start")
