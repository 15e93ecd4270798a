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
`make faults` makes this report. It runs real processes of the service, with real sockets and real databases (fsync on),
and makes them fail on purpose.

Six clients take random steps, legal and illegal, on a few shared cases. Each client uses a random replica (SQLite: one
process; PostgreSQL: two). If a request gets no answer or a 503 ("not now"), the client sends it again with the same
Idempotency-Key until it is settled. Three in ten requests are sent twice at once. Others arrive long after the step
that they follow, or before it. Rivals send the same If-Match.

After the run, a checker that shares no code with the service reads the raw tables. Every acknowledgement must be there
exactly once, as the client got it. Every refusal must have left nothing. No entry may be there that no
client was told of. The checker recomputes chain, numbers, edges and both clocks. Each head must be the last entry. Each
entry must be in the outbox once. Each content must open with its key, and each draft must be there. Then the campaign
requests every acknowledgement again, and the answer must be the same, byte for byte. Only a person who cannot read the
entry any more gets another answer: the number of the entry and nothing more.

**Power cut**: all writes, syncs and answers of the service are recorded (with ptrace, so nothing has to be installed).
The disk is rebuilt as it could be at random moments. It holds all that was synced. Of the pending writes it holds none,
all, the first or some, and one write may be torn. Each disk must open, check and verify, and must hold every
acknowledgement and its key. **Disk full**: on SQLite, a limit on the size of the files of the running process. On
PostgreSQL, a tablespace on a small file system in memory. Where mounting is not allowed, a trigger raises the error
that PostgreSQL would raise, and the row says so.

**Settled by retry** counts requests, each sent to one replica at a time, that were done although no answer said so. The
retry with the same key got the answer. **Violations** must be 0. A row is sound only when its fault occurred often
enough. `--sabotage` breaks each promise in turn (answer before commit, no look at the key, keys after data, ...) and
expects red."""
