"""Whether requests should be sent to this process: what is looked at, and how seldom it can be."""

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from service.database.engine import file_of
from service.database.health import failing
from service.database.transaction import Transaction
from service.database.worker_threads import Database
from service.settings import Settings
from service.vocabulary.refusals import Unavailable

# In the order in which they are told; `stopping` is told alone.
CHECKS = ("database", "revision", "protections", "second_wall", "database_settings", "master_key", "outbox", "disk")
LIMIT_SECONDS = 1
# What takes many statements is looked at no more often than this while it is in order.
STANDS_SECONDS = 10


class Readiness:
    """Asked by many at once, it looks once. `outbox_age`: seconds that the oldest event waits for its feeds."""

    def __init__(self, database: Database, settings: Settings, outbox_age: Callable[[Transaction], float]) -> None:
        self.stopping = False
        self._database = database
        self._settings = settings
        self._outbox_age = outbox_age
        self._looking: asyncio.Future[tuple[str, ...]] | None = None
        self._stands_until = 0.0

    async def failing(self) -> tuple[str, ...]:
        """The checks that fail, in codes; none when all is well."""
        if self.stopping:
            return ("stopping",)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.ensure_future(self._look())
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                return await asyncio.shield(self._looking)
        except TimeoutError:
            return ("database",)

    async def _look(self) -> tuple[str, ...]:
        try:
            found = await self._database.watch(lambda transaction: {*self._in_database(transaction)})
        except Unavailable:
            found = {"database"}
        found |= {"disk"} if self._is_full() else set()
        return tuple(it for it in CHECKS if it in found)

    def _in_database(self, transaction: Transaction) -> Iterator[str]:
        if time.monotonic() >= self._stands_until:
            lossy, walled = self._settings.database_may_lose_data, self._settings.insists_on_wall
            found = failing(transaction, may_lose_data=lossy, second_wall=walled)
            yield from found
            if "revision" in found:
                return
            self._stands_until = 0.0 if found else time.monotonic() + STANDS_SECONDS
        most = self._settings.outbox_seconds
        if most and self._outbox_age(transaction) > most:
            yield "outbox"

    def _is_full(self) -> bool:
        """Whether the disk is too full that this process writes to."""
        least = self._settings.free_megabytes * 1_000_000
        places = (file_of(self._settings.database_url), self._settings.destruction_list)
        return any(least and shutil.disk_usage(_folder(it)).free < least for it in places if it)


def _folder(place: Path) -> Path:
    """The folder that it is in, or will be made in."""
    return next(it for it in place.resolve().parents if it.exists())
