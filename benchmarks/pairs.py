"""The service and its floor side by side, measured in turns, so that whatever else the machine does hits both."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.ground import TEAM, Ground
from benchmarks.load import Measured, Plan
from benchmarks.report import Figure, Sample
from benchmarks.servers import Server, ask, cpu_seconds, floor, serving, token

READER = "carla"


@dataclass(frozen=True)
class Extent:
    """How much is measured. `listed`: cases behind a long list; `batch`: what is done in one go."""

    seconds: float
    rounds: int
    clients: tuple[int, ...]
    files: int
    listed: int
    batch: int


@dataclass(frozen=True)
class Pair:
    """The service and its floor, up at the same time on databases of the same content."""

    ground: Ground
    service: Server
    floor: Server
    extent: Extent
    headers: dict[str, str]

    def measure(
        self, name: str, of_service: Plan, of_floor: Plan, settle: Callable[[int], None] = lambda _: None
    ) -> Iterator[Figure]:
        """Every number of clients, in turns. `settle` waits for what that many requests of the service set going."""
        for clients in self.extent.clients:

            def of(plan: Plan, server: Server, clients: int = clients) -> Callable[[], Measured]:
                plan.port, plan.clients, plan.seconds = server.port, clients, self.extent.seconds
                return lambda: self._asked(plan, settle if server is self.service else None)

            yield self._in_turns(Figure(name, clients), of(of_service, self.service), of(of_floor, self.floor))

    def measure_batch(self, name: str, by_service: Callable[[int], None], by_floor: Callable[[int], None]) -> Figure:
        """So many at a time, one after another."""

        def timed(work: Callable[[int], None]) -> Callable[[], Measured]:
            return lambda: _timed(work, self.extent.batch)

        return self._in_turns(Figure(name, 1), timed(by_service), timed(by_floor))

    def _in_turns(self, figure: Figure, of_service: Callable[[], Measured], of_floor: Callable[[], Measured]) -> Figure:
        for _ in range(self.extent.rounds + 1):
            figure.floor.append(self._sample(self.floor, of_floor))
            figure.service.append(self._sample(self.service, of_service))
        # The first round fills caches and compiles statements.
        del figure.floor[0], figure.service[0]
        print(figure.in_a_line(), flush=True)
        return figure

    def _asked(self, plan: Plan, settle: Callable[[int], None] | None) -> Measured:
        measured = ask(plan)
        plan.versions = measured.versions
        if settle:
            settle(measured.requests)
        return measured

    def _sample(self, server: Server, work: Callable[[], Measured]) -> Sample:
        before = self._used(server)
        measured = work()
        used = zip(self._used(server), before, strict=True)
        return Sample(measured, *((after - earlier) / measured.requests for after, earlier in used))

    def _used(self, server: Server) -> tuple[float, float]:
        database = self.ground.database_pid
        return cpu_seconds(server.pid), cpu_seconds(database) if database else 0.0


def _timed(work: Callable[[int], None], count: int) -> Measured:
    began = time.perf_counter()
    work(count)
    return Measured(count, time.perf_counter() - began, 0, 0, 0, [])


@contextmanager
def up(ground: Ground, name: str, bare: str, extent: Extent, **settings: object) -> Iterator[Pair]:
    with (
        serving(ground.folder, ground.url(name), **settings) as service,
        floor(ground.folder, ground.url(bare), str(TEAM)) as under,
    ):
        yield Pair(ground, service, under, extent, bearing(service))


def bearing(service: Server) -> dict[str, str]:
    return {"authorization": f"Bearer {token(service, READER)}"}
