"""Every connection that the service opens has the settings on which the promises of the database rest."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from service.database.engine import SQLITE_READER_THREADS, keys_file, open_engine
from service.database.keyring import Keyring
from service.database.migrations import migrate

pytestmark = pytest.mark.server

# SQLite has a data file and a key file; synchronous 2 is FULL.
IN_FORCE: dict[str, dict[str, object]] = {
    "sqlite": {
        "PRAGMA foreign_keys": 1,
        "PRAGMA recursive_triggers": 1,
        "PRAGMA busy_timeout": 10_000,
        **{f"PRAGMA {file}.journal_mode": "wal" for file in ("main", "keys")},
        **{f"PRAGMA {file}.synchronous": 2 for file in ("main", "keys")},
        **{f"PRAGMA {file}.secure_delete": 1 for file in ("main", "keys")},
    },
    "postgresql": {
        "SHOW transaction_isolation": "read committed",
        "SHOW synchronous_commit": "on",
        "SHOW session_replication_role": "origin",
        "SHOW lock_timeout": "5s",
        "SHOW statement_timeout": "30s",
    },
}


@pytest.fixture
def opened(service: RunningService) -> Iterator[Engine]:
    engine = open_engine(service.settings.database_url, connections=SQLITE_READER_THREADS + 2)
    yield engine
    engine.dispose()


def test_every_connection_is_set_up_as_promised(opened: Engine) -> None:
    with ExitStack() as stack:
        for _ in range(SQLITE_READER_THREADS + 2):
            # A read transaction: a second writer would wait for the first.
            reading = opened.execution_options(sqlite_begin="DEFERRED")
            connection = stack.enter_context(reading.connect())

            expected = IN_FORCE[opened.dialect.name]
            assert {query: connection.exec_driver_sql(query).scalar() for query in expected} == expected


@broken_by(
    "SQLite keeps no deleted key in a free page",
    "service/database/engine.py",
    '    "secure_delete": "ON",',
    '    "secure_delete": "OFF",',
)
def test_a_deleted_key_remains_in_no_free_page(tmp_path: Path) -> None:
    """SQLite leaves deleted rows in its file unless secure_delete is on."""
    file = tmp_path / "casusroute.db"
    engine, owner = open_engine(f"sqlite:///{file}"), uuid4()
    migrate(engine)
    keyring = Keyring(b"m" * 32)
    with engine.begin() as connection:
        keyring.create_keys(connection, owner, ("draft",))
        wrapped = connection.exec_driver_sql("SELECT wrapped FROM keys.case_keys").scalar_one()
    before = _on_disk(engine, file)

    with engine.begin() as connection:
        keyring.remove_keys(connection, owner)

    assert wrapped in before
    assert wrapped not in _on_disk(engine, file)
    engine.dispose()


def _on_disk(engine: Engine, file: Path) -> bytes:
    """The bytes of the key file after its write-ahead log was merged into it."""
    with engine.connect() as connection:
        dbapi: Any = connection.connection
        assert dbapi.execute("PRAGMA keys.wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    return keys_file(file).read_bytes()
