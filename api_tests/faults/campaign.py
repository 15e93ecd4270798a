"""The campaign: each fault per engine, the events that must occur for a run to count, and its sabotages."""

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random

from api_tests.faults import nemesis
from api_tests.faults.failing import BETWEEN_KEYS_AND_DATA, POINTS, Faults
from api_tests.faults.power import cut
from api_tests.faults.scene import Scene, scene, under_load
from api_tests.faults.tracing import can_trace
from api_tests.support.postgres import Cluster

Lives = Callable[[int], Callable[[], Faults]]
HOURS = 3600.0
RECORD = "recorded"  # in the folder of the scene
ASKED_ANEW = "asked_anew"  # breaks the clients, not the service: a client without an answer uses another key


def _without_faults(_: int) -> Callable[[], Faults]:
    return Faults


def _points_of(engine: str) -> dict[str, int]:
    """The points of this engine, each to be passed once. PostgreSQL commits keys and data together (decision 0008)."""
    return {point: 1 for point in POINTS if engine == "sqlite" or point != BETWEEN_KEYS_AND_DATA}


def _dying_at_points(engine: str, number: int) -> Callable[[], Faults]:
    """Each life ends at the next point."""
    chance, points = Random(number), [*_points_of(engine)]
    lives = itertools.cycle(points[number * 3 :] + points[: number * 3])

    def next_life() -> Faults:
        point = next(lives)
        return Faults(point=point, passes=chance.randint(1, 2 if point == BETWEEN_KEYS_AND_DATA else 6))

    return next_life


def _freezing(number: int) -> Callable[[], Faults]:
    """The first process stops at every thirtieth step, with the case locked."""
    return lambda: Faults(point=None if number else "after the head moved", passes=30, freezes=True)


def _clocks_apart(number: int) -> Callable[[], Faults]:
    """One clock is two hours slow, the other two hours fast."""
    skew = 2 * HOURS if number else -2 * HOURS
    return lambda: Faults(skew=(skew, skew))


def _recording(_: int) -> Callable[[], Faults]:
    return lambda: Faults(record=RECORD)


def _clock_set_back(_: int) -> Callable[[], Faults]:
    """Each life has a clock an hour behind that of the life before it."""
    lives = itertools.count()
    return lambda: Faults(skew=(-HOURS * (hours := next(lives)), -HOURS * hours))


def _clock_jumping(_: int) -> Callable[[], Faults]:
    """The clock jumps forward and back all the time."""
    return lambda: Faults(skew=(-2 * HOURS, 2 * HOURS))


@dataclass(frozen=True)
class Fault:
    """A fault. `enough`: the least counts of the short run. `sabotages`: under each of them the run must fail."""

    name: str
    engine: str
    strike: nemesis.Strike
    enough: Mapping[str, int]
    sabotages: tuple[str, ...]
    lives: Lives = _without_faults
    through_proxy: bool = False
    on_a_small_disk: bool = False
    images: int = 0  # the number of power cuts after the short run


@dataclass(frozen=True)
class Outcome:
    """The counts of events, the violations of promises, and the events that occurred too rarely (`lacking`)."""

    fault: str
    engine: str
    counts: Mapping[str, int]
    violations: tuple[str, ...]
    lacking: tuple[str, ...]

    @property
    def sound(self) -> bool:
        return not self.violations and not self.lacking


_RIVAL = {"duplicates": 8, "late duplicates": 2, "answered 412": 4, "answered 409": 1}
_UNSEEN = {"lost sight": 4, "number alone": 4}
_FULL = {"full disks": 1, "changes put off: 5": 1}


def _faults_of_both_engines(engine: str) -> tuple[Fault, ...]:
    return (
        Fault("killed at named points", engine, nemesis.load_alone, {**_points_of(engine), "settled": 2},
              ("answer_before_commit", "keys_after_data", "no_key_lookup"), partial(_dying_at_points, engine)),
        Fault("killed at random", engine, nemesis.kill, {"kills": 2}, ("answered_without_commit",)),
        Fault("duplicates, rivals, disorder", engine, nemesis.load_alone, _RIVAL, ("no_key_lookup", "outbox_skipped")),
        Fault("sight lost meanwhile", engine, nemesis.take_sight_away, _UNSEEN,
              ("sight_before_the_key", "told_out_of_sight", "done_without_looking", "answered_without_commit")),
        Fault("hostile tokens", engine, nemesis.send_bad_tokens, {"bad tokens turned away": 1, "honest reads": 20},
              ("bad_tokens_hold_back_all",)),
        Fault("disk full", engine, nemesis.fill_the_disk, _FULL, ("waiting_is_a_mistake",), on_a_small_disk=True),
    )  # fmt: skip


FAULTS = (
    *_faults_of_both_engines("sqlite"),
    Fault("process frozen", "sqlite", nemesis.freeze, {"freezes": 1, "no answer": 3}, ("no_key_lookup",)),
    Fault("clock jumps", "sqlite", nemesis.load_alone, {}, ("time_runs_backwards",), _clock_jumping),
    Fault("clock set back", "sqlite", nemesis.kill, {"kills": 2}, ("time_runs_backwards",), _clock_set_back),
    Fault("power cut", "sqlite", nemesis.load_alone, {}, ("commits_not_synced",), _recording, images=40),
    *_faults_of_both_engines("postgresql"),
    Fault("process frozen with a lock", "postgresql", nemesis.thaw, {"freezes": 1, "went on without it": 1},
          ("no_key_lookup",), _freezing),
    Fault("clocks apart", "postgresql", nemesis.load_alone, {}, ("time_runs_backwards",), _clocks_apart),
    Fault("database crashes", "postgresql", nemesis.crash_the_database, {"crashes": 2}, ("commits_not_synced",)),
    Fault("database paused", "postgresql", nemesis.pause_the_database, {"pauses": 1, "no answer": 3},
          ("no_key_lookup",)),
    Fault("database unreachable", "postgresql", nemesis.cut_off_the_database, {"outages": 3, "not now (POST)": 1},
          ("waiting_is_a_mistake",), through_proxy=True),
    Fault("reset after COMMIT", "postgresql", nemesis.reset_after_commit, {"resets": 4, "settled": 1},
          (ASKED_ANEW, "no_key_lookup"), through_proxy=True),
)  # fmt: skip
ACKNOWLEDGED = 20  # at least, in the short run
PATIENCE_SECONDS = 60.0  # for the short run; longer only on a busy machine


def run(fault: Fault, folder: Path, cluster: Cluster | None, *, times: int, sabotage: str | None = None) -> Outcome:
    """Try one fault until it occurred often enough: `times` the counts of the short run."""
    if fault.images and not can_trace():
        return Outcome(fault.name, fault.engine, {}, (), ("not run: needs Linux on x86_64 or aarch64",))
    enough = {"acknowledged": ACKNOWLEDGED, **fault.enough}
    enough = {name: count * times for name, count in enough.items()}
    lives = fault.lives
    if sabotage not in (None, ASKED_ANEW):
        lives = _sabotaged(lives, sabotage)
    with scene(
        folder, cluster, lives, on_a_small_disk=fault.on_a_small_disk, through_proxy=fault.through_proxy
    ) as trial:
        with under_load(trial, blind=sabotage == ASKED_ANEW):
            trial.wait_for_more(1, PATIENCE_SECONDS)
            deadline = time.monotonic() + PATIENCE_SECONDS * (times + 1) / 2
            while _lacking(trial, enough) and time.monotonic() < deadline and not (sabotage and trial.ledger.faults):
                fault.strike(trial)
        violations = trial.violations()
        if fault.images:
            violations += _cut_the_power(trial, fault.images * times)
        return Outcome(fault.name, fault.engine, _counts(trial), tuple(violations), tuple(_lacking(trial, enough)))


def _cut_the_power(trial: Scene, images: int) -> list[str]:
    """Cut the power after all records. The process is ended first, so that its record is complete."""
    trial.replicas[0].end()
    counts, faults = cut(trial.folder / RECORD, trial.folder / "base", trial.folder / "casusroute.db", images=images)
    trial.strikes.update(counts)
    return faults


def _sabotaged(lives: Lives, sabotage: str | None) -> Lives:
    def lives_with_sabotage(number: int) -> Callable[[], Faults]:
        next_life = lives(number)
        return lambda: replace(next_life(), sabotage=sabotage)

    return lives_with_sabotage


def _counts(trial: Scene) -> dict[str, int]:
    return {**trial.ledger.counts, **trial.strikes, "acknowledged": trial.acknowledged}


def _lacking(trial: Scene, enough: Mapping[str, int]) -> list[str]:
    counts = _counts(trial)
    return [
        f"{name}: {counts.get(name, 0)} of {least}" for name, least in enough.items() if counts.get(name, 0) < least
    ]
