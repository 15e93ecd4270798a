"""Decision 0013 under faults: an answered 2xx is stored, a request acts once, and each history is legal.

A part of the campaign (`make faults`), which tries each fault on both engines.
"""

from pathlib import Path
from threading import Barrier, Thread

import pytest

from api_tests.faults.campaign import FAULTS, run
from api_tests.support.engines import ENGINES
from api_tests.support.postgres import Cluster
from api_tests.support.sabotages import broken_by
from service.database.keyring import load_master_key

FAULT_BY_NAME = {(fault.engine, fault.name): fault for fault in FAULTS}


@broken_by(
    "decision 0014: the service recognises every repetition of an answered request",
    "service/database/idempotency.py",
    "        if row is None:\n            return None\n",
    "        if row is None or row.status:\n            return None\n",
    case="duplicates, rivals, disorder",
)
@broken_by(
    "decision 0014: the service recognises a repetition also from a person who lost sight",
    "service/cases/use_cases/take_step.py",
    "    return StepReceipt(case_id, cases.part_sequence(case_id, first.sequence))\n",
    "    raise NotFound\n",
    case="sight lost meanwhile",
)
@broken_by(
    "decision 0029: `recorded_at` never decreases within a case, even when the clocks of replicas differ",
    "service/cases/rules/steps.py",
    "recorded_at=max(situation.now, case.recorded_at)",
    "recorded_at=situation.now",
    case="clock jumps",
)
@pytest.mark.server
@pytest.mark.parametrize(
    "name",
    [
        *("killed at named points", "duplicates, rivals, disorder", "sight lost meanwhile", "clock jumps"),
        *("hostile tokens", "clock set back"),
    ],
)
def test_on_sqlite_every_promise_holds_when(name: str, tmp_path: Path) -> None:
    outcome = run(FAULT_BY_NAME["sqlite", name], tmp_path, None, times=1)

    assert (outcome.violations, outcome.lacking) == ((), ())


@pytest.mark.server
def test_on_postgresql_every_promise_holds_when_nobody_can_tell_whether_it_was_committed(tmp_path: Path) -> None:
    with Cluster(durable=True) as cluster:
        outcome = run(FAULT_BY_NAME["postgresql", "reset after COMMIT"], tmp_path, cluster, times=1)

    assert (outcome.violations, outcome.lacking) == ((), ())


def test_every_fault_is_tried_on_both_engines_or_is_of_one_of_them() -> None:
    names = {engine: {name for fault_engine, name in FAULT_BY_NAME if fault_engine == engine} for engine in ENGINES}

    assert names["sqlite"] & names["postgresql"] == {
        "killed at named points", "killed at random", "duplicates, rivals, disorder", "sight lost meanwhile",
        "disk full", "hostile tokens",
    }  # fmt: skip
    assert names["sqlite"] - names["postgresql"] == {"process frozen", "clock jumps", "clock set back", "power cut"}
    assert names["postgresql"] - names["sqlite"] == {
        "process frozen with a lock", "clocks apart", "database crashes", "database paused", "database unreachable",
        "reset after COMMIT",
    }  # fmt: skip
    assert all(fault.sabotages for fault in FAULTS)


@broken_by(
    "Replicas that start at once all use the same master key",
    "service/database/private_files.py",
    "    with suppress(FileExistsError):\n        file.hardlink_to(temporary)\n    Path(temporary).unlink()\n",
    "    Path(temporary).rename(file)\n",
)
def test_of_many_that_start_at_once_all_take_the_one_master_key(tmp_path: Path) -> None:
    keys: list[bytes] = []

    for attempt in range(20):
        barrier, file = Barrier(8), tmp_path / str(attempt) / "master.key"

        def start(barrier: Barrier = barrier, file: Path = file) -> None:
            barrier.wait()
            keys.append(load_master_key(None, file))

        threads = [Thread(target=start) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [entry.name for entry in file.parent.iterdir()] == ["master.key"]

    assert len(keys) == 160
    assert len(set(keys)) == 20
