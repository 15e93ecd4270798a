"""Hold this checkout against another commit: both serve on SQLite at once, and are asked the same in turns.

`python -m benchmarks.compare COMMIT`. CPU of the server process per request, the least of many rounds, since
whatever else the machine does only adds to it. A ratio above 1 is slower than the commit.
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
NOTES = 40  # the history of the case before it is measured; steps that are measured add to it


@dataclass(frozen=True)
class Side:
    """A service with one case, and what is asked of it."""

    pid: int
    case: CaseFile

    def asked(self) -> dict[str, tuple[int, Callable[[], object]]]:
        """How often in a round, and the request."""
        carla, case = self.case.people.carla, self.case
        return {
            "a case": (150, lambda: carla.get(case.path).raise_for_status()),
            "its file": (60, lambda: carla.get(f"{case.path}/file").raise_for_status()),
            "a work list": (150, lambda: carla.get("/work-items").raise_for_status()),
            "a transition": (20, lambda: case.fire("add_note")),
        }

    def cpu_ms(self, name: str) -> float:
        """Milliseconds of CPU that the server took for one request."""
        times, ask = self.asked()[name]
        began = _cpu_ms(self.pid)
        for _ in range(times):
            ask()
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
        for name in before.asked():
            old, new = _least(before, after, name)
            print(f"| {name} | {old:.2f} | {new:.2f} | {new / old:.2f} |", flush=True)


def _least(before: Side, after: Side, name: str) -> tuple[float, float]:
    # The first round warms both up.
    rounds = [(before.cpu_ms(name), after.cpu_ms(name)) for _ in range(ROUNDS)]
    return min(old for old, _ in rounds[1:]), min(new for _, new in rounds[1:])


@contextmanager
def _side(folder: Path, tree: Path) -> Iterator[Side]:
    own = folder / f"side-{tree.name}"
    own.mkdir()
    quiet = {"relay": "off", "person_per_minute": 0, "address_per_minute": 0}
    with process(own, f"sqlite:///{own / 'casusroute.db'}", tree=tree, **quiet) as service:
        people = everybody(service.url)
        case = CaseFile.submitted(people).go_to("in_triage")
        for _ in range(NOTES):
            case.fire("add_note")
        yield Side(service.itself.pid, case)
        for person in people.values():
            person.client.close()


def _cpu_ms(pid: int) -> float:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


if __name__ == "__main__":
    main()
