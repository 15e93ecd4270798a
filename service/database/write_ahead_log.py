"""The write-ahead log of SQLite."""

from sqlalchemy import Engine

from service.database.columns import KEYS_SCHEMA


def empty_write_ahead_log(engine: Engine) -> bool:
    """Move the log of SQLite into the database file, where freed pages are overwritten, and empty the log.

    Returns False when an open reader prevents it, and on PostgreSQL, whose dead rows the command `sweep` removes.
    """
    if engine.dialect.name != "sqlite":
        return False
    raw = engine.raw_connection()
    try:
        # A raw connection, since a checkpoint must run outside a transaction; for the files of data and of keys.
        busy, _, _ = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        keys_busy, _, _ = raw.cursor().execute(f"PRAGMA {KEYS_SCHEMA}.wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        raw.close()
    return not (busy or keys_busy)
