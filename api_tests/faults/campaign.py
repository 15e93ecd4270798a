"""The campaign: every fault on every engine, what must have happened for it to count, what turns it red."""

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from api_tests.faults import nemesis
from api_tests.faults.failing import POINTS, Faults
from api_tests.faults.power import cut
from api_tests.faults.scene import Scene, scene, under_load
from api_tests.faults.tracing import can_trace
from api_tests.support.postgres import Cluster

Lives = Callable[[int], Callable[[], Faults]]
HOURS = 3600.0
RECORD = "recorded"  # in the folder of the scene
ASKED_ANEW = "asked_anew"  # of the clients, not of the service: whoever gets no answer takes another key


def _sound(_: int) -> Callable[[], Faults]:
    return Faults


def _dying(number: int) -> Callable[[], Faults]:
    """Each life at the next point."""
    chance = Random(number)
    points = itertools.cycle([*POINTS][number * 3 :] + [*POINTS][: number * 3])

    def born() -> Faults:
        point = next(points)
        return Faults(point=point, passes=chance.randint(1, 2 if point == "between keys and data" else 6))

    return born


def _freezing(number: int) -> Callable[[], Faults]:
    """The first of them, at every thirtieth step, with the case locked."""
    return lambda: Faults(point=None if number else "after the head moved", passes=30, freezes=True)


def _apart(number: int) -> Callable[[], Faults]:
    """One clock is hours behind, the other hours ahead."""
    skew = 2 * HOURS if number else -2 * HOURS
    return lambda: Faults(skew=(skew, skew))


def _recorded(_: int) -> Callable[[], Faults]:
    return lambda: Faults(record=RECORD)


def _jumping(_: int) -> Callable[[], Faults]:
    """A clock that is set forth and back all the time."""
    return lambda: Faults(skew=(-2 * HOURS, 2 * HOURS))


@dataclass(frozen=True)
class Fault:
    """`enough`: what the short run must have met. `sabotages`: under each of which it must turn red."""

    name: str
    engine: str
    strike: nemesis.Strike
    enough: Mapping[str, int]
    sabotages: tuple[str, ...]
    lives: Lives = _sound
    through_proxy: bool = False
    on_a_small_disk: bool = False
    images: int = 0  # how often the power is cut in the short run, afterwards


@dataclass(frozen=True)
class Outcome:
    """What was met and done, and everything that was not as promised. `lacking`: what happened too little."""

    fault: str
    engine: str
    met: Mapping[str, int]
    violations: tuple[str, ...]
    lacking: tuple[str, ...]

    @property
    def sound(self) -> bool:
        return not self.violations and not self.lacking


_POINTS = dict.fromkeys(POINTS, 1)
_TOLD = {"duplicates": 8, "late duplicates": 2, "answered 412": 4, "answered 409": 1}
_UNSEEN = {"lost sight": 4, "number alone": 4}
_FULL = {"full disks": 1, "changes put off: 5": 1}


def _on_both(engine: str) -> tuple[Fault, ...]:
    return (
        Fault("killed at named points", engine, nemesis.nothing, {**_POINTS, "settled": 2},
              ("answer_before_commit", "keys_after_data", "no_key_lookup"), _dying),
        Fault("killed at random", engine, nemesis.kill, {"kills": 2}, ("answered_without_commit",)),
        Fault("duplicates, rivals, disorder", engine, nemesis.nothing, _TOLD, ("no_key_lookup", "outbox_skipped")),
        Fault("sight lost meanwhile", engine, nemesis.take_sight_away, _UNSEEN,
              ("sight_before_the_key", "told_out_of_sight", "done_without_looking", "answered_without_commit")),
        Fault("disk full", engine, nemesis.fill_the_disk, _FULL, ("waiting_is_a_mistake",), on_a_small_disk=True),
    )  # fmt: skip


FAULTS = (
    *_on_both("sqlite"),
    Fault("process frozen", "sqlite", nemesis.freeze, {"freezes": 1, "no answer": 3}, ("no_key_lookup",)),
    Fault("clock jumps", "sqlite", nemesis.nothing, {}, ("time_runs_backwards",), _jumping),
    Fault("power cut", "sqlite", nemesis.nothing, {}, ("commits_not_synced",), _recorded, images=40),
    *_on_both("postgresql"),
    Fault("process frozen with a lock", "postgresql", nemesis.thaw, {"freezes": 1, "went on without it": 1},
          ("no_key_lookup",), _freezing),
    Fault("clocks apart", "postgresql", nemesis.nothing, {}, ("time_runs_backwards",), _apart),
    Fault("database crashes", "postgresql", nemesis.crash_the_database, {"crashes": 2}, ("commits_not_synced",)),
    Fault("database paused", "postgresql", nemesis.pause_the_database, {"pauses": 1, "no answer": 3},
          ("no_key_lookup",)),
    Fault("database unreachable", "postgresql", nemesis.cut_off_the_database, {"outages": 3, "not now (POST)": 1},
          ("waiting_is_a_mistake",), through_proxy=True),
    Fault("reset after COMMIT", "postgresql", nemesis.reset_after_commit, {"resets": 4, "settled": 1},
          (ASKED_ANEW, "no_key_lookup"), through_proxy=True),
)  # fmt: skip
ACKNOWLEDGED = 20  # at least, in the short run
PATIENCE_SECONDS = 60.0  # for the short run; nothing here takes as long as that but on a machine that is busy


def run(fault: Fault, folder: Path, cluster: Cluster | None, *, times: int, sabotage: str | None = None) -> Outcome:
    """Try one fault until it was tried enough: `times` what the short run asks for."""
    if fault.images and not can_trace():
        return Outcome(fault.name, fault.engine, {}, (), ("not run: needs Linux on x86_64 or aarch64",))
    enough = {"acknowledged": ACKNOWLEDGED, **fault.enough}
    enough = {name: it * times for name, it in enough.items()}
    lives = fault.lives
    if sabotage not in (None, ASKED_ANEW):
        lives = _sabotaged(lives, sabotage)
    with scene(
        folder, cluster, lives, on_a_small_disk=fault.on_a_small_disk, through_proxy=fault.through_proxy
    ) as place:
        with under_load(place, blind=sabotage == ASKED_ANEW):
            place.after(1, PATIENCE_SECONDS)
            deadline = time.monotonic() + PATIENCE_SECONDS * (times + 1) / 2
            while _lacking(place, enough) and time.monotonic() < deadline and not (sabotage and place.ledger.wrong):
                fault.strike(place)
        violations = place.violations()
        if fault.images:
            violations += _cut_the_power(place, fault.images * times)
        return Outcome(fault.name, fault.engine, _met(place), tuple(violations), tuple(_lacking(place, enough)))


def _cut_the_power(place: Scene, images: int) -> list[str]:
    """After all that was recorded; the process is ended first, so that nothing is half recorded."""
    place.replicas[0].end()
    met, found = cut(place.folder / RECORD, place.folder / "base", place.folder / "casusroute.db", images=images)
    place.done.update(met)
    return found


def _sabotaged(lives: Lives, sabotage: str | None) -> Lives:
    def of(number: int) -> Callable[[], Faults]:
        born = lives(number)
        return lambda: replace(born(), sabotage=sabotage)

    return of


def _met(place: Scene) -> dict[str, int]:
    return {**place.ledger.met, **place.done, "acknowledged": place.acknowledged}


def _lacking(place: Scene, enough: Mapping[str, int]) -> list[str]:
    met = _met(place)
    return [f"{name}: {met.get(name, 0)} of {it}" for name, it in enough.items() if met.get(name, 0) < it]
