"""The write-ahead log of SQLite."""

from sqlalchemy import Engine

from service.database.columns import KEYS_SCHEMA


def scrub(engine: Engine) -> bool:
    """SQLite: move the log into the database, where freed pages are overwritten, and empty it. False: somebody reads.

    PostgreSQL keeps dead rows until they are vacuumed: that is for `sweep`.
    """
    if engine.dialect.name != "sqlite":
        return False
    raw = engine.raw_connection()
    try:
        # Outside a transaction, and of both files.
        busy, _, _ = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        keys_busy, _, _ = raw.cursor().execute(f"PRAGMA {KEYS_SCHEMA}.wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        raw.close()
    return not (busy or keys_busy)
