"""The relay: from the outbox to the feeds, and from the feeds to the webhooks. Several may run at once."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TypeVar
from uuid import UUID

import structlog

from service.database.transaction import Transaction
from service.database.worker_threads import Database
from service.events.relay.webhook_client import Outside
from service.events.rules import to_event
from service.events.store.deliveries import Deliveries
from service.events.store.feeds import Feeds
from service.events.store.subscriptions import Subscriptions
from service.events.use_cases.delivery import Answer, Call, next_call, settle
from service.settings import Settings

# As many rows as are published in one transaction: requests wait for no more than this.
AT_ONCE = 100
T = TypeVar("T")
log = structlog.get_logger("casusroute")


class Relay:
    """Wakes when this process recorded something, and looks by itself for what others recorded and for what is due."""

    def __init__(self, database: Database, outside: Outside, settings: Settings) -> None:
        self.database = database
        self._outside = outside
        self._settings = settings
        self._awake = asyncio.Event()
        self._telling: dict[UUID, asyncio.Task[None]] = {}

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Works in the background until the block ends; what is under way then is begun again by the next relay."""
        loop = asyncio.get_running_loop()
        async with self._outside.open():

            def wake() -> None:
                loop.call_soon_threadsafe(self._awake.set)

            self.database.when_recorded = wake
            working = asyncio.create_task(self._work())
            try:
                yield
            finally:
                self.database.when_recorded = lambda: None
                tasks = [working, *self._telling.values()]
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def by_itself(self) -> None:
        """Works as a process of its own, until it is told to stop."""
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        async with self.at_work():
            await stopped.wait()
        self.database.close()

    async def _work(self) -> None:
        while True:
            self._awake.clear()
            try:
                await self._publish()
                await self._begin_telling()
            except Exception as error:  # noqa: BLE001 - whatever is wrong with the database now may be over in a while
                _say(error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._awake.wait(), self._settings.relay_seconds)

    async def _publish(self) -> None:
        """Fill the feeds with everything that waits."""
        while await self.database.read(_everything(lambda transaction: Feeds(transaction).waits())):
            if not await self.database.write(_everything(lambda transaction: Feeds(transaction).publish(AT_ONCE))):
                break

    async def _begin_telling(self) -> None:
        """One task per webhook that can be told something: one that hangs holds up nobody else."""
        for subscription_id in await self.database.read(
            _everything(lambda transaction: Deliveries(transaction).with_work())
        ):
            if subscription_id not in self._telling:
                task = asyncio.create_task(self._tell_all(subscription_id))
                self._telling[subscription_id] = task
                task.add_done_callback(partial(self._told, subscription_id))

    def _told(self, subscription_id: UUID, _: asyncio.Task[None]) -> None:
        """Looks again at once: something may have come while the task ended."""
        del self._telling[subscription_id]
        self._awake.set()

    async def _tell_all(self, subscription_id: UUID) -> None:
        try:
            while call := await self.database.write(
                _everything(lambda transaction: _claimed(transaction, subscription_id))
            ):
                answer = await self._tell(call)
                await self._settle(call, answer)
                if call.subscription.per_minute:
                    await asyncio.sleep(60 / call.subscription.per_minute)
        except Exception as error:  # noqa: BLE001 - as above; the claim runs out and the event is told then
            _say(error)
            await asyncio.sleep(self._settings.relay_seconds)

    async def _tell(self, call: Call) -> Answer:
        now = self.database.now()
        event = to_event(call.delivery.news, source=self._settings.event_source, address=self._settings.address)
        return await self._outside.tell(call.subscription.url, event, call.subscription.secrets, now=now)

    async def _settle(self, call: Call, answer: Answer) -> None:
        most = self._settings.webhook_attempts
        await self.database.write(
            _everything(lambda transaction: settle(transaction, call, answer, most_attempts=most))
        )


def _everything(work: Callable[[Transaction], T]) -> Callable[[Transaction], T]:
    """The relay tells of every case, each organisation what it may hear."""

    def done(transaction: Transaction) -> T:
        transaction.allow_all_rows("relay")
        return work(transaction)

    return done


def _claimed(transaction: Transaction, subscription_id: UUID) -> Call | None:
    subscription = Subscriptions(transaction).find(subscription_id)
    return next_call(transaction, subscription) if subscription else None


def _say(error: Exception) -> None:
    # By its type alone: its words could hold what somebody typed.
    log.error("relay", error=type(error).__qualname__)
