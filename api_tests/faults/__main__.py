"""Make all faults happen on purpose, on both engines, and check that each promise holds (`make faults`).

Real processes, real sockets, real databases. --short tries each fault a few times, as before each change; --sabotage
breaks each promise first, one at a time, and expects each run to fail.
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

TIMES = 8  # the factor of the whole run over the short one


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m api_tests.faults", description=__doc__)
    parser.add_argument("--short", action="store_true", help="each fault a few times")
    parser.add_argument("--sabotage", action="store_true", help="break each promise first, and expect red")
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}")
    parser.add_argument("words", nargs="*", help="only faults whose engine and name hold all of these")
    arguments = parser.parse_args()
    times, started_at, failures = 1 if arguments.short or arguments.sabotage else TIMES, time.monotonic(), 0
    outcomes: list[Outcome] = []
    with ExitStack() as stack:
        parent = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="casusroute-faults-")))
        cluster: Cluster | None = None
        for fault in FAULTS:
            if not all(word in f"{fault.engine} {fault.name}" for word in arguments.words):
                continue
            if fault.engine == "postgresql" and cluster is None:
                cluster = stack.enter_context(Cluster(durable=True))
            for sabotage in fault.sabotages if arguments.sabotage else (None,):
                folder = parent / f"faults_{len(outcomes)}"
                folder.mkdir()
                server = cluster if fault.engine == "postgresql" else None
                run_started_at = time.monotonic()
                outcome = run(fault, folder, server, times=times, sabotage=sabotage)
                outcomes.append(outcome)
                as_expected = bool(outcome.violations) if sabotage else outcome.sound
                failures += not as_expected
                sys.stdout.write(
                    _result_line(outcome, sabotage, time.monotonic() - run_started_at, as_expected=as_expected)
                )
                sys.stdout.flush()
    minutes = (time.monotonic() - started_at) / 60
    sys.stdout.write(f"{len(outcomes) - failures} as they must be, {failures} not, in {minutes:.1f} minutes\n")
    if not arguments.sabotage:
        sys.stdout.write("\n" + table(outcomes) + "\n")
    if arguments.write:
        RESULTS.write_text(page(outcomes, minutes), encoding="utf-8")
    return 1 if failures or not outcomes else 0


def _result_line(outcome: Outcome, sabotage: str | None, seconds: float, *, as_expected: bool) -> str:
    """The line about one run, with its violations unless they were expected."""
    name = f"{outcome.engine}, {outcome.fault}" + (f", {sabotage}" if sabotage else "")
    if as_expected:
        return f"{'red, as it must be' if sabotage else 'sound'} ({seconds:.0f} s): {name}\n"
    faults = "\n    ".join([*outcome.lacking, *outcome.violations[:20]])
    return f"{'NOT NOTICED' if sabotage else 'FAILED'}: {name} ({len(outcome.violations)} violations)\n    {faults}\n"


if __name__ == "__main__":
    sys.exit(main())
