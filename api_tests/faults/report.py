"""What the campaign found, as a table that can be kept beside the code."""

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
# What is told of what was done, in this order, when it was met at all.
_COLUMNS = (
    "fault", "engine", "done", "hits of named points", "requests", "duplicates", "acknowledged", "refused",
    "no answer or not now", "settled by retry", "violations", "verdict",
)  # fmt: skip
DONE = (
    "kills", "lost sight", "freezes", "went on without it", "crashes", "pauses", "outages", "resets", "full disks",
    "only said to be full", "recorded", "images", "most pending",
)  # fmt: skip


def table(outcomes: Sequence[Outcome]) -> str:
    lines = [
        f"| {' | '.join(_COLUMNS)} |",
        "|---|---|---|---|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    for it in outcomes:
        met = it.met
        hits = ", ".join(f"{point} {met[point]}" for point in POINTS if met.get(point))
        again = met.get("duplicates", 0) + met.get("late duplicates", 0)
        silent = met.get("no answer", 0) + met.get("not now (POST)", 0) + met.get("not now (GET)", 0)
        refused = sum(n for name, n in met.items() if name.startswith("answered 4"))
        counts = (met.get("requests", 0), again, met.get("acknowledged", 0), refused, silent, met.get("settled", 0))
        cells = [
            it.fault,
            ENGINES[it.engine],
            ", ".join(f"{name} {met[name]:,}" for name in DONE if met.get(name)) or "-",
            hits or "-",
            *(f"{n:,}" for n in counts),
            f"**{len(it.violations)}**",
            "sound" if it.sound else "NOT SOUND: " + "; ".join([*it.lacking, *it.violations[:1]]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def page(outcomes: Sequence[Outcome], minutes: float) -> str:
    libraries = ", ".join(f"{library} {version(library)}" for library in _LIBRARIES)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    machine = f"{python} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores; {libraries}"
    run = f"The whole run took {minutes:.0f} minutes."
    made = f"Casusroute {__version__}, {datetime.now(UTC):%d %B %Y}; {machine}. {run}"
    return "\n\n".join(["# Faults", _TEXT, made, table(outcomes)]) + "\n"


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
