"""A service and its floor, measured in turns so that other load on the machine affects both."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.databases import TEAM, BenchmarkDatabases
from benchmarks.load import LoadPlan, LoadResult
from benchmarks.report import Figure, Sample
from benchmarks.servers import Server, cpu_seconds, run_clients, run_floor, run_service, token

READER = "carla"


@dataclass(frozen=True)
class Extent:
    """The extent of a run.

    `seconds`: length of a round; `files`: cases with a file; `listed`: cases behind the long work list; `batch`: items
    of a batch measurement.
    """

    seconds: float
    rounds: int
    clients: tuple[int, ...]
    files: int
    listed: int
    batch: int


@dataclass(frozen=True)
class Pair:
    """The service and its floor, running at the same time on databases with the same content."""

    databases: BenchmarkDatabases
    service: Server
    floor: Server
    extent: Extent
    headers: dict[str, str]

    def measure(
        self, name: str, service_plan: LoadPlan, floor_plan: LoadPlan, settle: Callable[[int], None] = lambda _: None
    ) -> Iterator[Figure]:
        """Measure with each number of clients. `settle` waits for the background work of that many service requests."""
        for clients in self.extent.clients:

            def run(plan: LoadPlan, server: Server, clients: int = clients) -> Callable[[], LoadResult]:
                plan.port, plan.clients, plan.seconds = server.port, clients, self.extent.seconds
                return lambda: self._run_clients(plan, settle if server is self.service else None)

            yield self._alternate(Figure(name, clients), run(service_plan, self.service), run(floor_plan, self.floor))

    def measure_batch(self, name: str, by_service: Callable[[int], None], by_floor: Callable[[int], None]) -> Figure:
        """Measure a batch of items that are processed one after another."""

        def timed(work: Callable[[int], None]) -> Callable[[], LoadResult]:
            return lambda: _timed(work, self.extent.batch)

        return self._alternate(Figure(name, 1), timed(by_service), timed(by_floor))

    def _alternate(
        self, figure: Figure, of_service: Callable[[], LoadResult], of_floor: Callable[[], LoadResult]
    ) -> Figure:
        for _ in range(self.extent.rounds + 1):
            figure.floor.append(self._sample(self.floor, of_floor))
            figure.service.append(self._sample(self.service, of_service))
        # The first round fills caches and compiles statements.
        del figure.floor[0], figure.service[0]
        print(figure.summary_line(), flush=True)
        return figure

    def _run_clients(self, plan: LoadPlan, settle: Callable[[int], None] | None) -> LoadResult:
        result = run_clients(plan)
        plan.versions = result.versions
        if settle:
            settle(result.requests)
        return result

    def _sample(self, server: Server, work: Callable[[], LoadResult]) -> Sample:
        before = self._cpu_seconds(server)
        result = work()
        pairs = zip(self._cpu_seconds(server), before, strict=True)
        return Sample(result, *((after - earlier) / result.requests for after, earlier in pairs))

    def _cpu_seconds(self, server: Server) -> tuple[float, float]:
        database = self.databases.database_pid
        return cpu_seconds(server.pid), cpu_seconds(database) if database else 0.0


def _timed(work: Callable[[int], None], count: int) -> LoadResult:
    began = time.perf_counter()
    work(count)
    return LoadResult(count, time.perf_counter() - began, 0, 0, 0, [])


@contextmanager
def running_pair(
    databases: BenchmarkDatabases, name: str, bare: str, extent: Extent, **settings: object
) -> Iterator[Pair]:
    with (
        run_service(databases.folder, databases.url(name), **settings) as service,
        run_floor(databases.folder, databases.url(bare), str(TEAM)) as floor,
    ):
        yield Pair(databases, service, floor, extent, authorization_header(service))


def authorization_header(service: Server) -> dict[str, str]:
    return {"authorization": f"Bearer {token(service, READER)}"}
