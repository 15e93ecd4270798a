"""Readiness of this process: the checks behind /v1/ready, and how often each of them runs."""

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog

from service.database.engine import sqlite_file
from service.database.health import failing_database_checks
from service.database.standby import StandbyState, standby_state
from service.database.transaction import Transaction
from service.database.worker_threads import Database
from service.settings import Settings
from service.vocabulary.refusals import Unavailable

log = structlog.get_logger("casusroute")

# In the order of the answer. `stopping` comes without other checks.
CHECKS = (
    "database", "revision", "read_only", "protections", "second_wall", "database_settings", "timeouts", "standby",
    "master_key", "outbox", "disk",
)  # fmt: skip
CHECK_TIMEOUT_SECONDS = 1
# The checks of the database take many SQL statements: after a pass they are skipped for this many seconds.
RECHECK_SECONDS = 10


class Readiness:
    """Runs the checks once for simultaneous requests.

    `outbox_age` returns the seconds that the oldest event has waited for its feeds.
    """

    def __init__(self, database: Database, settings: Settings, outbox_age: Callable[[Transaction], float]) -> None:
        self.stopping = False
        self._database = database
        self._settings = settings
        self._outbox_age = outbox_age
        self._running_check: asyncio.Future[tuple[str, ...]] | None = None
        self._passed_until = 0.0  # monotonic seconds
        self._standby: StandbyState | None = None

    async def failing_checks(self) -> tuple[str, ...]:
        """Returns the codes of the failing checks; an empty tuple when the process is ready."""
        if self.stopping:
            return ("stopping",)
        if self._running_check is None or self._running_check.done():
            self._running_check = asyncio.ensure_future(self._check())
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
                return await asyncio.shield(self._running_check)
        except TimeoutError:
            return ("database",)

    async def _check(self) -> tuple[str, ...]:
        try:
            failures = await self._database.monitor(lambda transaction: {*self._check_database(transaction)})
        except Unavailable:
            failures = {"database"}
        failures |= {"disk"} if self._is_disk_full() else set()
        return tuple(check for check in CHECKS if check in failures)

    def _check_database(self, transaction: Transaction) -> Iterator[str]:
        if time.monotonic() >= self._passed_until:
            may_lose_data, second_wall = self._settings.database_may_lose_data, self._settings.requires_row_security
            failures = failing_database_checks(transaction, may_lose_data=may_lose_data, second_wall=second_wall)
            failures += () if self.watch_standby(transaction) else ("standby",)
            yield from failures
            if "revision" in failures:
                return
            self._passed_until = 0.0 if failures else time.monotonic() + RECHECK_SECONDS
        max_age = self._settings.outbox_seconds
        if max_age and self._outbox_age(transaction) > max_age:
            yield "outbox"

    def watch_standby(self, transaction: Transaction) -> bool:
        """Log a standby that begins to be asynchronous or absent. False when the settings require a synchronous one."""
        required = self._settings.synchronous_standby
        if required == "ignore":
            return True
        state = standby_state(transaction.connection)
        if state != self._standby and state in ("asynchronous", "absent"):
            log.warning("standby", state=state)
        self._standby = state
        return required == "warn" or state in (None, "synchronous")

    def _is_disk_full(self) -> bool:
        """True when a disk that this process writes to has less free space than CASUSROUTE_FREE_MEGABYTES."""
        min_bytes = self._settings.free_megabytes * 1_000_000
        files = (sqlite_file(self._settings.database_url), self._settings.destruction_list)
        return any(min_bytes and shutil.disk_usage(_folder(file)).free < min_bytes for file in files if file)


def _folder(file: Path) -> Path:
    """Returns the nearest folder above this file that exists."""
    return next(folder for folder in file.resolve().parents if folder.exists())
