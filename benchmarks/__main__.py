"""Measure the service and its floor on both engines, and write the figures to RESULTS.md.

The floor writes and reads the same rows with the bare driver behind a bare ASGI function. Both run at the same time and
are measured in turns over several rounds, so that other load on the machine affects both.
"""

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from api_tests.support.postgres import Cluster
from benchmarks.databases import BenchmarkDatabases, play_story
from benchmarks.measures import measure_cases, measure_long_list
from benchmarks.pairs import Extent
from benchmarks.report import Figure, report
from service.logs import configure_logging

RESULTS = Path(__file__).parent / "RESULTS.md"
FULL = Extent(seconds=0.7, rounds=3, clients=(1, 16), files=1000, listed=100_000, batch=200)
QUICK = Extent(seconds=0.2, rounds=1, clients=(1, 4), files=60, listed=3000, batch=20)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a short run that only shows that it works; figures are not kept"
    )
    parser.add_argument("--remark", default="", help="a sentence for the report, such as who else used the machine")
    options = parser.parse_args()
    configure_logging(
        "WARNING"
    )  # for the service in this process, which plays the story; measured services log as always
    extent, began = (QUICK if options.quick else FULL), time.monotonic()
    figures: dict[str, list[Figure]] = {}
    with ExitStack() as stack:
        top = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="casusroute-bench-")))
        story = play_story(top)
        cluster = stack.enter_context(Cluster(durable=True))
        for engine, server in (("SQLite", None), ("PostgreSQL", cluster)):
            folder = top / engine.lower()
            folder.mkdir()
            databases = BenchmarkDatabases(folder, server)
            print(f"{engine} {databases.version()}", flush=True)
            figures[f"{engine} {databases.version()}"] = [
                *measure_cases(databases, story, extent),
                *measure_long_list(databases, extent),
            ]
    text = report(figures, remark=options.remark, minutes=(time.monotonic() - began) / 60)
    if options.quick:
        sys.stdout.write(text)
    else:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
