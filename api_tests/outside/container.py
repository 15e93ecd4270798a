"""A container of an image, as closed as compose.yaml makes one: run by runc on the network of this machine."""

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from api_tests.outside.others import Failed, run_program

PATIENCE_IN_SECONDS = 60


@dataclass(frozen=True)
class ImageSettings:
    """The settings that an image gives to its containers."""

    environment: list[str]
    command: list[str]
    folder: str
    user: str
    health: list[str]
    stop_signal: str

    @classmethod
    def of(cls, configuration: Mapping[str, Any]) -> Self:
        """Read the configuration of an image of the docker format. A health check is a program with arguments."""
        kind, *health = configuration["Healthcheck"]["Test"]
        if kind != "CMD":
            raise Failed(f"the health check is no program with arguments but {kind}")
        return cls(
            environment=configuration["Env"],
            command=configuration["Cmd"],
            folder=configuration["WorkingDir"],
            user=configuration["User"],
            health=health,
            stop_signal=configuration["StopSignal"],
        )


@dataclass(frozen=True)
class Container:
    """A running container."""

    name: str
    folder: Path
    image: ImageSettings
    process: "subprocess.Popen[bytes]"

    def exit_code(self, *command: str) -> int:
        """Run a program in the container, as its user."""
        return subprocess.run([*self._runc("exec"), self.name, *command], capture_output=True, check=False).returncode

    def output(self, *command: str) -> str:
        return run_program(*self._runc("exec"), self.name, *command, folder=self.folder).strip()

    def wait_until_healthy(self) -> None:
        deadline = time.monotonic() + PATIENCE_IN_SECONDS
        while self.exit_code(*self.image.health):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"the container did not become healthy:\n{self.log()}")
            time.sleep(0.2)

    def stop(self) -> int:
        """Stop in good order, as an orchestrator does, and return the exit code."""
        run_program(*self._runc("kill"), self.name, self.image.stop_signal, folder=self.folder)
        return self.process.wait(PATIENCE_IN_SECONDS)

    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    def _runc(self, act: str) -> list[str]:
        return ["runc", "--root", str(self.folder / "state"), act]


@contextmanager
def container(
    folder: Path, files: Path, image: ImageSettings, command: list[str], settings: Mapping[str, str]
) -> Iterator[Container]:
    """Run a container with new data. `files`: the root file system of the image, which the container cannot change."""
    data = folder / "data"
    data.mkdir(parents=True)
    user, group = _ids(files, image.user)
    run_program("chown", f"{user}:{group}", data, folder=folder)
    run_program("runc", "spec", folder=folder)
    configuration = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    configuration["root"] = {"path": str(files), "readonly": True}
    configuration["process"] |= {
        "terminal": False,
        "user": {"uid": user, "gid": group},
        "args": command,
        "env": [*image.environment, *(f"{name}={value}" for name, value in settings.items())],
        "cwd": image.folder,
        "capabilities": {},
        "noNewPrivileges": True,
    }
    configuration["mounts"] += [
        {"type": "bind", "source": str(data), "destination": "/data", "options": ["rbind", "rw"]},
        {"type": "tmpfs", "source": "tmpfs", "destination": "/tmp", "options": ["nosuid", "nodev"]},  # noqa: S108 - its own
    ]
    spaces = configuration["linux"]["namespaces"]
    configuration["linux"]["namespaces"] = [space for space in spaces if space["type"] != "network"]
    (folder / "config.json").write_text(json.dumps(configuration), encoding="utf-8")
    run = ["runc", "--root", str(folder / "state"), "run", "--bundle", str(folder), folder.name]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(run, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield Container(folder.name, folder, image, process)
    finally:
        if process.poll() is None:
            with suppress(Failed):
                run_program("runc", "--root", folder / "state", "kill", folder.name, "KILL", folder=folder)
            process.wait(PATIENCE_IN_SECONDS)


def _ids(files: Path, user: str) -> tuple[int, int]:
    """The numbers of a user and their group in the files of an image."""
    for line in (files / "etc" / "passwd").read_text(encoding="utf-8").splitlines():
        name, _, number, group, *_ = line.split(":")
        if name == user:
            return int(number), int(group)
    raise Failed(f"the image runs as {user}, who is not in its /etc/passwd")
