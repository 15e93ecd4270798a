"""The sweep: removes destroyed data from the files of a database, as the owner of its tables."""

from collections.abc import Iterator

from sqlalchemy import Connection, Engine, text

from service.cases.store.tables import cases, contents, outbox, parts, transitions
from service.database.tables import case_keys
from service.database.write_ahead_log import empty_write_ahead_log
from service.events.store.tables import deliveries
from service.people.store.tables import organisations, people
from service.retention.store.tables import destruction_withdrawals, legal_holds

SWEPT_TABLES = (
    transitions, contents, parts, cases, outbox, deliveries, legal_holds, destruction_withdrawals, organisations,
    people, case_keys,
)  # fmt: skip
_OWNED = text("SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = CAST(:name AS regclass)")
_SUPERUSER = text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
_CHECKPOINTS = text("SELECT pg_has_role(current_user, 'pg_checkpoint', 'USAGE')")
_RECYCLED = text("SELECT current_setting('wal_recycle')")
_ARCHIVED = text("SELECT current_setting('archive_mode')")


class SweepRefused(RuntimeError):
    """The sweep failed. The message says why, or who can do it."""


def sweep_database(engine: Engine) -> tuple[str, ...]:
    """Remove destroyed data from the files of the database. Returns one sentence per step that is left to others.

    Raises SweepRefused when this user does not own the tables, or another connection reads the database.
    """
    if engine.dialect.name == "sqlite":
        if not empty_write_ahead_log(engine):
            raise SweepRefused("another process reads the database; run this again, or stop the service first")
        return ()
    # The lock timeout of five seconds stays: it notices other users. Rewriting a table may take any time.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        for table in SWEPT_TABLES:
            if not connection.execute(_OWNED, {"name": table.fullname}).scalar():
                raise SweepRefused(f"only the owner of {table.fullname} can sweep it")
        for table in SWEPT_TABLES:
            connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {table.fullname}")
        return tuple(_sweep_server(connection))


def _sweep_server(connection: Connection) -> Iterator[str]:
    """Sweep statistics and write-ahead log as far as this user may. Yields one sentence per step left to others."""
    superuser = connection.execute(_SUPERUSER).scalar()
    if superuser:
        # pg_statistic holds samples of columns from before the destruction.
        connection.exec_driver_sql("VACUUM FULL pg_statistic")
        connection.exec_driver_sql("SELECT pg_switch_wal()")
    else:
        yield "samples of values may be left in pg_statistic until it is vacuumed: VACUUM FULL pg_statistic (superuser)"
        yield "the current segment of the write-ahead log was not closed: SELECT pg_switch_wal() (superuser)"
    if superuser or connection.execute(_CHECKPOINTS).scalar():
        connection.exec_driver_sql("CHECKPOINT")
        connection.exec_driver_sql("CHECKPOINT")
    else:
        yield "older segments go at the next checkpoint: CHECKPOINT (pg_checkpoint)"
    if connection.execute(_RECYCLED).scalar() == "on":
        yield "old segments are kept to be written over: with wal_recycle = off the server removes them instead"
    if connection.execute(_ARCHIVED).scalar() != "off":
        yield "archived segments hold what was destroyed until their own term ends, as backups do: keep them short"
