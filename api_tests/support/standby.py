"""A hot standby of a PostgreSQL server of the tests: a copy that follows it, and can take over."""

import time
from typing import LiteralString

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

    def stop_following(self) -> None:
        """Stop receiving changes. Returns when the primary has no standby."""
        with psycopg.connect(_address(self), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET primary_conninfo = ''")
            connection.execute("SELECT pg_reload_conf()")
        self._wait_for("SELECT count(*) = 0 FROM pg_stat_replication")

    def ask_commits_to_wait(self, names: str, commits: str = "on") -> None:
        """Set synchronous_standby_names and synchronous_commit of the primary. Returns when they are in force."""
        self._change_primary("synchronous_standby_names", names)
        self._change_primary("synchronous_commit", commits)

    def wait_until_synchronous(self) -> None:
        """Make commits of the primary wait for this standby. Returns when they do."""
        self._change_primary("synchronous_standby_names", self.name)
        self._wait_for("SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'")

    def _change_primary(self, setting: str, value: str) -> None:
        change = sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(setting), sql.Literal(value))
        with psycopg.connect(_address(self._primary), autocommit=True) as connection:
            connection.execute(change)
            connection.execute("SELECT pg_reload_conf()")
        self._wait_for("SELECT current_setting(%s) = %s", setting, value)

    def _wait_for(self, question: LiteralString, *values: str) -> None:
        """Ask the primary until it says true."""
        deadline = time.monotonic() + _PATIENCE_IN_SECONDS
        while time.monotonic() < deadline:
            # Each time as a new session, which begins with the settings that are in force.
            with psycopg.connect(_address(self._primary), autocommit=True) as connection:
                if connection.execute(question, values).fetchone() == (True,):
                    return
            time.sleep(0.02)
        raise RuntimeError(f"the primary does not say true: {question}")

    def _initialise(self) -> None:
        # -R writes the address of the primary, with this name, into the configuration of the copy.
        source = f"host=127.0.0.1 port={self._primary.port} user={SUPERUSER} application_name={self.name}"
        self.run("pg_basebackup", "-d", source, "-D", str(self.data_directory), "-R", "--checkpoint=fast", "--no-sync")


def _address(cluster: Cluster) -> str:
    return cluster.url("postgres").replace("+psycopg", "")
