"""Work at the database that ends with an exception of the event loop's own ends its request, and nothing else."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest
from structlog.testing import capture_logs

from api_tests.support.people import Person, everybody
from api_tests.support.problems import problem_of
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import Running, running, settings_for
from service.cases.store.drafts import Drafts
from service.database.worker_threads import BrokenOff, Database
from service.people.store.regions import Reference

pytestmark = pytest.mark.server


class OfAKind(StopIteration):
    """Python's own future takes it for an answer: None."""


# Each means something else to a future, a coroutine or an event loop than "this failed".
KINDS: tuple[type[BaseException], ...] = (
    StopIteration, OfAKind, StopAsyncIteration, GeneratorExit, SystemExit, KeyboardInterrupt,
    CancelledError, asyncio.CancelledError, BaseException,
)  # fmt: skip
NAMES = [it.__qualname__ + (" of futures" if it is CancelledError else "") for it in KINDS]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("broken_off")
    with running(settings_for(folder, f"sqlite:///{folder / 'casusroute.db'}")) as started:
        yield started


@pytest.fixture
def anna(own: Running) -> Iterator[Person]:
    people = everybody(own.url)
    yield people.anna
    for it in people.values():
        it.client.close()


def raising(kind: type[BaseException]) -> Callable[..., NoReturn]:
    def work(*_: object, **__: object) -> NoReturn:
        raise kind("very-secret")

    return work


@broken_by(
    "a StopIteration that leaves a unit of work ends that request only",
    "service/database/worker_threads.py",
    "except (StopIteration, StopAsyncIteration, CancelledError) as error:",
    "except (StopAsyncIteration, CancelledError) as error:",
    case="OfAKind",
)
@broken_by(
    "a SystemExit that leaves a unit of work ends that request only",
    "service/database/worker_threads.py",
    "    except BaseException as error:\n        raise BrokenOff().with_traceback(error.__traceback__) from error\n",
    "",
    case="GeneratorExit",
)
@broken_by(
    "the log tells the type of what broke a unit off",
    "service/http/edge.py",
    "error.__cause__ if isinstance(error, BrokenOff) else error",
    "error",
    case="StopAsyncIteration",
)
@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_the_request_gets_500_the_log_tells_type_and_place_and_everything_goes_on(
    own: Running, anna: Person, kind: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken, capture_logs() as lines:
        broken.setattr(Reference, "regions", raising(kind))
        broken.setattr(Drafts, "begin", raising(kind))
        read = httpx.get(f"{own.url}/v1/regions", timeout=5)
        written = anna.post("/drafts", {"form": {}}, timeout=5)

    after = [anna.get("/regions").status_code, anna.post("/drafts", {"form": {}}).status_code]
    logged = [(line["error"], line["place"].partition(":")[0]) for line in lines if line["event"] == "unexpected"]
    for answer in (read, written):
        assert "very-secret" not in str(problem_of(answer, 500, "internal"))
    # The last line of the service: what it called is this test.
    assert logged == [
        (kind.__qualname__, "service.reference.api.lists"),
        (kind.__qualname__, "service.cases.use_cases.drafts"),
    ]
    assert after == [200, 201]
    assert own.built.database.under_way == 0


@broken_by(
    "who watches hears of a StopIteration too",
    "service/database/worker_threads.py",
    "self._watcher.submit(_run_for_future, self.read_now, work))",
    "self._watcher.submit(self.read_now, work))",
    case="OfAKind",
)
@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_whoever_waits_for_a_thread_hears_that_the_work_broke_off_and_why(
    own: Running, kind: type[BaseException]
) -> None:
    database: Database = own.built.database

    async def each() -> list[object]:
        heard: list[object] = []
        for ask in (database.write, database.read, database.watch):
            with pytest.raises(BrokenOff) as told:
                await asyncio.wait_for(ask(raising(kind)), 5)
            heard.append(type(told.value.__cause__))
        return heard

    heard = asyncio.run(each())
    with pytest.raises(BrokenOff):
        database.watch_now(raising(kind))

    assert heard == [kind] * 3
    assert database.under_way == 0


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_without_an_event_loop_it_leaves_as_it_is_and_nothing_is_kept(
    own: Running, anna: Person, kind: type[BaseException]
) -> None:
    """At a start and in a command: Ctrl-C and SystemExit end the process, as they are meant to."""

    def work(transaction: Any) -> NoReturn:
        transaction.connection.exec_driver_sql("DELETE FROM drafts")
        raise kind

    anna.post("/drafts", {"form": {}})
    for now in (own.built.database.write_now, own.built.database.read_now):
        with pytest.raises(kind):
            now(work)

    kept = own.built.database.read_now(
        lambda transaction: transaction.connection.exec_driver_sql("SELECT count(*) FROM drafts").scalar_one()
    )
    assert kept >= 1


def test_a_request_that_is_cancelled_counts_down_and_its_thread_goes_on(own: Running) -> None:
    database, began, go = own.built.database, threading.Event(), threading.Event()

    def work(_: object) -> NoReturn:
        began.set()
        go.wait(5)
        raise StopIteration

    async def cancelled() -> int:
        asked = asyncio.create_task(database.write(work))
        waiting = asyncio.create_task(database.write(work))
        await asyncio.to_thread(began.wait, 5)
        for it in (asked, waiting):
            it.cancel()
        await asyncio.gather(asked, waiting, return_exceptions=True)
        left = database.under_way
        go.set()
        return left + await asyncio.wait_for(database.write(lambda _: 0), 5)

    assert asyncio.run(cancelled()) == 0
