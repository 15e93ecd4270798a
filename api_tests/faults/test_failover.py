"""Decision 0035: where commits wait for a standby, a failover under load loses nothing that was acknowledged."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from api_tests.faults.failing import Faults
from api_tests.faults.replicas import Replica
from api_tests.faults.scene import Scene, under_load
from api_tests.support.demonstration import PERSON_IDS
from api_tests.support.history_checker import violations
from api_tests.support.ledger import Ledger
from api_tests.support.postgres import SUPERUSER, Cluster
from api_tests.support.raw_tables import read_postgresql
from api_tests.support.sabotages import broken_by
from api_tests.support.standby import Standby
from service.database.engine import open_engine
from service.database.migrations import migrate

pytestmark = pytest.mark.server

NAME = "followed"
BEFORE, AFTER = 40, 20  # requests acknowledged before the failover and after it
PATIENCE_SECONDS = 120.0  # only a busy machine needs more than a few of them


@dataclass
class Pair:
    """A primary with a standby, and two replicas of the service that know both addresses."""

    primary: Cluster
    standby: Standby
    scene: Scene

    def fail_over(self) -> None:
        """Kill all processes of the primary, and let the standby take over."""
        self.scene.signal_cluster(signal.SIGKILL)
        self.primary.kill()  # records that the server has ended
        self.standby.promote()

    def violations(self) -> list[str]:
        tables = read_postgresql(self.standby.url(NAME))
        return violations(tables, self.scene.ledger, PERSON_IDS, self.scene.folder)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with served_pair(tmp_path) as served:
        yield served


@contextmanager
def served_pair(folder: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        primary = stack.enter_context(Cluster(durable=True))
        primary.create_database(NAME)
        engine = open_engine(primary.url(NAME))
        migrate(engine)
        engine.dispose()
        standby = stack.enter_context(Standby(primary, "follower"))
        servers = f"host=127.0.0.1:{primary.port}&host=127.0.0.1:{standby.port}&target_session_attrs=read-write"
        url, ledger = f"postgresql+psycopg://{SUPERUSER}@/{NAME}?{servers}", Ledger()
        replicas = [stack.enter_context(Replica(folder, url, Faults, ledger).at_work()) for _ in range(2)]
        yield Pair(primary, standby, Scene(folder, primary.url(NAME), ledger, replicas, primary, None))


@broken_by(
    "During a failover the service puts requests off, and goes on without a restart",
    "service/database/outage.py",
    "temporary = isinstance(error, OperationalError | InterfaceError)",
    "temporary = False",
)
def test_a_failover_to_a_synchronous_standby_loses_nothing_that_was_acknowledged(pair: Pair) -> None:
    pair.standby.wait_until_synchronous()
    with under_load(pair.scene):
        enough_before = pair.scene.wait_for_more(BEFORE, PATIENCE_SECONDS)
        pair.fail_over()
        enough_after = pair.scene.wait_for_more(AFTER, PATIENCE_SECONDS)

    assert (enough_before, enough_after) == (True, True)
    assert pair.violations() == []
    assert [dict(replica.deaths) for replica in pair.scene.replicas] == [{}, {}]


def test_a_failover_to_a_standby_that_lags_behind_loses_what_was_acknowledged(pair: Pair) -> None:
    """It is why the promise needs a synchronous standby. The checker finds each loss."""
    with under_load(pair.scene):
        enough_before = pair.scene.wait_for_more(BEFORE, PATIENCE_SECONDS)
        pair.standby.stop_following()
        enough_unfollowed = pair.scene.wait_for_more(AFTER, PATIENCE_SECONDS)
    pair.fail_over()

    assert (enough_before, enough_unfollowed) == (True, True)
    assert pair.violations() != []
