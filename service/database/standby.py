"""The standby that commits of PostgreSQL wait for. Where they do not wait, a failover loses acknowledged changes."""

from typing import Literal

from sqlalchemy import Connection, text

from service.database.protections import ProtectionMissing

# asynchronous: answered before the standby has the change. absent: commits wait for a standby that does not follow.
StandbyState = Literal["synchronous", "asynchronous", "absent", "none"]

# Any role sees the names of the standbys that follow; only a member of pg_read_all_stats sees how far they are.
# synchronous_standby_names is like `a, b`, `FIRST 2 (a, b)` or `ANY 1 (*)`. Other values of synchronous_commit do not
# wait for the disk of the standby.
_STATE = text(r"""
WITH asked AS (
  SELECT current_setting('synchronous_standby_names') AS names,
         current_setting('synchronous_commit') IN ('on', 'remote_apply') AS commits_wait
), parsed AS (
  SELECT commits_wait AND names <> '' AS waits,
         regexp_split_to_array(lower(names), '[\s,()"]+') AS names,
         coalesce((regexp_match(names, '(\d+)\s*\('))[1]::int, 1) AS enough
  FROM asked
)
SELECT waits, enough,
       (SELECT count(*) FROM pg_stat_replication) AS following,
       (SELECT count(*) FROM pg_stat_replication
        WHERE lower(application_name) = ANY(names) OR '*' = ANY(names)) AS named
FROM parsed
""")
_SENTENCES: dict[StandbyState, str] = {
    "asynchronous": "the database answers before its standby has the change, so a failover would lose it. "
    "Set synchronous_standby_names, with synchronous_commit on",
    "absent": "every change waits for a standby that does not follow the database",
    "none": "the database has no standby. Add a synchronous one, or take CASUSROUTE_SYNCHRONOUS_STANDBY=warn",
}


class StandbyMissing(ProtectionMissing):
    """Commits of the database do not wait for a standby, or wait for one that is not there."""


def standby_state(connection: Connection) -> StandbyState | None:
    """Returns None for SQLite, which has no standby."""
    if connection.dialect.name != "postgresql":
        return None
    row = connection.execute(_STATE).one()
    if row.waits:
        return "synchronous" if row.named >= row.enough else "absent"
    return "asynchronous" if row.following else "none"


def require_synchronous_standby(connection: Connection) -> None:
    """Raises StandbyMissing when PostgreSQL has no synchronous standby."""
    state = standby_state(connection)
    if state in _SENTENCES:
        raise StandbyMissing(_SENTENCES[state])
