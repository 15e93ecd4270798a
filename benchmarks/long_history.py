"""Measure one case of a thousand notes and more: what a step, a read and a page of it cost.

`python -m benchmarks.long_history`. It prints a table: medians in milliseconds, and sizes of answers in kilobytes, at
the beginning and after each part of the notes.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

import httpx

from api_tests.support.people import People, Person, everybody
from api_tests.support.servers import running, settings_for
from service.logs import configure_logging

NOTE = "Moeder belde: het gaat iets beter, zij wil volgende week aan tafel. " * 10
SAMPLES = 20
PARTS = 4


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.long_history", description=__doc__)
    parser.add_argument("--notes", type=int, default=1200)
    notes = parser.parse_args().notes
    configure_logging("WARNING")
    with tempfile.TemporaryDirectory(prefix="casusroute-long-") as path:
        folder = Path(path)
        settings = settings_for(folder, f"sqlite:///{folder / 'casusroute.db'}", log_level="ERROR")
        with running(settings) as service:
            people = everybody(service.url)
            print(
                "| What | " + " | ".join(f"{notes * part // 4} notes" for part in range(5)) + " |\n|---|" + "--:|" * 5
            )
            for name, *figures in zip(*_measure(people, notes), strict=True):
                print(f"| {' | '.join((name, *figures))} |")
            for person in people.values():
                person.client.close()


def _measure(people: People, notes: int) -> Iterator[tuple[str, ...]]:
    """Yields the names of the measurements, and then their figures at each length of the history."""
    case = f"/cases/{people.anna.submit().json()['caseId']}"
    requests = _requests(people.carla, case)
    yield ("A step (a note)", *requests)
    version = 1
    for part in range(PARTS + 1):
        while version <= notes * part // PARTS:
            _add_note(people.carla, case, version)
            version += 1
        steps = []
        for _ in range(SAMPLES):
            steps.append(_timed(partial(_add_note, people.carla, case, version))[0])
            version += 1
        yield (f"{median(steps):.1f} ms", *(_figure(request) for request in requests.values()))


def _requests(reader: Person, case: str) -> dict[str, Callable[[], httpx.Response]]:
    paths = {
        "Reading the case": case,
        "Reading what is possible": f"{case}/possible-transitions",
        "The history as a whole": f"{case}/transitions",
        "The file as a whole": f"{case}/file",
        "A page of 50 of the history": f"{case}/transitions?limit=50",
        "A page of 50 of the file": f"{case}/file?limit=50",
    }
    return {name: partial(reader.get, path) for name, path in paths.items()}


def _figure(request: Callable[[], httpx.Response]) -> str:
    samples = [_timed(request) for _ in range(SAMPLES // 4)]
    return f"{median(seconds for seconds, _ in samples):.1f} ms, {samples[0][1] / 1000:.0f} kB"


def _add_note(person: Person, case: str, version: int) -> httpx.Response:
    return person.post(f"{case}/transitions", {"trigger": "add_note", "form": {"text": NOTE}}, version=version)


def _timed(request: Callable[[], httpx.Response]) -> tuple[float, int]:
    """Returns (milliseconds, bytes of the answer)."""
    began = time.perf_counter()
    answer = request().raise_for_status()
    return (time.perf_counter() - began) * 1000, len(answer.content)


if __name__ == "__main__":
    main()
