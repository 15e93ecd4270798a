"""The results of the campaign as a table, to be stored with the code."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from api_tests.faults.campaign import Outcome
from api_tests.faults.failing import POINTS
from service import __version__

RESULTS = Path(__file__).parents[2] / "benchmarks" / "FAULTS.md"
ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
_LIBRARIES = ("fastapi", "uvicorn", "sqlalchemy", "psycopg")
# The columns of the table.
_COLUMNS = (
    "fault", "engine", "done", "hits of named points", "requests", "duplicates", "acknowledged", "refused",
    "no answer or not now", "settled by retry", "violations", "verdict",
)  # fmt: skip
# The counts of the column "done", in this order; counts of zero are left out.
STRIKE_COUNTS = (
    "kills", "lost sight", "freezes", "went on without it", "crashes", "pauses", "outages", "resets", "full disks",
    "only said to be full", "recorded", "images", "most pending",
)  # fmt: skip


def table(outcomes: Sequence[Outcome]) -> str:
    lines = [
        f"| {' | '.join(_COLUMNS)} |",
        "|---|---|---|---|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    for outcome in outcomes:
        counts = outcome.counts
        hits = ", ".join(f"{point} {counts[point]}" for point in POINTS if counts.get(point))
        duplicates = counts.get("duplicates", 0) + counts.get("late duplicates", 0)
        unanswered = counts.get("no answer", 0) + counts.get("not now (POST)", 0) + counts.get("not now (GET)", 0)
        refused = sum(number for name, number in counts.items() if name.startswith("answered 4"))
        numbers = (
            counts.get("requests", 0),
            duplicates,
            counts.get("acknowledged", 0),
            refused,
            unanswered,
            counts.get("settled", 0),
        )
        cells = [
            outcome.fault,
            ENGINES[outcome.engine],
            ", ".join(f"{name} {counts[name]:,}" for name in STRIKE_COUNTS if counts.get(name)) or "-",
            hits or "-",
            *(f"{number:,}" for number in numbers),
            f"**{len(outcome.violations)}**",
            "sound" if outcome.sound else "NOT SOUND: " + "; ".join([*outcome.lacking, *outcome.violations[:1]]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def page(outcomes: Sequence[Outcome], minutes: float) -> str:
    libraries = ", ".join(f"{library} {version(library)}" for library in _LIBRARIES)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    machine = f"{python} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores; {libraries}"
    duration = f"The whole run took {minutes:.0f} minutes."
    summary = f"Casusroute {__version__}, {datetime.now(UTC):%d %B %Y}; {machine}. {duration}"
    return "\n\n".join(["# Faults", _TEXT, summary, table(outcomes)]) + "\n"


_TEXT = """\
Made by `make faults`: real processes of the service, real sockets, real databases (fsync on), made to fail on purpose.

Six clients take random steps, legal and illegal, on a handful of shared cases, each at a random replica (SQLite: one
process; PostgreSQL: two). A request that gets no answer, or a "not now" (503), is asked again under the same
Idempotency-Key until it is settled; three in ten are sent twice at once, others come in long after or before the step
that they follow, and rivals send the same If-Match. Afterwards a checker that shares no code with the service reads the
raw tables: every acknowledgement is there exactly once as it was told, every refusal left nothing, nothing is there
that nobody was told of; chain, numbers, edges and both clocks are recomputed, heads are last entries, every entry is
in the outbox once, every content opens with its key, every draft is there. Then every acknowledgement is asked for
again and must be the same, byte for byte; to a person who cannot read the entry any more, and to nobody else, it is the
number of the entry and nothing more.

**Power cut**: all that the service writes, syncs and sends is recorded (ptrace, nothing to install), and the disk is
rebuilt as it may be found at random moments: what was synced, and of what was pending nothing, all, what came first or
some, a write perhaps torn. Each must open, check, verify, and hold every acknowledgement and its key. **Disk full**:
SQLite by a limit on the size of the files of the running process, PostgreSQL by a tablespace on a small file system in
memory (where mounting is not allowed, a trigger says what PostgreSQL says then, and the row tells so).

**Settled by retry** counts requests, each sent to one replica at a time, that were done while nobody could say so: the
same key told. **Violations** must be 0. A row is sound only when its fault was met often enough; `--sabotage` breaks
each promise in turn (answer before commit, no look at the key, keys after data, ...) and expects red."""
