"""A hot standby takes no changes: a process that meets one says so, and does not say that nobody answers."""

import os
import shlex
import sqlite3
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from api_tests.support.checkout import ROOT
from api_tests.support.databases import environment_of, migrated_engine, new_postgresql
from api_tests.support.postgres import Cluster
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import settings_for
from api_tests.support.standby import Standby
from service.__main__ import main
from service.database.outage import outage_cause, unavailable_when_down
from service.vocabulary.refusals import Unavailable

pytestmark = pytest.mark.server

READ_ONLY = (
    "the database is read-only, as a standby is. "
    "Give the address of the primary, or of all servers with target_session_attrs=read-write"
)
REGISTER = "administrator --issuer https://login.example --subject joost --name Joost"
PATIENCE_SECONDS = 120  # longer only on a busy machine
BEGINNINGS = {
    "migrate": "not started",
    "roles --apply": "not started",
    "sweep": "not started",
    "recover": "not done",
    REGISTER: "not started",
}


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a migrated database on a hot standby."""
    with Cluster() as primary:
        url = new_postgresql(primary, "followed")
        migrated_engine(settings_for(tmp_path_factory.mktemp("followed"), url)).dispose()
        with Standby(primary, "follower") as standby:
            yield standby.url("followed")


def environment_for(url: str, folder: Path) -> dict[str, str]:
    return {
        **environment_of(url),
        "CASUSROUTE_MASTER_KEY": b64encode(b"m" * 32).decode(),
        "CASUSROUTE_DESTRUCTION_LIST": str(folder / "destructions.jsonl"),
        "CASUSROUTE_ISSUERS": '[{"name": "https://login.example"}]',
        "CASUSROUTE_PORT": "0",
    }


def end_of(command: str, url: str, folder: Path) -> str:
    """Returns the sentence with which a command ends that must fail."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment_for(url, folder).items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["service", *shlex.split(command)])
        with pytest.raises(SystemExit) as ended:
            main()
    return str(ended.value)


@broken_by(
    "A service that starts on a standby says that the database is read-only",
    "service/database/outage.py",
    "    if isinstance(error, ReadOnlySqlTransaction) or _EXCLUDED_SERVER.search(str(error)):\n",
    "    if _EXCLUDED_SERVER.search(str(error)):\n",
)
def test_a_service_that_starts_on_a_standby_says_that_the_database_is_read_only(migrated: str, tmp_path: Path) -> None:
    environment = {**os.environ, **environment_for(migrated, tmp_path)}
    command = [sys.executable, "-m", "service", "serve"]

    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )

    assert (ended.returncode, ended.stderr.strip()) == (1, f"not started: {READ_ONLY}")


@broken_by(
    "A migration of a standby ends with a sentence",
    "service/commands/migrate.py",
    "        with unavailable_when_down():\n            migrate(engine, roles=roles)\n",
    "        migrate(engine, roles=roles)\n",
    case="migrate",
)
@pytest.mark.parametrize("command", BEGINNINGS)
def test_a_command_on_a_standby_says_that_the_database_is_read_only(
    command: str, migrated: str, tmp_path: Path
) -> None:
    assert end_of(command, migrated, tmp_path) == f"{BEGINNINGS[command]}: {READ_ONLY}"


@broken_by(
    "A service that finds a standby among its servers, and no primary, says that the database is read-only",
    "service/database/outage.py",
    " or _EXCLUDED_SERVER.search(str(error))",
    "",
    case="read-write",
)
@pytest.mark.parametrize("attributes", ["read-write", "primary"])
def test_where_only_a_standby_answers_the_same_is_said(attributes: str, migrated: str, tmp_path: Path) -> None:
    servers = make_url(migrated).update_query_dict({"target_session_attrs": attributes})

    assert end_of(REGISTER, servers.render_as_string(), tmp_path) == f"not started: {READ_ONLY}"


def test_a_database_that_refuses_the_connection_is_told_from_one_that_does_not_answer(
    migrated: str, tmp_path: Path
) -> None:
    refusing = make_url(migrated).set(database="nobodys").render_as_string()
    silent = make_url(migrated).set(port=1).render_as_string()

    refused, unanswered = end_of(REGISTER, refusing, tmp_path), end_of(REGISTER, silent, tmp_path)

    assert refused == 'not started: the database refuses the connection: database "nobodys" does not exist'
    assert unanswered == "not started: the database does not answer, or another process has locked it"


def test_a_sqlite_file_that_takes_no_changes_is_called_read_only(tmp_path: Path) -> None:
    file = tmp_path / "casusroute.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE cases (id)")
    engine = create_engine(f"sqlite:///file:{file}?mode=ro&uri=true")

    with pytest.raises(Unavailable) as refusal, unavailable_when_down(), engine.begin() as reading:
        reading.execute(text("INSERT INTO cases VALUES (1)"))
    engine.dispose()

    assert outage_cause(refusal.value).startswith("the database is read-only: ")
