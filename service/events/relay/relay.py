"""The relay publishes the outbox to the feeds, delivers the feeds to webhooks, and seals the access log.

Several relays may run at once.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

import structlog

from service.audit.store.seals import LogSeals
from service.database.transaction import Transaction
from service.database.worker_threads import Database
from service.events.relay.webhook_client import WebhookClient
from service.events.rules import to_event
from service.events.store.deliveries import Deliveries
from service.events.store.feeds import Feeds
from service.events.store.subscriptions import WebhookSubscriptions
from service.events.use_cases.delivery import WebhookAnswer, WebhookCall, claim_next_call, record_answer
from service.settings import Settings

# Rows that are published in one transaction. Requests wait no longer than one batch.
PUBLISH_BATCH = 100
# Rows of the access log under one seal, and the time between two looks for rows to seal.
SEAL_BATCH = 1000
SEAL_INTERVAL = timedelta(minutes=1)
T = TypeVar("T")
log = structlog.get_logger("casusroute")


class Relay:
    """Runs when this process recorded a transition, and polls for other processes and for deliveries that are due."""

    def __init__(self, database: Database, outside: WebhookClient, settings: Settings) -> None:
        self.database = database
        self._client = outside
        self._settings = settings
        self._wake_up = asyncio.Event()
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._sealed_at: datetime | None = None

    @asynccontextmanager
    async def run_in_background(self) -> AsyncIterator[None]:
        """Run in the background until the block ends. The next relay repeats deliveries that were interrupted."""
        loop = asyncio.get_running_loop()
        async with self._client.open():

            def wake() -> None:
                loop.call_soon_threadsafe(self._wake_up.set)

            self.database.on_new_events = wake
            worker = asyncio.create_task(self._work())
            try:
                yield
            finally:
                self.database.on_new_events = lambda: None
                tasks = [worker, *self._tasks.values()]
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def run_as_process(self) -> None:
        """Run as a process until SIGINT or SIGTERM."""
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        async with self.run_in_background():
            await stopped.wait()
        self.database.close()

    async def _work(self) -> None:
        while True:
            self._wake_up.clear()
            try:
                await self._publish()
                await self._start_deliveries()
                await self._seal_log()
            except Exception as error:  # noqa: BLE001 - a database failure may be temporary
                _log_error(error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake_up.wait(), self._settings.relay_seconds)

    async def _publish(self) -> None:
        """Publish all rows of the outbox that are not published yet."""
        while await self.database.read(_with_all_rows(lambda transaction: Feeds(transaction).has_unpublished())):
            if not await self.database.write(
                _with_all_rows(lambda transaction: Feeds(transaction).publish(PUBLISH_BATCH))
            ):
                break

    async def _seal_log(self) -> None:
        """Seal the rows of the access log that are old enough, once a minute."""
        now = self.database.now()
        if self._sealed_at is not None and abs(now - self._sealed_at) < SEAL_INTERVAL:
            return
        while await self.database.write(_with_all_rows(lambda transaction: LogSeals(transaction).seal(SEAL_BATCH))):
            pass
        self._sealed_at = now

    async def _start_deliveries(self) -> None:
        """Start one task per webhook with a delivery that is due: a slow receiver does not delay others."""
        for subscription_id in await self.database.read(
            _with_all_rows(lambda transaction: Deliveries(transaction).subscriptions_due())
        ):
            if subscription_id not in self._tasks:
                task = asyncio.create_task(self._deliver_all(subscription_id))
                self._tasks[subscription_id] = task
                task.add_done_callback(partial(self._remove_task, subscription_id))

    def _remove_task(self, subscription_id: UUID, _: asyncio.Task[None]) -> None:
        """Poll again at once: an event may have become due while the task ended."""
        del self._tasks[subscription_id]
        self._wake_up.set()

    async def _deliver_all(self, subscription_id: UUID) -> None:
        try:
            while call := await self.database.write(
                _with_all_rows(lambda transaction: _claim_call(transaction, subscription_id))
            ):
                answer = await self._send(call)
                await self._record_answer(call, answer)
                if call.subscription.per_minute:
                    await asyncio.sleep(60 / call.subscription.per_minute)
        except Exception as error:  # noqa: BLE001 - as above; the event is delivered after its claim expires
            _log_error(error)
            await asyncio.sleep(self._settings.relay_seconds)

    async def _send(self, call: WebhookCall) -> WebhookAnswer:
        now = self.database.now()
        event = to_event(call.delivery.entry, source=self._settings.event_source, address=self._settings.base_url)
        return await self._client.send(call.subscription.url, event, call.subscription.secrets, now=now)

    async def _record_answer(self, call: WebhookCall, answer: WebhookAnswer) -> None:
        most = self._settings.webhook_attempts
        await self.database.write(
            _with_all_rows(lambda transaction: record_answer(transaction, call, answer, most_attempts=most))
        )


def _with_all_rows(unit_of_work: Callable[[Transaction], T]) -> Callable[[Transaction], T]:
    """Wrap a unit of work so that it sees the rows of all organisations."""

    def run(transaction: Transaction) -> T:
        transaction.allow_all_rows("relay")
        return unit_of_work(transaction)

    return run


def _claim_call(transaction: Transaction, subscription_id: UUID) -> WebhookCall | None:
    subscription = WebhookSubscriptions(transaction).find(subscription_id)
    return claim_next_call(transaction, subscription) if subscription else None


def _log_error(error: Exception) -> None:
    # Only the type of the error: its message could contain text from a request.
    log.error("relay", error=type(error).__qualname__)
