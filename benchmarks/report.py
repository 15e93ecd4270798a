"""The report of the figures in Markdown."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version

from benchmarks.load import LoadResult
from benchmarks.servers import cores
from service import __version__

_LIBRARIES = ("fastapi", "uvicorn", "uvloop", "httptools", "sqlalchemy", "pydantic", "psycopg", "cryptography")


@dataclass(frozen=True)
class Sample:
    """One round of one server. CPU in seconds per request: of the server, and of PostgreSQL."""

    result: LoadResult
    cpu: float
    database_cpu: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.result.requests / self.result.seconds


@dataclass
class Figure:
    """A measurement: the rounds of the service and of its floor."""

    name: str
    clients: int
    service: list[Sample] = field(default_factory=list)
    floor: list[Sample] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The rate of the best round of the service divided by that of the floor."""
        return best(self.service).rate / best(self.floor).rate

    def summary_line(self) -> str:
        service, floor = best(self.service), best(self.floor)
        return (
            f"  {self.name}, {self.clients} clients: {service.rate:,.0f}/s, {self.share:.2f} of {floor.rate:,.0f}/s; "
            f"cpu {service.cpu * 1000:.2f} ({floor.cpu * 1000:.2f}) ms; p99 {service.result.p99:.1f} ms"
        )


def best(samples: Sequence[Sample]) -> Sample:
    return max(samples, key=lambda sample: sample.rate)


def report(figures: Mapping[str, Sequence[Figure]], *, remark: str, minutes: float) -> str:
    """Returns the report. `figures`: engine -> its figures."""
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    places = "the server on one, its clients on another" if len(cores()) > 1 else "shared by server and clients"
    machine = f"{platform.system()} {platform.machine()}, {len(cores()) or '?'} cores ({places})"
    run = f"The whole run took {minutes:.0f} minutes.{' ' + remark if remark else ''}"
    origin = f"Casusroute {__version__}, {datetime.now(UTC):%d %B %Y}; {python} on {machine}; {libraries}. {run}"
    parts = ["# Figures", _TEXT, origin]
    for engine, figures_of_engine in figures.items():
        parts += [f"## {engine}", _table(figures_of_engine)]
    return "\n\n".join(parts) + "\n"


_TEXT = """\
`make bench` makes this report. Quote the share, not the speed. The floor is a bare ASGI function with the bare database
driver, on the same web server. It is measured in the same run, in turns with the service. It reads and writes **the
same rows**, with one commit per request and the same durability (SQLite: WAL, synchronous FULL, one writer thread;
PostgreSQL: fsync on, 8 connections), on a copy of the database without triggers and foreign keys. The floor checks
nothing and encrypts nothing.

There are 1,000 cases. Each case has been through the table. Each has parts: help is being arranged, a place is sought,
the advice is reconsidered, and the network and the national support structure have a question.

- **A transition**: `add_note` of 1.2 kB with token, access, If-Match, Idempotency-Key, form, encryption, chain,
  history, outbox and commit. Each client has cases of its own. The relay is off.
- **A transition, a webhook told of each**: the same step, with the relay at work in the same process. CPU is that of
  the step and of the delivery. The next round begins when all events are delivered. The floor is that of the step
  alone.
- **Telling a webhook of an event**: recorded entries are put into the feeds of two organisations. One webhook gets each
  of them, in order, until it has received the last. The floor writes the same rows, with one bare POST and one commit
  per event, to the same receiver.
- **Moving a case to another workflow**: follows a plan, with 200 cases per request and one commit per case. The floor
  writes the rows of a step for the same number of cases. Compare this figure with a transition by one client.
- **Reading one case**: its state and parts, the points that ask for attention, and the moves, from the whole history.
- **Reading one case file**: all content of such a case, decrypted. The line in the access log is committed first.
- **A work list**: the first page of the open work of the team. The first list has every kind of part. In the long list,
  half of the cases belong to this team and the others to 42 regions.

All figures are those of the best round. CPU is the time of the server process per request, and *database* is the time
of the processes of PostgreSQL. p50 and p99 are in milliseconds."""


def _table(figures: Sequence[Figure]) -> str:
    lines = [
        "| what | clients | requests/s | floor | share | CPU ms | floor | database | floor | p50 | p99 | floor p99 |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for figure in figures:
        service, floor = best(figure.service), best(figure.floor)
        cells = [
            figure.name,
            str(figure.clients),
            f"{service.rate:,.0f}",
            f"{floor.rate:,.0f}",
            f"**{figure.share:.2f}**",
            *(f"{seconds * 1000:.2f}" if seconds else "-" for seconds in _cpu_columns(service, floor)),
            *(f"{ms:.1f}" if ms else "-" for ms in (service.result.p50, service.result.p99, floor.result.p99)),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cpu_columns(service: Sample, floor: Sample) -> tuple[float, float, float, float]:
    return service.cpu, floor.cpu, service.database_cpu, floor.database_cpu
