"""Make everything fail on purpose, on both engines, and see that every promise holds (`make faults`).

Real processes, real sockets, real databases. With --short each fault is tried a few times, as before every change;
with --sabotage each promise is broken first, one at a time, and every run must turn red.
"""

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from api_tests.faults.campaign import FAULTS, Outcome, run
from api_tests.faults.report import RESULTS, page, table
from api_tests.support.postgres import Cluster

TIMES = 8  # as often as the short run, in the whole one


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m api_tests.faults", description=__doc__)
    parser.add_argument("--short", action="store_true", help="each fault a few times")
    parser.add_argument("--sabotage", action="store_true", help="break each promise first, and expect red")
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}")
    parser.add_argument("words", nargs="*", help="only faults whose engine and name hold all of these")
    chosen = parser.parse_args()
    times, began, failed = 1 if chosen.short or chosen.sabotage else TIMES, time.monotonic(), 0
    outcomes: list[Outcome] = []
    with ExitStack() as stack:
        top = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="casusroute-faults-")))
        cluster: Cluster | None = None
        for fault in FAULTS:
            if not all(word in f"{fault.engine} {fault.name}" for word in chosen.words):
                continue
            if fault.engine == "postgresql" and cluster is None:
                cluster = stack.enter_context(Cluster(durable=True))
            for sabotage in fault.sabotages if chosen.sabotage else (None,):
                folder = top / f"faults_{len(outcomes)}"
                folder.mkdir()
                server = cluster if fault.engine == "postgresql" else None
                started = time.monotonic()
                outcome = run(fault, folder, server, times=times, sabotage=sabotage)
                outcomes.append(outcome)
                good = bool(outcome.violations) if sabotage else outcome.sound
                failed += not good
                sys.stdout.write(_said(outcome, sabotage, time.monotonic() - started, good=good))
                sys.stdout.flush()
    minutes = (time.monotonic() - began) / 60
    sys.stdout.write(f"{len(outcomes) - failed} as they must be, {failed} not, in {minutes:.1f} minutes\n")
    if not chosen.sabotage:
        sys.stdout.write("\n" + table(outcomes) + "\n")
    if chosen.write:
        RESULTS.write_text(page(outcomes, minutes), encoding="utf-8")
    return 1 if failed or not outcomes else 0


def _said(outcome: Outcome, sabotage: str | None, seconds: float, *, good: bool) -> str:
    """A line for whoever waits; with what was wrong, unless that was wanted."""
    name = f"{outcome.engine}, {outcome.fault}" + (f", {sabotage}" if sabotage else "")
    if good:
        return f"{'red, as it must be' if sabotage else 'sound'} ({seconds:.0f} s): {name}\n"
    wrong = "\n    ".join([*outcome.lacking, *outcome.violations[:20]])
    return f"{'NOT NOTICED' if sabotage else 'FAILED'}: {name} ({len(outcome.violations)} violations)\n    {wrong}\n"


if __name__ == "__main__":
    sys.exit(main())
