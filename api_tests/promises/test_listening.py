"""The address of the service: told in a line, refused in a sentence; a demonstration is for this machine alone."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.sabotages import broken_by

pytestmark = pytest.mark.server

NO_ISSUER = '[{"name": "http://127.0.0.1:9"}]'


def settings(folder: Path, **changes: object) -> Mapping[str, str]:
    values = {
        "database_url": f"sqlite:///{folder / 'casusroute.db'}",
        "master_key_file": folder / "master.key",
        "destruction_list": folder / "destructions.jsonl",
        "log_level": "WARNING",
        "port": 0,
        **changes,
    }
    return os.environ | {f"CASUSROUTE_{name.upper()}": str(value) for name, value in values.items()}


def run_command(command: str, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "service", command], cwd=ROOT, env=environment,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@contextmanager
def start_command(command: str, environment: Mapping[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """A running command, whose output is read as it comes."""
    with subprocess.Popen(
        [sys.executable, "-m", "service", command], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


@contextmanager
def used_port() -> Iterator[int]:
    """Yields a port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@broken_by(
    "A used port is reported before the service sets anything up",
    "service/commands/listen_sockets.py",
    "new_socket.bind((address, port))",
    "new_socket.bind((address, 0))",
    case="run",
)
@pytest.mark.parametrize("command", ["run", "serve"])
def test_a_used_port_is_reported_before_anything_else_with_the_setting_that_changes_it(
    tmp_path: Path, command: str
) -> None:
    with used_port() as port:
        process = run_command(command, settings(tmp_path, port=port))

    assert process.returncode != 0
    assert process.stdout == ""
    assert process.stderr == (
        f"not started: 127.0.0.1:{port} is in use by another program, or by this service itself; "
        "stop that program, or choose another port with CASUSROUTE_PORT\n"
    )
    assert [*tmp_path.iterdir()] == []  # no database, no key


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        (
            "192.0.2.1",
            "not started: 192.0.2.1:0 is not an address of this machine; choose another with CASUSROUTE_HOST\n",
        ),
        ("no.such.host.invalid", "the host no.such.host.invalid cannot be found"),
    ],
)
def test_an_address_that_this_machine_does_not_have_is_refused_with_its_setting(
    tmp_path: Path, host: str, sentence: str
) -> None:
    process = run_command("serve", settings(tmp_path, host=host, issuers=NO_ISSUER))

    assert process.returncode != 0
    assert sentence in process.stderr
    assert "CASUSROUTE_HOST" in process.stderr


def test_a_used_port_for_metrics_is_reported_before_the_welcome_too(tmp_path: Path) -> None:
    with used_port() as port:
        process = run_command("run", settings(tmp_path, metrics_port=port))

    assert (process.stdout, process.returncode != 0) == ("", True)
    assert f"127.0.0.1:{port} is in use" in process.stderr
    assert "CASUSROUTE_METRICS_PORT" in process.stderr


@broken_by(
    "The command serve prints where the service listens",
    "service/commands/serve.py",
    "_welcome(settings) if set_up else _listens(settings)",
    '_welcome(settings) if set_up else ""',
)
@pytest.mark.parametrize(("host", "start"), [("127.0.0.1", "http://127.0.0.1:"), ("localhost", "http://localhost:")])
def test_serve_says_in_one_line_where_it_listens_and_answers_there(tmp_path: Path, host: str, start: str) -> None:
    environment = settings(tmp_path, host=host, issuers=NO_ISSUER)
    assert run_command("migrate", environment).returncode == 0

    with start_command("serve", environment) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = line.split()[-1]
        alive = httpx.get(f"{address}/v1/health", timeout=20).status_code

    assert line.startswith("Casusroute ")
    assert " listens on " in line
    assert address.startswith(start)
    assert not address.endswith(":0")
    assert alive == 200


def test_the_welcome_of_run_names_the_port_that_was_free(tmp_path: Path) -> None:
    with start_command("run", settings(tmp_path)) as process:
        assert process.stdout is not None
        address = next(line.split()[-1] for line in process.stdout if line.strip().startswith("documentation"))
        page = httpx.get(address, timeout=20)
        process.terminate()
        process.stdout.read()

    assert page.status_code == 200


@broken_by(
    "A demonstration refuses to listen beyond this machine, however it is started",
    "service/commands/serve.py",
    'settings.mode == "demonstration" and settings.host not in LOOPBACK',
    "settings.host in ()",
    case="serve",
)
@pytest.mark.parametrize("command", ["run", "serve"])
def test_a_demonstration_beyond_this_machine_is_refused_with_the_reason_and_the_setting(
    tmp_path: Path, command: str
) -> None:
    process = run_command(command, settings(tmp_path, host="0.0.0.0", mode="demonstration"))  # noqa: S104 - it is refused

    assert process.returncode != 0
    assert process.stdout == ""
    for part in ("gives everybody a token", "not on 0.0.0.0", "CASUSROUTE_DEMONSTRATION_FOR_OTHERS=true"):
        assert part in process.stderr
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("changes", "command"),
    [
        ({"mode": "demonstration", "demonstration_for_others": True}, "serve"),
        ({"demonstration_for_others": True}, "run"),
        ({"issuers": NO_ISSUER}, "serve"),
    ],
    ids=["a demonstration that is meant for others", "the same by run", "production"],
)
def test_a_service_that_is_meant_for_others_listens_on_every_address(
    tmp_path: Path, changes: dict[str, object], command: str
) -> None:
    environment = settings(tmp_path, host="0.0.0.0", **changes)  # noqa: S104 - it is meant
    assert run_command("migrate", environment).returncode == 0

    with start_command(command, environment) as process:
        assert process.stdout is not None
        address = next(word for line in process.stdout for word in line.split() if word.startswith("http://0.0.0.0:"))
        port = address.removesuffix("/v1").rpartition(":")[2]
        alive = httpx.get(f"http://127.0.0.1:{port}/v1/health", timeout=20).status_code
        process.terminate()
        process.stdout.read()

    assert alive == 200
