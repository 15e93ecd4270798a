"""Every connection that the service opens has the settings on which the promises of the database rest."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, create_engine, make_url

from api_tests.support.databases import as_role, new_database
from api_tests.support.postgres import SUPERUSER
from api_tests.support.problems import problem_of
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService, running, settings_for
from service.app import build_service
from service.database.engine import POSTGRESQL_CONNECTION, SQLITE_READER_THREADS, keys_file, open_engine
from service.database.health import TimeoutsMissing
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
        "SHOW idle_in_transaction_session_timeout": "1min",
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


@pytest.fixture
def behind_a_pooler(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningService]:
    """A service of which a pooler drops what its connections ask for. Each readiness request checks everything."""
    url = new_database(request, tmp_path, "postgresql")
    monkeypatch.setitem(POSTGRESQL_CONNECTION, "options", "")
    monkeypatch.setattr("service.http.readiness.RECHECK_SECONDS", 0)
    monkeypatch.setattr("service.http.readiness.CHECK_TIMEOUT_SECONDS", 30)  # a busy machine is no failure
    with running(settings_for(tmp_path, url)) as service:
        yield service


@broken_by(
    "The role of the service has the timeouts that a pooler may drop",
    "service/database/postgres_roles.py",
    "    for name, milliseconds in SESSION_TIMEOUTS.items():\n",
    "    for name, milliseconds in ():\n",
)
def test_the_timeouts_stand_with_the_role_where_a_pooler_drops_them(behind_a_pooler: RunningService) -> None:
    with behind_a_pooler.built.database.engine.connect() as connection:
        expected = {query: value for query, value in IN_FORCE["postgresql"].items() if query.endswith("timeout")}

        assert {query: connection.exec_driver_sql(query).scalar() for query in expected} == expected
        assert len(expected) == 3
    assert httpx.get(f"{behind_a_pooler.url}/v1/ready").status_code == 200


@broken_by(
    "A process of which a pooler drops the timeouts is not ready",
    "service/database/health.py",
    '        failures.append("timeouts")\n',
    "        pass\n",
    case="lock_timeout-0",
)
@broken_by(
    "The service does not start where a pooler drops its timeouts",
    "service/app.py",
    "    require_timeouts(transaction.connection)\n",
    "",
    case="lock_timeout-0",
)
@broken_by(
    "A timeout that is longer than the service asks for is as bad as none",
    "service/database/health.py",
    "if not 0 < milliseconds <= SESSION_TIMEOUTS[name]",
    "if not 0 < milliseconds",
    case="statement_timeout-1h",
)
@pytest.mark.parametrize(
    ("name", "value"),
    [("lock_timeout", "0"), ("statement_timeout", "1h"), ("idle_in_transaction_session_timeout", "0")],
)
def test_a_timeout_that_neither_connection_nor_role_has_is_named_and_not_served(
    name: str, value: str, behind_a_pooler: RunningService
) -> None:
    service, url = behind_a_pooler, make_url(behind_a_pooler.settings.database_url)
    superuser = create_engine(as_role(service.settings.database_url, SUPERUSER))
    with superuser.begin() as connection:
        connection.exec_driver_sql(f"ALTER ROLE {url.username} IN DATABASE {url.database} SET {name} = '{value}'")
    superuser.dispose()
    service.built.database.engine.dispose()  # a session learns of it when it begins

    ready = httpx.get(f"{service.url}/v1/ready")

    assert problem_of(ready, 503, "not_ready")["checks"] == ["timeouts"]
    with pytest.raises(TimeoutsMissing, match=rf"no {name} as the service asks"):
        build_service(service.settings)


@broken_by(
    "A second engine on a SQLite database keeps the locks of the first",
    "service/database/engine.py",
    '            connection.execute("PRAGMA schema_version")\n',
    "            file.read_bytes()\n",
)
def test_opening_a_database_again_drops_no_lock_of_this_process(tmp_path: Path) -> None:
    """Another process that thinks it is the last one removes the log, and what was committed after is lost."""
    file = tmp_path / "casusroute.db"
    url = f"sqlite:///{file}"
    engine = open_engine(url)
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE notes (text TEXT)")
        connection.commit()
        open_engine(url).dispose()
        program = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT * FROM notes').connection.close()"
        subprocess.run([sys.executable, "-c", program, str(file)], check=True)

        connection.exec_driver_sql("INSERT INTO notes VALUES ('Gebeld.')")
        connection.commit()
        log_stands = file.with_name(f"{file.name}-wal").exists()
    engine.dispose()

    with closing(sqlite3.connect(file)) as reader:
        assert reader.execute("SELECT text FROM notes").fetchall() == [("Gebeld.",)]
    assert log_stands


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
