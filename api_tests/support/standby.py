"""A hot standby of a PostgreSQL server of the tests: a copy that follows it, and can take over."""

import time

import psycopg
from psycopg import sql

from api_tests.support.postgres import SUPERUSER, Cluster

_PATIENCE_IN_SECONDS = 120.0


class Standby(Cluster):
    """A copy of `primary` that replays its log and takes no changes, until it is promoted.

    The primary knows it as `name`.
    """

    def __init__(self, primary: Cluster, name: str) -> None:
        super().__init__(durable=primary.durable)
        self.name = name
        self._primary = primary

    def promote(self) -> None:
        """Let this server take changes. Returns when it does."""
        self.run("pg_ctl", "promote", "--wait", f"--timeout={_PATIENCE_IN_SECONDS:.0f}", "-D", str(self.data_directory))

    def wait_until_synchronous(self) -> None:
        """Make commits of the primary wait for this standby. Returns when they do."""
        with psycopg.connect(_address(self._primary), autocommit=True) as connection:
            connection.execute(
                sql.SQL("ALTER SYSTEM SET synchronous_standby_names = {}").format(sql.Literal(self.name))
            )
            connection.execute("SELECT pg_reload_conf()")
            deadline = time.monotonic() + _PATIENCE_IN_SECONDS
            while time.monotonic() < deadline:
                row = connection.execute(
                    "SELECT count(*) FROM pg_stat_replication WHERE application_name = %s AND sync_state = 'sync'",
                    (self.name,),
                ).fetchone()
                if row == (1,):
                    return
                time.sleep(0.02)
        raise RuntimeError(f"{self.name} does not become synchronous")

    def _initialise(self) -> None:
        # -R writes the address of the primary, with this name, into the configuration of the copy.
        source = f"host=127.0.0.1 port={self._primary.port} user={SUPERUSER} application_name={self.name}"
        self.run("pg_basebackup", "-d", source, "-D", str(self.data_directory), "-R", "--checkpoint=fast", "--no-sync")


def _address(cluster: Cluster) -> str:
    return cluster.url("postgres").replace("+psycopg", "")
