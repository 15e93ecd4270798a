"""Compare this checkout with another commit: both serve on SQLite at the same time and get the same requests in turns.

`python -m benchmarks.compare COMMIT`. It prints the CPU time of the server process per request, the lowest of many
rounds, since other load can only add to it. A ratio above 1 means slower than the commit.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from api_tests.support.case_file import CaseFile
from api_tests.support.checkout import ROOT, tree_of
from api_tests.support.people import everybody
from api_tests.support.processes import process

ROUNDS = 15
NOTES = 40  # entries in the history before the measurement, which adds more


@dataclass(frozen=True)
class Side:
    """A running service with one case."""

    pid: int
    case: CaseFile

    def requests(self) -> dict[str, tuple[int, Callable[[], object]]]:
        """Returns name -> (number of times per round, function that sends the request)."""
        carla, case = self.case.people.carla, self.case
        return {
            "a case": (150, lambda: carla.get(case.path).raise_for_status()),
            "its file": (60, lambda: carla.get(f"{case.path}/file").raise_for_status()),
            "a work list": (150, lambda: carla.get("/work-items").raise_for_status()),
            "a transition": (20, lambda: case.fire("add_note")),
        }

    def cpu_ms(self, name: str) -> float:
        """Returns the CPU time of the server per request, in milliseconds."""
        times, send = self.requests()[name]
        began = _cpu_ms(self.pid)
        for _ in range(times):
            send()
        return (_cpu_ms(self.pid) - began) / times


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("commit")
    commit = parser.parse_args().commit
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="casusroute-compare-")))
        before, after = (
            stack.enter_context(_side(folder, tree)) for tree in (tree_of(commit, folder / "before"), ROOT)
        )
        print("| Request | CPU ms before | after | ratio |\n|---|--:|--:|--:|")
        for name in before.requests():
            old, new = _lowest_cpu(before, after, name)
            print(f"| {name} | {old:.2f} | {new:.2f} | {new / old:.2f} |", flush=True)


def _lowest_cpu(before: Side, after: Side, name: str) -> tuple[float, float]:
    """Returns the lowest CPU time per request (before, after), in milliseconds. The first round is a warm-up."""
    rounds = [(before.cpu_ms(name), after.cpu_ms(name)) for _ in range(ROUNDS)]
    return min(old for old, _ in rounds[1:]), min(new for _, new in rounds[1:])


@contextmanager
def _side(folder: Path, tree: Path) -> Iterator[Side]:
    side_folder = folder / f"side-{tree.name}"
    side_folder.mkdir()
    quiet = {"relay": "off", "person_per_minute": 0, "address_per_minute": 0}
    with process(side_folder, f"sqlite:///{side_folder / 'casusroute.db'}", tree=tree, **quiet) as service:
        people = everybody(service.url)
        case = CaseFile.submitted(people).go_to("in_triage")
        for _ in range(NOTES):
            case.fire("add_note")
        yield Side(service.popen.pid, case)
        for person in people.values():
            person.client.close()


def _cpu_ms(pid: int) -> float:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


if __name__ == "__main__":
    main()
