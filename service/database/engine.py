"""The SQLAlchemy engine of a database, with the options that this service requires."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from service.database.private_files import make_private_file, make_private_folder, restrict_to_owner

# recursive_triggers: without it INSERT OR REPLACE does not fire the delete triggers of the history.
SQLITE_PRAGMAS = {
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "recursive_triggers": "ON",
    "busy_timeout": "10000",
    "secure_delete": "ON",
}


# Settings of each session of PostgreSQL, in milliseconds. The idle timeout frees a case that a hanging process holds
# locked. A pooler may drop what a connection asks for: the role of the service has the same settings.
SESSION_TIMEOUTS = {"lock_timeout": 5_000, "statement_timeout": 30_000, "idle_in_transaction_session_timeout": 60_000}
# The TCP timeouts let a process notice a lost database before its own caller gives up; without them the operating
# system waits about fifteen minutes. connect_timeout and keepalives are in seconds.
POSTGRESQL_CONNECTION = {
    "connect_timeout": 5,
    "tcp_user_timeout": 15_000,  # milliseconds
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "options": " ".join(f"-c {name}={milliseconds}" for name, milliseconds in SESSION_TIMEOUTS.items()),
}


SQLITE_READER_THREADS = 4
_SQLITE_SUFFIXES = ("-wal", "-shm", "-journal")


class DatabaseUrlRefused(ValueError):
    """The URL is of no database that this service can use. The message repeats no part of it but a file name."""


def parse_database_url(url: str) -> URL:
    """Returns the parts of a database URL. Raises DatabaseUrlRefused."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    is_file = (
        parsed is not None
        and parsed.drivername in ("sqlite", "sqlite+pysqlite")
        and parsed.database not in (None, "", ":memory:")
    )
    if parsed is None or not (is_file or parsed.drivername == "postgresql+psycopg"):
        raise DatabaseUrlRefused(
            "the URL of the database must be sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME "
            "(CASUSROUTE_DATABASE_URL, CASUSROUTE_OWNER_URL)"
        )
    return parsed


def open_engine(url: str, connections: int = 8) -> Engine:
    """Open the engine of this database URL. The migrations use it as well. Raises DatabaseUrlRefused."""
    parsed = parse_database_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(url, Path(parsed.database or ""))
    return create_engine(
        url,
        pool_size=connections + 1,  # one per worker thread, and one for the thread of the readiness checks
        max_overflow=0,
        pool_timeout=5,
        isolation_level="READ COMMITTED",
        connect_args=POSTGRESQL_CONNECTION,
    )


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite database, None for PostgreSQL. Raises DatabaseUrlRefused."""
    parsed = parse_database_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def keys_file(database: Path) -> Path:
    """The file next to a SQLite database that holds the keys of its content."""
    return database.with_name(database.name + ".keys")


def _make_private(database: Path) -> None:
    """Create the files of data and keys before SQLite does. SQLite gives its log files the mode of the main file."""
    make_private_folder(database.parent)
    for file in (database, keys_file(database)):
        make_private_file(file)
        for suffix in _SQLITE_SUFFIXES:
            restrict_to_owner(file.with_name(file.name + suffix))


def _require_sqlite(file: Path) -> None:
    """Refuse a file of another kind before its mode changes. Raises DatabaseUrlRefused.

    SQLite alone reads the file: closing it after a plain read drops the locks of every connection of this process.
    """
    if not file.is_file():
        return
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("PRAGMA schema_version")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise DatabaseUrlRefused(f"{file} is no SQLite database (CASUSROUTE_DATABASE_URL)") from None
        # Any other fault, as a lock, is told by the connection that does the work.


def _open_sqlite(url: str, file: Path) -> Engine:
    _require_sqlite(file)
    _make_private(file)
    engine = create_engine(url, pool_size=SQLITE_READER_THREADS + 2, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        # The driver would send BEGIN too late and without IMMEDIATE: _begin, below, begins every transaction.
        connection.isolation_level = None
        connection.execute("ATTACH DATABASE ? AS keys", (str(keys_file(file)),))
        for name, value in SQLITE_PRAGMAS.items():
            connection.execute(f"PRAGMA {name}={value}")
        for name in ("journal_mode", "synchronous", "secure_delete"):
            connection.execute(f"PRAGMA keys.{name}={SQLITE_PRAGMAS[name]}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer takes its lock at once: a read snapshot cannot be upgraded after another connection wrote.
        mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine
