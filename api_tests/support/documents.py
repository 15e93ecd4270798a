"""The documents that people read: their blocks, the commands in them, and a reader who types these."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from markdown_it import MarkdownIt

from api_tests.support.checkout import ROOT

# Written by people for people; the others are generated, or tell what was measured.
PAGES = tuple(
    sorted(
        [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "examples/README.md", ROOT / "workflows/README.md"]
    )
)
SHELLS = frozenset({"sh", "bash", "shell", "console"})
_MARKER = re.compile(r"<!-- (?P<kind>run|not run|shows)(?::? (?P<rest>.+?))? -->")
_PORT = re.compile(r"(?<![\d.-])(?:[89]\d{3}|5432)(?![\d-])")
_SECONDS_TO_ANSWER = 120
_SECONDS_TO_PRINT = 10


@dataclass(frozen=True)
class Block:
    """A fenced block with the marker above it. `kind`: run, not run, shows, or empty without a marker."""

    kind: str
    rest: str
    language: str
    text: str
    line: int


def blocks(markdown: str) -> list[Block]:
    """All code blocks of a page, in order; an indented one has the language `indented`."""
    read, marker = [], None
    for token in MarkdownIt("commonmark").parse(markdown):
        if token.type == "html_block":
            marker = _MARKER.fullmatch(token.content.strip())
        elif token.type in {"fence", "code_block"}:
            kind, rest = (marker["kind"], marker["rest"] or "") if marker else ("", "")
            language = token.info.strip() if token.type == "fence" else "indented"
            read.append(Block(kind, rest, language, token.content, token.map[0] + 1 if token.map else 0))
            marker = None
        elif token.type.endswith("_open"):
            marker = None
    return read


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Reader:
    """A person with one terminal per server, in the root of a fresh checkout that make has set up.

    Each port that a page names becomes a free one, so that pages can be read at the same time.
    """

    def __init__(self, folder: Path, ports: Mapping[str, int], programs: Path | None = None) -> None:
        self._folder = folder / "casusroute"
        self._state = folder / "variables"
        self._ports = dict(ports)
        self._path = f"{programs}{os.pathsep}{os.environ['PATH']}" if programs else os.environ["PATH"]
        self._servers: list[subprocess.Popen[bytes]] = []
        self._printed: Callable[[], str] = str
        _copy_checkout(self._folder)
        self._state.write_text("", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            with suppress(ProcessLookupError):  # it ended by itself
                os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)

    def type(self, commands: str) -> None:
        """Run a block to its end."""
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self._script(commands, keep=True)],
            cwd=self._folder, env=self._environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=300, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, f"{commands}\n{ended.stdout}"
        self._printed = lambda: ended.stdout

    def start(self, commands: str, port: str) -> None:
        """Leave a block running, and return when its port answers."""
        log = self._folder.parent / f"server_{len(self._servers)}.log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", self._script(commands, keep=False)],
                cwd=self._folder, env=self._environment(), stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        self._servers.append(server)
        until = time.monotonic() + _SECONDS_TO_ANSWER
        while not _answers(self._port(port)):
            assert server.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < until, f"nothing listens on {port}: {log.read_text(encoding='utf-8')}"
            time.sleep(0.1)
        self._printed = lambda: log.read_text(encoding="utf-8")

    def printed(self) -> str:
        """The output of the last block, errors too; of a server, what it printed until now."""
        return self._as_written(self._printed())

    def sees(self, expected: str) -> bool:
        """Tells whether each expected line stands in the output, in that order; `…` stands for anything."""
        until = time.monotonic() + (_SECONDS_TO_PRINT if self._servers else 0)
        while not (is_shown := shows(self.printed(), expected)) and time.monotonic() < until:
            time.sleep(0.1)
        return is_shown

    def _script(self, commands: str, *, keep: bool) -> str:
        own = _PORT.sub(lambda match: str(self._port(match[0])), commands)
        own = re.sub(r"(-m examples\.issuer)(?! --port)", rf"\1 --port {self._port('9000')}", own)
        after = f'\nexport -p | grep -v " \\(PWD\\|OLDPWD\\|SHLVL\\)=" > "{self._state}"' if keep else ""
        return f'source "{self._state}"\nset -a\n{own}{after}'

    def _port(self, written: str) -> int:
        return self._ports.setdefault(written, free_port())

    def _as_written(self, output: str) -> str:
        """The output with the ports that the page names."""
        for written, used in self._ports.items():
            output = output.replace(f":{used}", f":{written}")
        return output

    def _environment(self) -> dict[str, str]:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("CASUSROUTE_", "PYTEST"))
        }
        return inherited | {
            "CASUSROUTE_PORT": str(self._port("8000")),
            "MAKEFLAGS": "",
            "PATH": self._path,
            "PYTHONDONTWRITEBYTECODE": "1",
        }


def shows(output: str, expected: str) -> bool:
    lines = iter(output.splitlines())
    return all(
        any(re.search(".*".join(map(re.escape, pattern.strip().split("…"))), line) for line in lines)
        for pattern in expected.splitlines()
        if pattern.strip() not in {"", "…"}
    )


def _answers(port: int) -> bool:
    with socket.socket() as caller:
        caller.settimeout(1)
        return caller.connect_ex(("127.0.0.1", port)) == 0


def _copy_checkout(folder: Path) -> None:
    ours = shutil.ignore_patterns(".*cache", ".git", ".venv", ".hypothesis", "__pycache__", "_build", "data")
    shutil.copytree(ROOT, folder, ignore=ours)
    (folder / ".venv").symlink_to(sys.prefix)
