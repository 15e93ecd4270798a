"""The worker threads of a database. Each unit of work runs in one of them, in one transaction."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from service import metrics
from service.database.administration_seals import AdministrationSeals
from service.database.engine import SQLITE_READER_THREADS
from service.database.keyring import Keyring
from service.database.outage import unavailable_when_down
from service.database.steady_clock import SteadyClock
from service.database.transaction import Transaction
from service.database.write_ahead_log import empty_write_ahead_log
from service.vocabulary.refusals import RequestRefusal, Unavailable

T = TypeVar("T")


class WorkInterrupted(RuntimeError):
    """Work raised an exception that asyncio itself would act on. `__cause__` is that exception.

    The traceback is that of the cause, so that the log names the right place.
    """


class Database:
    """Runs units of work in threads and transactions of its own, so that the event loop never waits for a disk.

    SQLite: one writer thread and a few reader threads. PostgreSQL: as many threads as connections. One more thread is
    for readiness checks, however busy the others are. While `queue` units of work are in progress a further one is
    refused at once: a longer queue would only delay every answer.
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
        self.clock = SteadyClock(self.now)
        #: Reason why every transaction sees all cases, as for a command; empty when each transaction limits itself.
        self.all_rows_reason = ""
        #: Called after the commit of new events, in the worker thread.
        self.on_new_events: Callable[[], None] = lambda: None
        #: Units of work that run or wait for a thread. Only the event loop changes it.
        self.units_in_progress = 0
        self._queue = queue
        self._reading = engine.execution_options(sqlite_begin="DEFERRED")
        self._watcher = ThreadPoolExecutor(1, thread_name_prefix="watcher")
        if engine.dialect.name == "sqlite":
            self._writers = ThreadPoolExecutor(1, thread_name_prefix="writer")
            self._readers = ThreadPoolExecutor(SQLITE_READER_THREADS, thread_name_prefix="reader")
        else:
            self._writers = self._readers = ThreadPoolExecutor(connections, thread_name_prefix="database")

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run the work in one transaction, committed before this returns. Raises Unavailable."""
        return await self._run_queued(self._writers, self.write_sync, work)

    async def write_with_keys(self, create_keys: Callable[[Transaction], None], work: Callable[[Transaction], T]) -> T:
        """Run work and, before it, the creation of its keys. Work that is refused leaves no keys (decision 0008).

        PostgreSQL: both are one transaction. SQLite: two, since data and keys are two files; the one writer thread runs
        nothing between them. Raises Unavailable.
        """
        return await self._run_queued(self._writers, partial(self._write_with_keys_sync, create_keys), work)

    def _write_with_keys_sync(self, create_keys: Callable[[Transaction], None], work: Callable[[Transaction], T]) -> T:
        def create_keys_and_work(transaction: Transaction) -> T:
            create_keys(transaction)
            return work(transaction)

        keyring = self.keyring.for_new_keys()
        if self.engine.dialect.name == "postgresql":
            return self.write_sync(create_keys_and_work, keyring)
        self.write_sync(create_keys, keyring)
        return self.write_sync(work, keyring)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run work that changes nothing and reads no content. Raises Unavailable."""
        return await self._run_queued(self._readers, self.read_sync, work)

    async def monitor(self, work: Callable[[Transaction], T]) -> T:
        """Run reading work outside the queue, for readiness checks."""
        return await asyncio.wrap_future(self._watcher.submit(_run_for_future, self.read_sync, work))

    def monitor_sync(self, work: Callable[[Transaction], T]) -> T:
        """`monitor` for callers without an event loop."""
        return self._watcher.submit(_run_for_future, self.read_sync, work).result()

    async def _run_queued(
        self,
        threads: ThreadPoolExecutor,
        run: Callable[[Callable[[Transaction], T]], T],
        work: Callable[[Transaction], T],
    ) -> T:
        if self.units_in_progress >= self._queue:
            metrics.count_unit_of_work("turned_away")
            raise Unavailable
        self.units_in_progress += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, _run_for_future, run, work)
        finally:
            self.units_in_progress -= 1

    def write_sync(self, work: Callable[[Transaction], T], keyring: Keyring | None = None) -> T:
        """`write` for callers without an event loop. Work that loses a race against an equal request runs once more."""
        try:
            return self._once(self.engine, work, keyring)
        except IntegrityError:
            metrics.count_unit_of_work("again")
            return self._once(self.engine, work, keyring)

    def read_sync(self, work: Callable[[Transaction], T]) -> T:
        return self._once(self._reading, work)

    def _once(self, engine: Engine, work: Callable[[Transaction], T], keyring: Keyring | None = None) -> T:
        with _count_outcome(), unavailable_when_down(), engine.begin() as connection:
            transaction = Transaction(connection, keyring or self.keyring, self.clock)
            if self.all_rows_reason:
                transaction.allow_all_rows(self.all_rows_reason)
            result = work(transaction)
            AdministrationSeals(transaction).seal_changes()
        metrics.count_emergency_readings(transaction.emergency_readings)
        if transaction.has_destroyed_content:
            # Where a reader prevents it, `sweep` does it later.
            empty_write_ahead_log(self.engine)
        if transaction.has_new_events:
            self.on_new_events()
        return result

    def close(self) -> None:
        self._writers.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        self._watcher.shutdown(wait=True)
        self.engine.dispose()


A = TypeVar("A")


def _run_for_future(run: Callable[[A], T], argument: A) -> T:
    """Returns `run(argument)`; raises only exceptions that a future can carry to the waiting request.

    A future refuses StopIteration, and its caller then waits for ever; a subclass of it becomes the result None.
    CancelledError would cancel the request; SystemExit and KeyboardInterrupt would stop the whole event loop.
    """
    try:
        return run(argument)
    except (StopIteration, StopAsyncIteration, CancelledError) as error:
        raise WorkInterrupted().with_traceback(error.__traceback__) from error
    except Exception:
        raise
    except BaseException as error:
        raise WorkInterrupted().with_traceback(error.__traceback__) from error


@contextmanager
def _count_outcome() -> Iterator[None]:
    """Count how a unit of work ends. A refusal is counted apart from a failure, though both roll back."""
    outcome = "failed"
    try:
        yield
        outcome = "committed"
    except Unavailable:
        outcome = "unavailable"
        raise
    except RequestRefusal:
        outcome = "refused"
        raise
    finally:
        metrics.count_unit_of_work(outcome)
