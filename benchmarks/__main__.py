"""Measure the service next to its floor, on both engines, and keep the figures.

The floor writes and reads the same rows by the bare driver behind a bare ASGI function. Both are up at the same time
and take turns over several rounds, so that whatever else the machine does hits both.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from api_tests.postgres import Cluster
from benchmarks.ground import TEAM, Ground, told_once
from benchmarks.load import Measured, Plan
from benchmarks.report import Figure, Sample, report
from benchmarks.seeding import Story
from benchmarks.servers import Server, ask, cpu_seconds, floor, serving, token
from service.logs import configure

RESULTS = Path(__file__).parent / "RESULTS.md"
READER = "carla"
NOTE = (
    "Met moeder gebeld. De ochtenden gaan beter sinds er iemand is die blijft; de avonden zijn nog zwaar. "
    "Hij is deze week drie keer een halve dag naar school geweest en vertelde daar zelf over. "
    "Moeder vraagt of dezelfde begeleider ook in de vakantie kan komen. Dat vraag ik na bij de aanbieder. "
) * 4


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    seconds: float
    rounds: int
    clients: tuple[int, ...]
    files: int
    lists: tuple[tuple[str, int, int], ...]


WHOLE = Extent(
    seconds=1.0,
    rounds=3,
    clients=(1, 16),
    files=1000,
    lists=(
        ("Work list of 50 from 1,000 cases", 1000, 1),
        ("Work list of 50 from 100,000 cases of one team", 100_000, 1),
        ("Work list of 50 from 100,000 cases in 42 regions", 100_000, 42),
    ),
)
QUICK = Extent(
    seconds=0.2,
    rounds=1,
    clients=(1, 4),
    files=20,
    lists=(("Work list of 50 from 100 cases", 100, 1), ("Work list of 50 from 3,000 cases in 42 regions", 3000, 42)),
)


@dataclass(frozen=True)
class Pair:
    """The service and its floor, up at the same time on databases of the same content."""

    ground: Ground
    service: Server
    floor: Server
    token: str

    def measure(self, name: str, of_service: Plan, of_floor: Plan, extent: Extent) -> Iterator[Figure]:
        """Every number of clients, in turns."""
        for clients in extent.clients:
            figure = Figure(name, clients)
            for _ in range(extent.rounds + 1):
                figure.floor.append(self._sample(self.floor, of_floor, clients, extent.seconds))
                figure.service.append(self._sample(self.service, of_service, clients, extent.seconds))
            # The first round fills caches and compiles statements.
            del figure.floor[0], figure.service[0]
            print(figure.in_a_line(), flush=True)
            yield figure

    def _sample(self, server: Server, plan: Plan, clients: int, seconds: float) -> Sample:
        plan.port, plan.clients, plan.seconds = server.port, clients, seconds
        before = self._used(server)
        measured: Measured = ask(plan)
        used = [
            (after - earlier) / measured.requests for after, earlier in zip(self._used(server), before, strict=True)
        ]
        plan.versions = measured.versions
        return Sample(measured, *used)

    def _used(self, server: Server) -> tuple[float, float]:
        database = self.ground.database_pid
        return cpu_seconds(server.pid), cpu_seconds(database) if database else 0.0


@contextmanager
def _up(ground: Ground, name: str, bare: str) -> Iterator[Pair]:
    with (
        serving(ground.folder, ground.url(name)) as service,
        floor(ground.folder, ground.url(bare), str(TEAM)) as under,
    ):
        yield Pair(ground, service, under, token(service, READER))


def measure_files(ground: Ground, story: Story, extent: Extent) -> Iterator[Figure]:
    """Taking a step and reading a file, on many cases that have a whole file each."""
    ids = ground.plant_files("files", story, extent.files)
    version = sum(entry.part_kind == "case" for entry in story.entries)
    with serving(ground.folder, ground.url("files")) as service:
        # One step and one reading leave the rows that the floor repeats.
        headers = _headers(token(service, READER))
        ask(_notes([f"/v1/cases/{ids[-1]}/transitions"], headers, version, port=service.port))
        ask(Plan(service.port, 0, 1, [f"/v1/cases/{ids[-1]}/file"], headers))
    ground.copy_bare("files", "files_bare")
    with _up(ground, "files", "files_bare") as pair:
        some, headers = ids[:-1], _headers(pair.token)
        service_plan = _notes([f"/v1/cases/{it}/transitions" for it in some], headers, version)
        floor_plan = _notes([f"/write/{it}" for it in some], {}, version)
        yield from pair.measure("A transition", service_plan, floor_plan, extent)
        service_plan = Plan(0, 0, 1, [f"/v1/cases/{it}/file" for it in some], headers)
        floor_plan = Plan(0, 0, 1, [f"/file/{it}" for it in some])
        yield from pair.measure("Reading one case file", service_plan, floor_plan, extent)


def measure_lists(ground: Ground, extent: Extent) -> Iterator[Figure]:
    """The first page of the team's work, however much work there is."""
    for number, (name, count, regions) in enumerate(extent.lists):
        ground.plant_lists(f"list_{number}", count, regions=regions)
        with _up(ground, f"list_{number}", f"list_{number}") as pair:
            service_plan = Plan(0, 0, 1, ["/v1/work-items?whose=team"], _headers(pair.token))
            yield from pair.measure(name, service_plan, Plan(0, 0, 1, ["/page"]), extent)


def _headers(access_token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {access_token}"}


def _notes(paths: list[str], headers: dict[str, str], version: int, *, port: int = 0) -> Plan:
    body = f'{{"trigger":"add_note","form":{{"text":"{NOTE.strip()}"}}}}'
    headers = {**headers, "content-type": "application/json"}
    return Plan(port, 0, 1, paths, headers, body, [version] * len(paths), 201)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only see that it works; figures are not kept")
    parser.add_argument("--remark", default="", help="a sentence for the report, such as who else used the machine")
    chosen = parser.parse_args()
    configure("WARNING")  # of the service that acts out the story here; those that are measured log as always
    extent, began = (QUICK if chosen.quick else WHOLE), time.monotonic()
    found: dict[str, list[Figure]] = {}
    with ExitStack() as stack:
        top = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="casusroute-bench-")))
        story = told_once(top)
        cluster = stack.enter_context(Cluster(durable=True))
        for engine, server in (("SQLite", None), ("PostgreSQL", cluster)):
            folder = top / engine.lower()
            folder.mkdir()
            ground = Ground(folder, server)
            print(f"{engine} {ground.version()}", flush=True)
            found[f"{engine} {ground.version()}"] = [
                *measure_files(ground, story, extent),
                *measure_lists(ground, extent),
            ]
    text = report(found, remark=chosen.remark, minutes=(time.monotonic() - began) / 60)
    if chosen.quick:
        sys.stdout.write(text)
    else:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
