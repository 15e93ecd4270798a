"""The threads of a database, and the one transaction that every piece of work runs in."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from service import metrics
from service.database.engine import SQLITE_READERS
from service.database.keyring import Keyring
from service.database.sqlite_log import scrub
from service.database.transaction import Transaction
from service.vocabulary.refusals import Refusal, Unavailable

_SQLITE_NOT_NOW = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")

T = TypeVar("T")


class BrokenOff(RuntimeError):
    """Work ended with an exception that means something else to an event loop. `__cause__`: that exception.

    Its traceback is that of the cause, so that the log can tell the place.
    """


class Database:
    """Runs work in transactions of its own threads, so that the event loop never waits for a disk.

    SQLite: one writer thread and a few readers. PostgreSQL: as many threads as connections. One thread more watches:
    whether all is well can be seen however busy the others are. Where `queue` units of work are under way already,
    another is turned away at once: waiting longer would only make everybody's answer later.
    """

    def __init__(
        self,
        engine: Engine,
        keyring: Keyring,
        *,
        connections: int,
        queue: int = 1_000,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.engine = engine
        self.keyring = keyring
        self.now = clock or (lambda: datetime.now(UTC))
        self.all_rows_for = ""  # why every transaction sees every case: a command, and not a person who asks
        self.when_recorded: Callable[[], None] = lambda: None  # called after the commit, in the thread of the work
        self.under_way = 0  # units of work that are at it, or wait for a thread; of the event loop alone
        self._queue = queue
        self._reading = engine.execution_options(sqlite_begin="DEFERRED")
        self._watcher = ThreadPoolExecutor(1, thread_name_prefix="watcher")
        if engine.dialect.name == "sqlite":
            self._writers = ThreadPoolExecutor(1, thread_name_prefix="writer")
            self._readers = ThreadPoolExecutor(SQLITE_READERS, thread_name_prefix="reader")
        else:
            self._writers = self._readers = ThreadPoolExecutor(connections, thread_name_prefix="database")

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Do the work in one transaction, committed before this returns. Raises `Unavailable` when it cannot be."""
        return await self._in_turn(self._writers, self.write_now, work)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Do work that changes nothing and reads no content."""
        return await self._in_turn(self._readers, self.read_now, work)

    async def watch(self, work: Callable[[Transaction], T]) -> T:
        """`read` beside the queue, for whoever watches over this process."""
        return await asyncio.wrap_future(self._watcher.submit(_for_future, self.read_now, work))

    def watch_now(self, work: Callable[[Transaction], T]) -> T:
        return self._watcher.submit(_for_future, self.read_now, work).result()

    async def _in_turn(
        self,
        threads: ThreadPoolExecutor,
        run: Callable[[Callable[[Transaction], T]], T],
        work: Callable[[Transaction], T],
    ) -> T:
        if self.under_way >= self._queue:
            metrics.unit("turned_away")
            raise Unavailable
        self.under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, _for_future, run, work)
        finally:
            self.under_way -= 1

    def write_now(self, work: Callable[[Transaction], T]) -> T:
        """`write` for callers without an event loop. Work that lost a race against its twin is done once more."""
        try:
            return self._once(self.engine, work)
        except IntegrityError:
            metrics.unit("again")
            return self._once(self.engine, work)

    def read_now(self, work: Callable[[Transaction], T]) -> T:
        return self._once(self._reading, work)

    def _once(self, engine: Engine, work: Callable[[Transaction], T]) -> T:
        with _counted(), _unavailable_when_down(), engine.begin() as connection:
            transaction = Transaction(connection, self.keyring, self.now)
            if self.all_rows_for:
                transaction.allow_all_rows(self.all_rows_for)
            done = work(transaction)
        metrics.emergency_readings(transaction.emergency_readings)
        if transaction.recorded:
            self.when_recorded()
        return done

    async def scrub(self) -> None:
        """Leave nothing in the files of SQLite of what was just destroyed; `sweep` does what could not be done now."""
        await asyncio.get_running_loop().run_in_executor(self._writers, _for_future, scrub, self.engine)

    def close(self) -> None:
        self._writers.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        self._watcher.shutdown(wait=True)
        self.engine.dispose()


A = TypeVar("A")


def _for_future(run: Callable[[A], T], argument: A) -> T:
    """`run(argument)` in a thread, with exceptions that a future can carry to a request and no further.

    A future refuses StopIteration, and who waits for it waits for ever; of its subclasses it makes the answer None.
    CancelledError would cancel the request, and SystemExit and KeyboardInterrupt would stop the whole event loop.
    """
    try:
        return run(argument)
    except (StopIteration, StopAsyncIteration, CancelledError) as error:
        raise BrokenOff().with_traceback(error.__traceback__) from error
    except Exception:
        raise
    except BaseException as error:
        raise BrokenOff().with_traceback(error.__traceback__) from error


@contextmanager
def _counted() -> Iterator[None]:
    """How a unit of work ended: a refusal is an answer, and rolls back as a failure does."""
    outcome = "failed"
    try:
        yield
        outcome = "committed"
    except Unavailable:
        outcome = "unavailable"
        raise
    except Refusal:
        outcome = "refused"
        raise
    finally:
        metrics.unit(outcome)


@contextmanager
def _unavailable_when_down() -> Iterator[None]:
    """A database that is down, locked or full is a "not now", never a stack trace."""
    try:
        yield
    except IntegrityError:
        raise
    except (DBAPIError, PoolTimeout) as error:
        if isinstance(error, DBAPIError) and not _is_operational(error):
            raise
        raise Unavailable from error


def _is_operational(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        # SQLite's driver calls a missing table operational as well; what it is stands in the code.
        return str(getattr(error.orig, "sqlite_errorname", "")).startswith(_SQLITE_NOT_NOW)
    # PostgreSQL's classes 08, 40, 53, 55, 57 and 58: away, contended, full, out of something, going down, broken.
    not_now = isinstance(error, OperationalError | InterfaceError)
    return not_now or error.connection_invalidated or isinstance(error.orig, ReadOnlySqlTransaction)
