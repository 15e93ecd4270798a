"""Outages of a database: the errors of the drivers that pass by themselves, and their cause in words."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from service.vocabulary.refusals import Unavailable

_SQLITE_OUTAGES = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")
# What libpq says of a server that target_session_attrs excludes. It gives no error code.
_EXCLUDED_SERVER = re.compile("session is read-only|server is in hot standby mode")
_REFUSED_CONNECTION = re.compile(r"FATAL:\s+(.+)")


@contextmanager
def unavailable_when_down() -> Iterator[None]:
    """Raise Unavailable when the database is down, locked, full or read-only. `__cause__` is the driver's error."""
    try:
        yield
    except IntegrityError:
        raise
    except (DBAPIError, PoolTimeout) as error:
        if isinstance(error, DBAPIError) and not _is_temporary(error):
            raise
        raise Unavailable from error


def _is_temporary(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        # The SQLite driver raises OperationalError for a missing table as well, so the error code decides.
        return _sqlite_code(error.orig).startswith(_SQLITE_OUTAGES)
    # SQLSTATE classes of PostgreSQL: 08 connection, 40 rollback, 53 resources, 55 lock, 57 shutdown, 58 system error.
    temporary = isinstance(error, OperationalError | InterfaceError)
    return temporary or error.connection_invalidated or isinstance(error.orig, ReadOnlySqlTransaction)


def outage_cause(refusal: Unavailable) -> str:
    """Returns the cause in words, for the operator. It may name a role, a host or a database, and never a password."""
    error = refusal.__cause__.orig if isinstance(refusal.__cause__, DBAPIError) else None
    if isinstance(error, sqlite3.Error) and _sqlite_code(error).startswith("SQLITE_READONLY"):
        return "the database is read-only: this user may not write its file, or its disk takes no changes"
    if isinstance(error, ReadOnlySqlTransaction) or _EXCLUDED_SERVER.search(str(error)):
        return (
            "the database is read-only, as a standby is. "
            "Give the address of the primary, or of all servers with target_session_attrs=read-write"
        )
    if refused := _REFUSED_CONNECTION.search(str(error)):
        return f"the database refuses the connection: {refused[1]}"
    return "the database does not answer, or another process has locked it"


def _sqlite_code(error: sqlite3.Error) -> str:
    return str(getattr(error, "sqlite_errorname", ""))
