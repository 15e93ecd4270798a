"""Servers and clients as processes of their own, each on its own core where there are two, and what they use of it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from api_tests.support.databases import addresses
from benchmarks.load import Measured, Plan

ROOT = Path(__file__).parents[1]
_PATIENCE_SECONDS = 60
_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A process that answers on a port."""

    port: int
    pid: int


def cores() -> list[int]:
    """The cores that we may use; none where that cannot be said."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def pin(pid: int, place: int) -> None:
    """The server on the first core, its clients on the second, where there are two."""
    if len(some := cores()) > 1:
        os.sched_setaffinity(pid, {some[place]})


def cpu_seconds(pid: int) -> float:
    """What the process and its children have used so far; 0 where there is no /proc."""
    return sum(_own_cpu(it) for it in _tree(pid))


def _tree(root: int) -> Iterator[int]:
    parents = {}
    for stat in _PROC.glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue  # it ended meanwhile
    found = [root]
    while found:
        yield (pid := found.pop())
        found += [child for child, parent in parents.items() if parent == pid]


def _own_cpu(pid: int) -> float:
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    # Its own, and that of the children that have ended.
    return sum(map(int, fields[11:15])) / _TICKS


@contextmanager
def serving(folder: Path, database_url: str, **changes: object) -> Iterator[Server]:
    """The service itself, started as in production, its log written to a file."""
    port = _free_port()
    settings: dict[str, object] = {
        "PORT": port,
        "DATABASE_URL": addresses(database_url)["database_url"],
        "MASTER_KEY_FILE": folder / "master.key",
        "WORKFLOWS": ROOT / "workflows",
        "MODE": "demonstration",
        **dict.fromkeys(("PERSON_PER_MINUTE", "ADDRESS_PER_MINUTE"), 0),  # a handful of people ask for thousands
        **{name.upper(): value for name, value in changes.items()},
    }
    environment = {f"CASUSROUTE_{name}": str(value) for name, value in settings.items()}
    with _started([sys.executable, "-m", "service", "serve"], port, folder / "service.log", environment) as server:
        yield server


@contextmanager
def floor(folder: Path, database_url: str, team_id: str) -> Iterator[Server]:
    port = _free_port()
    command = [sys.executable, "-m", "benchmarks.floor", database_url, team_id, str(port)]
    with _started(command, port, folder / "floor.log", {}) as server:
        yield server


@contextmanager
def _started(command: list[str], port: int, log: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    with log.open("ab") as out:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stdout=out, stderr=out)
    try:
        pin(process.pid, 0)
        _wait_until_it_listens(process, port, log)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait()


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"did not start:\n{log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ask(plan: Plan) -> Measured:
    """Let the clients do it."""
    clients = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    pin(clients.pid, 1)
    out, _ = clients.communicate(json.dumps(asdict(plan)), timeout=plan.seconds + _PATIENCE_SECONDS)
    if clients.returncode:
        raise RuntimeError("the clients got an answer they did not expect")
    return Measured(**json.loads(out))


def token(server: Server, person: str) -> str:
    url = f"http://127.0.0.1:{server.port}/v1/demonstration/tokens"
    found: str = httpx.post(url, json={"person": person}).raise_for_status().json()["accessToken"]
    return found
