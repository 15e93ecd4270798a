"""A unit of work that ends with an exception of the event loop ends its request, and nothing else."""

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
from api_tests.support.servers import RunningService, running, settings_for
from service.cases.store.drafts import FormDrafts
from service.database.worker_threads import Database, WorkInterrupted
from service.people.store.regions import RegionRegister

pytestmark = pytest.mark.server


class SpecialStopIteration(StopIteration):
    """A subclass that Python's own future takes for the answer None."""


# Each of these means something else than "failed" to a future, a coroutine or an event loop.
KINDS: tuple[type[BaseException], ...] = (
    StopIteration, SpecialStopIteration, StopAsyncIteration, GeneratorExit, SystemExit, KeyboardInterrupt,
    CancelledError, asyncio.CancelledError, BaseException,
)  # fmt: skip
NAMES = [kind.__qualname__ + (" of futures" if kind is CancelledError else "") for kind in KINDS]


@pytest.fixture(scope="module")
def service_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    folder: Path = tmp_path_factory.mktemp("broken_off")
    with running(settings_for(folder, f"sqlite:///{folder / 'casusroute.db'}")) as service:
        yield service


@pytest.fixture
def anna(service_of_its_own: RunningService) -> Iterator[Person]:
    people = everybody(service_of_its_own.url)
    yield people.anna
    for person in people.values():
        person.client.close()


def raising(kind: type[BaseException]) -> Callable[..., NoReturn]:
    def work(*_: object, **__: object) -> NoReturn:
        raise kind("very-secret")

    return work


@broken_by(
    "A StopIteration in a unit of work ends only its own request",
    "service/database/worker_threads.py",
    "except (StopIteration, StopAsyncIteration, CancelledError) as error:",
    "except (StopAsyncIteration, CancelledError) as error:",
    case="SpecialStopIteration",
)
@broken_by(
    "A SystemExit or GeneratorExit in a unit of work ends only its own request",
    "service/database/worker_threads.py",
    "    except BaseException as error:\n"
    "        raise WorkInterrupted().with_traceback(error.__traceback__) from error\n",
    "",
    case="GeneratorExit",
)
@broken_by(
    "The log has the type of the exception that broke off a unit of work",
    "service/http/edge.py",
    "error.__cause__ if isinstance(error, WorkInterrupted) else error",
    "error",
    case="StopAsyncIteration",
)
@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_the_request_gets_500_the_log_tells_type_and_place_and_later_requests_are_served(
    service_of_its_own: RunningService, anna: Person, kind: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, capture_logs() as lines:
        patch.setattr(RegionRegister, "regions", raising(kind))
        patch.setattr(FormDrafts, "begin", raising(kind))
        read_answer = httpx.get(f"{service_of_its_own.url}/v1/regions", timeout=5)
        write_answer = anna.post("/drafts", {"form": {}}, timeout=5)

    statuses_after = [anna.get("/regions").status_code, anna.post("/drafts", {"form": {}}).status_code]
    entries = [(line["error"], line["place"].partition(":")[0]) for line in lines if line["event"] == "unexpected"]
    for answer in (read_answer, write_answer):
        assert "very-secret" not in str(problem_of(answer, 500, "internal"))
    # The place is the last line of the service. The code that it called is this test.
    assert entries == [
        (kind.__qualname__, "service.reference.api.lists"),
        (kind.__qualname__, "service.cases.use_cases.drafts"),
    ]
    assert statuses_after == [200, 201]
    assert service_of_its_own.built.database.units_in_progress == 0


@broken_by(
    "A monitoring caller learns that a StopIteration broke off its work",
    "service/database/worker_threads.py",
    "self._watcher.submit(_run_for_future, self.read_sync, work))",
    "self._watcher.submit(self.read_sync, work))",
    case="SpecialStopIteration",
)
@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_a_caller_that_waits_for_a_thread_is_told_that_the_work_broke_off_and_why(
    service_of_its_own: RunningService, kind: type[BaseException]
) -> None:
    database: Database = service_of_its_own.built.database

    async def collect_causes() -> list[object]:
        causes: list[object] = []
        for run_unit in (database.write, database.read, database.monitor):
            with pytest.raises(WorkInterrupted) as failure:
                await asyncio.wait_for(run_unit(raising(kind)), 5)
            causes.append(type(failure.value.__cause__))
        return causes

    causes = asyncio.run(collect_causes())
    with pytest.raises(WorkInterrupted):
        database.monitor_sync(raising(kind))

    assert causes == [kind] * 3
    assert database.units_in_progress == 0


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_without_an_event_loop_the_exception_is_passed_on_and_nothing_is_kept(
    service_of_its_own: RunningService, anna: Person, kind: type[BaseException]
) -> None:
    """At a start and in a command Ctrl-C and SystemExit must end the process."""

    def work(transaction: Any) -> NoReturn:
        transaction.connection.exec_driver_sql("DELETE FROM drafts")
        raise kind

    anna.post("/drafts", {"form": {}})
    for run_unit in (service_of_its_own.built.database.write_sync, service_of_its_own.built.database.read_sync):
        with pytest.raises(kind):
            run_unit(work)

    draft_count = service_of_its_own.built.database.read_sync(
        lambda transaction: transaction.connection.exec_driver_sql("SELECT count(*) FROM drafts").scalar_one()
    )
    assert draft_count >= 1


def test_a_request_that_is_cancelled_counts_down_and_its_thread_goes_on(service_of_its_own: RunningService) -> None:
    database, started, may_end = service_of_its_own.built.database, threading.Event(), threading.Event()

    def work(_: object) -> NoReturn:
        started.set()
        may_end.wait(5)
        raise StopIteration

    async def cancel_both() -> int:
        running_task = asyncio.create_task(database.write(work))
        waiting_task = asyncio.create_task(database.write(work))
        await asyncio.to_thread(started.wait, 5)
        for task in (running_task, waiting_task):
            task.cancel()
        await asyncio.gather(running_task, waiting_task, return_exceptions=True)
        under_way = database.units_in_progress
        may_end.set()
        return under_way + await asyncio.wait_for(database.write(lambda _: 0), 5)

    assert asyncio.run(cancel_both()) == 0
