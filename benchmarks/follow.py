"""Trace five requests through the running service: files and functions entered, and changes of subject.

`python -m benchmarks.follow`. It counts the code that a reader opens to follow a request from the socket to the
database. Only calls count: code that runs when a module is imported is not part of a request.
"""

import tempfile
import threading
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from types import FrameType

import httpx

from api_tests.support.checkout import ROOT
from api_tests.support.people import People, everybody
from api_tests.support.servers import running, settings_for
from api_tests.support.workflows import form_for
from service.logs import configure_logging

Call = tuple[str, str]  # file below service/, function


class Trace:
    """A profiler that records the calls into service/ during a request, in all threads started after it."""

    def __init__(self) -> None:
        self._within = f"{ROOT / 'service'}/"
        self._calls: list[Call] | None = None

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        file = frame.f_code.co_filename
        if self._calls is not None and event == "call" and file.startswith(self._within):
            self._calls.append((file.removeprefix(self._within), frame.f_code.co_name))

    def record(self, request: Callable[[], httpx.Response]) -> list[Call]:
        """Send the request and return its calls."""
        self._calls = []
        request().raise_for_status()
        calls, self._calls = self._calls, None
        return calls


def row(name: str, calls: list[Call]) -> str:
    """Returns a row of the table in docs/explanation/architecture.md."""
    files, functions = {file for file, _ in calls}, set(calls)
    subjects = [subject for subject, _ in groupby(file.split("/")[0] for file, _ in calls)]
    return f"| {name} | {len(files)} | {len(functions)} | {len(calls)} | {len(subjects) - 1} |"


def main() -> None:
    configure_logging("WARNING")  # the log lines are not the table
    trace = Trace()
    threading.setprofile(trace)
    with tempfile.TemporaryDirectory(prefix="casusroute-follow-") as path:
        folder = Path(path)
        with running(settings_for(folder, f"sqlite:///{folder / 'casusroute.db'}")) as service:
            people = everybody(service.url)
            print("| Request | files | functions | calls | changes of subject |\n|---|--:|--:|--:|--:|")
            for name, send in _requests(people).items():
                send()  # the first request also builds statements and caches
                print(row(name, trace.record(send)))
            for person in people.values():
                person.client.close()


def _requests(people: People) -> dict[str, Callable[[], httpx.Response]]:
    """Returns name -> function that sends the request. Each can be sent twice: every step has a case of its own."""
    cases = [f"/cases/{people.anna.submit().json()['caseId']}" for _ in range(3)]
    read = cases.pop()

    def step() -> httpx.Response:
        body = {"trigger": "start_triage", "form": form_for("case", "start_triage")}
        return people.carla.post(f"{cases.pop()}/transitions", body, version=1)

    return {
        "POST /cases/{caseId}/transitions (start_triage)": step,
        "GET /cases/{caseId}": lambda: people.carla.get(read),
        "GET /learning/histories": lambda: people.noor.get("/learning/histories"),
        "POST /organisations": lambda: people.roos.post("/organisations", {"kind": "provider", "name": "Nieuw"}),
        "GET /destruction-proposals": lambda: people.quint.get("/destruction-proposals"),
    }


if __name__ == "__main__":
    main()
