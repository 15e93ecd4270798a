"""Measure the service next to its floor, on both engines, and keep the figures.

The floor writes and reads the same rows by the bare driver behind a bare ASGI function. Both are up at the same time
and take turns over several rounds, so that whatever else the machine does hits both.
"""

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from api_tests.support.postgres import Cluster
from benchmarks.ground import Ground, told_once
from benchmarks.measures import measure_cases, measure_long_list
from benchmarks.pairs import Extent
from benchmarks.report import Figure, report
from service.logs import configure

RESULTS = Path(__file__).parent / "RESULTS.md"
WHOLE = Extent(seconds=0.7, rounds=3, clients=(1, 16), files=1000, listed=100_000, batch=200)
QUICK = Extent(seconds=0.2, rounds=1, clients=(1, 4), files=60, listed=3000, batch=20)


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
                *measure_cases(ground, story, extent),
                *measure_long_list(ground, extent),
            ]
    text = report(found, remark=chosen.remark, minutes=(time.monotonic() - began) / 60)
    if chosen.quick:
        sys.stdout.write(text)
    else:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
