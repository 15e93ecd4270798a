"""Server and client processes, each on its own core where there are two, and the CPU time that they use."""

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

from api_tests.support.databases import address_settings
from benchmarks.load import LoadPlan, LoadResult

ROOT = Path(__file__).parents[1]
_PATIENCE_SECONDS = 60
_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A server process and its port."""

    port: int
    pid: int


def cores() -> list[int]:
    """Returns the cores available to this process, or none where the system does not tell."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def pin(pid: int, place: int) -> None:
    """Bind a process to a core by its place in the list of cores; no effect with one core."""
    if len(available := cores()) > 1:
        os.sched_setaffinity(pid, {available[place]})


def cpu_seconds(pid: int) -> float:
    """Returns the CPU seconds of a process and its children; 0 where there is no /proc."""
    return sum(_process_cpu(process) for process in _process_tree(pid))


def _process_tree(root: int) -> Iterator[int]:
    parents = {}
    for stat in _PROC.glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue  # the process has ended
    pending = [root]
    while pending:
        yield (pid := pending.pop())
        pending += [child for child, parent in parents.items() if parent == pid]


def _process_cpu(pid: int) -> float:
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    # User and system time of the process, and of its children that have ended.
    return sum(map(int, fields[11:15])) / _TICKS


@contextmanager
def run_service(folder: Path, database_url: str, **changes: object) -> Iterator[Server]:
    """Run the service, started as in production, with its log in a file."""
    port = _free_port()
    settings: dict[str, object] = {
        "PORT": port,
        "DATABASE_URL": address_settings(database_url)["database_url"],
        "MASTER_KEY_FILE": folder / "master.key",
        "WORKFLOWS": ROOT / "workflows",
        "MODE": "demonstration",
        **dict.fromkeys(
            ("PERSON_PER_MINUTE", "ADDRESS_PER_MINUTE"), 0
        ),  # the load of many users comes from a few test users
        **{name.upper(): value for name, value in changes.items()},
    }
    environment = {f"CASUSROUTE_{name}": str(value) for name, value in settings.items()}
    with _run_process([sys.executable, "-m", "service", "serve"], port, folder / "service.log", environment) as server:
        yield server


@contextmanager
def run_floor(folder: Path, database_url: str, team_id: str) -> Iterator[Server]:
    """Run the floor on a bare copy of a database."""
    port = _free_port()
    command = [sys.executable, "-m", "benchmarks.floor", database_url, team_id, str(port)]
    with _run_process(command, port, folder / "floor.log", {}) as server:
        yield server


@contextmanager
def _run_process(command: list[str], port: int, log: Path, environment: Mapping[str, str]) -> Iterator[Server]:
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


def run_clients(plan: LoadPlan) -> LoadResult:
    """Run the clients of a plan as a process of their own."""
    clients = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    pin(clients.pid, 1)
    out, _ = clients.communicate(json.dumps(asdict(plan)), timeout=plan.seconds + _PATIENCE_SECONDS)
    if clients.returncode:
        raise RuntimeError("the clients got an answer they did not expect")
    return LoadResult(**json.loads(out))


def token(server: Server, person: str) -> str:
    url = f"http://127.0.0.1:{server.port}/v1/demonstration/tokens"
    access_token: str = httpx.post(url, json={"person": person}).raise_for_status().json()["accessToken"]
    return access_token
