"""The setting of a fault: a database of its own, replicas on it, clients of the replicas, and a ledger of answers."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Thread

import psycopg
from psycopg import sql

from api_tests.faults.disks import small_disk
from api_tests.faults.failing import Faults
from api_tests.faults.proxy import Proxy
from api_tests.faults.replicas import Replica
from api_tests.support.demonstration import PERSON_IDS
from api_tests.support.history_checker import violations
from api_tests.support.ledger import Ledger
from api_tests.support.load_clients import Client, LoadState
from api_tests.support.postgres import Cluster
from api_tests.support.raw_tables import Tables, read_postgresql, read_sqlite
from service.database.engine import open_engine
from service.database.migrations import migrate

CLIENTS = 6


@dataclass
class Scene:
    """The objects that a strike may act on. `cluster` and `proxy` exist on PostgreSQL alone."""

    folder: Path
    database_url: str
    ledger: Ledger
    replicas: list[Replica]
    cluster: Cluster | None
    proxy: Proxy | None
    disk: Path | None = None  # a small file system that holds the tables
    strikes: dict[str, int] = field(default_factory=dict)
    chance: Random = field(default_factory=lambda: Random(7))

    @property
    def acknowledged(self) -> int:
        return len(self.ledger.acknowledged)

    def tables(self) -> Tables:
        if self.cluster:
            return read_postgresql(self.database_url)
        return read_sqlite(Path(self.database_url.removeprefix("sqlite:///")))

    def violations(self) -> list[str]:
        return violations(self.tables(), self.ledger, PERSON_IDS, self.folder)

    def wait_for_more(self, more: int, seconds: float = 20) -> bool:
        """Wait until so many more requests were acknowledged. Returns true when they were, in time."""
        goal = self.acknowledged + more
        return self.ledger.wait(lambda: self.acknowledged >= goal, seconds)

    def count(self, event: str) -> None:
        self.strikes[event] = self.strikes.get(event, 0) + 1

    def signal_cluster(self, signal_number: signal.Signals) -> None:
        """Send a signal to all processes of PostgreSQL, as when the machine fails or stops."""
        postmaster = self._postmaster
        for pid in (postmaster, *_children(postmaster)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal_number)

    def kill_a_session(self) -> None:
        """Kill a random session of the service. The postmaster then ends this one as well."""
        address = self.database_url.replace("postgresql+psycopg", "postgresql")
        query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        with suppress(psycopg.Error), psycopg.connect(address) as connection:
            pids = [row[0] for row in connection.execute(query)]
            if pids:
                os.kill(self.chance.choice(pids), signal.SIGKILL)

    @property
    def _postmaster(self) -> int:
        assert self.cluster
        return int((self.cluster.data_directory / "postmaster.pid").read_text().split()[0])


def _children(parent: int) -> list[int]:
    pids = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                pids.append(int(stat.parent.name))
        except (OSError, IndexError):
            continue  # the process has ended meanwhile
    return pids


@contextmanager
def scene(
    folder: Path,
    cluster: Cluster | None,
    lives: Callable[[int], Callable[[], Faults]],
    *,
    on_a_small_disk: bool = False,
    through_proxy: bool = False,
) -> Iterator[Scene]:
    """A migrated database with one process on SQLite, two on PostgreSQL. `lives`: the faults per process and life."""
    ledger = Ledger()
    with ExitStack() as stack:
        url, proxy, disk = f"sqlite:///{folder / 'casusroute.db'}", None, None
        if cluster:
            disk = stack.enter_context(small_disk(cluster.data_directory.parent)) if on_a_small_disk else None
            stack.enter_context(_new_database(cluster, folder.name, disk))
            url = cluster.url(folder.name)
        engine = open_engine(url)
        migrate(engine)
        engine.dispose()
        if not cluster:
            shutil.copytree(folder, folder / "base")
        service_url = url
        if cluster and through_proxy:
            proxy = stack.enter_context(Proxy(cluster.port))
            service_url = url.replace(f":{cluster.port}/", f":{proxy.port}/")
        replicas = [
            stack.enter_context(Replica(folder, service_url, lives(number), ledger).at_work())
            for number in range(2 if cluster else 1)
        ]
        yield Scene(folder, url, ledger, replicas, cluster, proxy, disk)


@contextmanager
def _new_database(cluster: Cluster, name: str, disk: Path | None) -> Iterator[None]:
    """An empty database, with its tables on this disk when there is one."""
    cluster.create_database(name)
    try:
        if disk is None:
            yield
            return
        address = cluster.url("postgres").replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE TABLESPACE small LOCATION {}").format(str(disk)))
            connection.execute(sql.SQL("ALTER DATABASE {} SET TABLESPACE small").format(sql.Identifier(name)))
            yield
            cluster.drop_database(name)
            connection.execute("DROP TABLESPACE small")
    finally:
        cluster.drop_database(name)


@contextmanager
def under_load(scene: Scene, *, blind: bool = False) -> Iterator[None]:
    """Let clients send requests until the block ends; then each request is settled."""
    world = LoadState([replica.port for replica in scene.replicas], scene.ledger, blind=blind)
    clients = [Client(world, number) for number in range(CLIENTS)]
    threads = [Thread(target=client.work, daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        world.stopped.set()
        for thread in threads:
            thread.join()
    clients[0].settle()
    for client in clients:
        client.close()
