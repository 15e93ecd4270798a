"""Processes of the service, each at its own address, started again when they die."""

import multiprocessing
import os
import signal
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from threading import Event, Thread

from api_tests.faults.failing import DIED_AT, Faults, live
from api_tests.support.checkout import ROOT
from api_tests.support.ledger import Ledger

# Each life is a fork of one process with all imports done: a start takes a tenth of the time.
_FORK = multiprocessing.get_context("forkserver")
_FORK.set_forkserver_preload(["api_tests.faults.prepared"])


class Replica:
    """One process of the service. `next_life` gives the faults of a life, `deaths` counts the causes of their ends."""

    def __init__(self, folder: Path, database_url: str, next_life: Callable[[], Faults], ledger: Ledger) -> None:
        self.port = _free_port()
        self.deaths: Counter[str] = Counter()
        self.log = folder / f"service-{self.port}.log"
        self._settings = {
            "host": "127.0.0.1",
            "port": self.port,
            "database_url": database_url,
            "master_key_file": str(folder / "master.key"),
            "workflows": str(ROOT / "workflows"),
            "mode": "demonstration",
            "relay_seconds": 1,
        }
        self._next_life = next_life
        self._ledger = ledger
        self._ending = Event()
        self._process: ForkServerProcess | None = None
        self._watching = Thread(target=self._watch, daemon=True)

    @contextmanager
    def at_work(self) -> Iterator["Replica"]:
        self._watching.start()
        try:
            yield self
        finally:
            self.end()

    def end(self) -> None:
        """Kill the process for good."""
        self._ending.set()
        while self._watching.is_alive():
            self.signal(signal.SIGKILL)
            self._watching.join(0.1)

    def signal(self, signal_number: signal.Signals) -> None:
        """Send a signal to the process, when it runs."""
        process = self._process
        if process and process.pid and process.exitcode is None:
            try:
                os.kill(process.pid, signal_number)
            except ProcessLookupError:
                return  # the process has just ended

    def is_frozen(self) -> bool:
        """True when the process is stopped, as by its own point."""
        process = self._process
        try:
            stat = Path(f"/proc/{process.pid if process else 0}/stat").read_text()
        except OSError:
            return False
        return stat.rpartition(")")[2].split()[0] == "T"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def _watch(self) -> None:
        while not self._ending.is_set():
            self._process = _FORK.Process(target=live, args=(self._settings, self._next_life(), str(self.log)))
            self._process.start()
            self._process.join()
            code = self._process.exitcode or 0
            cause = DIED_AT.get(code) or ("killed" if code == -signal.SIGKILL else "did not start")
            if not self._ending.is_set():
                self.deaths[cause] += 1
                self._ledger.count(cause)
                self._ending.wait(0.2 if cause == "did not start" else 0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
