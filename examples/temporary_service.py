"""A temporary service on a free port, with a database that is deleted afterwards."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from examples.answers import OK, StoryMismatch

ROOT = Path(__file__).parents[1]
START_TIMEOUT_SECONDS = 60.0


@contextmanager
def temporary_service() -> Iterator[str]:
    """Start the demonstration, yield its address, and stop it afterwards."""
    with tempfile.TemporaryDirectory(prefix="casusroute-story-") as folder:
        port = _free_port()
        url = f"http://127.0.0.1:{port}"
        settings = {
            "CASUSROUTE_HOST": "127.0.0.1",
            "CASUSROUTE_PORT": str(port),
            "CASUSROUTE_PUBLIC_URL": url,
            "CASUSROUTE_DATABASE_URL": f"sqlite:///{folder}/story.db",
            "CASUSROUTE_MASTER_KEY_FILE": f"{folder}/master.key",
        }
        errors = Path(folder) / "errors.txt"
        with errors.open("wb") as log:
            command = [sys.executable, "-m", "service", "run"]
            environment = os.environ | settings
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=log)  # noqa: S603 - our own service
            try:
                _wait(process, url, errors)
                yield url
            finally:
                process.terminate()
                process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, errors: Path) -> None:
    until = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise StoryMismatch(f"The service did not start: {errors.read_text('utf-8').strip()}")
        try:
            if httpx.get(f"{url}/v1/health", timeout=5).status_code == OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise StoryMismatch(f"The service did not answer within {START_TIMEOUT_SECONDS:.0f} seconds")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
