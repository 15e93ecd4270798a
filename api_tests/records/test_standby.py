"""A hot standby takes no changes: a process that meets one says so, and does not say that nobody answers."""

import asyncio
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
from structlog.testing import capture_logs

from api_tests.support.checkout import ROOT
from api_tests.support.databases import environment_of, migrated_engine, new_postgresql
from api_tests.support.postgres import Cluster
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import settings_for
from api_tests.support.standby import Standby
from service.__main__ import main
from service.app import build_service, open_database
from service.database.outage import outage_cause, unavailable_when_down
from service.database.standby import StandbyMissing
from service.events.store.backlog import outbox_age
from service.http.readiness import Readiness
from service.settings import Settings
from service.vocabulary.refusals import Unavailable

pytestmark = pytest.mark.server

READ_ONLY = (
    "the database is read-only, as a standby is. "
    "Give the address of the primary, or of all servers with target_session_attrs=read-write"
)
REGISTER = "administrator --issuer https://login.example --subject joost --name Joost"
PATIENCE_SECONDS = 120  # longer only on a busy machine
MASTER_KEY = b64encode(b"m" * 32).decode()  # of all settings: the tests share a database
BEGINNINGS = {
    "migrate": "not started",
    "roles --apply": "not started",
    "sweep": "not started",
    "recover": "not done",
    REGISTER: "not started",
}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, Standby]]:
    """A primary with a migrated database, and its standby."""
    with Cluster() as primary:
        url = new_postgresql(primary, "followed")
        migrated_engine(settings_for(tmp_path_factory.mktemp("followed"), url)).dispose()
        with Standby(primary, "follower") as standby:
            yield primary, standby


@pytest.fixture
def migrated(pair: tuple[Cluster, Standby]) -> str:
    """The address of the database on the standby."""
    return pair[1].url("followed")


def environment_for(url: str, folder: Path) -> dict[str, str]:
    return {
        **environment_of(url),
        "CASUSROUTE_MASTER_KEY": MASTER_KEY,
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


SENTENCES = {
    "asynchronous": "the database answers before its standby has the change",
    "absent": "every change waits for a standby that does not follow",
    "none": "the database has no standby",
}


@broken_by(
    "The service does not start without the synchronous standby that its settings require",
    "service/app.py",
    "        require_synchronous_standby(transaction.connection)\n",
    "        pass\n",
    case="asynchronous",
)
@broken_by(
    "A process is not ready without the synchronous standby that its settings require",
    "service/http/readiness.py",
    'return required == "warn" or state in (None, "synchronous")',
    "return True",
    case="asynchronous",
)
@broken_by(
    "A standby that changes wait for is looked for by its name",
    "service/database/standby.py",
    "row.named >= row.enough",
    "row.following",
    case="absent",
)
@pytest.mark.parametrize(
    ("names", "commits", "state"),
    [
        ("", "on", "asynchronous"),
        ("follower", "local", "asynchronous"),
        ("follower", "remote_write", "asynchronous"),
        ("nobody", "on", "absent"),
        ("FIRST 2 (follower, nobody)", "on", "absent"),
    ],
    ids=["asynchronous", "local", "remote write", "absent", "one too few"],
)
def test_where_commits_do_not_wait_for_a_standby_the_settings_decide(
    names: str, commits: str, state: str, pair: tuple[Cluster, Standby], tmp_path: Path
) -> None:
    primary, standby = pair
    standby.ask_commits_to_wait(names, commits)
    settings = settings_for(tmp_path, primary.url("followed"), master_key=MASTER_KEY)

    strict, warned, ignored = (outcome_of(settings, choice) for choice in ("require", "warn", "ignore"))

    assert strict == (("standby",), [state], SENTENCES[state])
    assert warned == ((), [state], "")
    assert ignored == ((), [], "")


@pytest.mark.parametrize("names", ["follower", "FOLLOWER, nobody", "ANY 1 (nobody, follower)", "*"])
def test_a_synchronous_standby_is_what_the_settings_may_require(
    names: str, pair: tuple[Cluster, Standby], tmp_path: Path
) -> None:
    primary, standby = pair
    standby.ask_commits_to_wait(names, "on")
    settings = settings_for(tmp_path, primary.url("followed"), master_key=MASTER_KEY, synchronous_standby="require")

    assert outcome_of(settings, "require") == ((), [], "")
    assert refusal_of(settings) == ""


def test_a_database_without_any_standby_is_served_unless_one_is_required(cluster: Cluster, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, new_postgresql(cluster, "unfollowed"))
    migrated_engine(settings).dispose()

    assert outcome_of(settings, "require") == (("standby",), [], SENTENCES["none"])
    assert outcome_of(settings, "warn") == ((), [], "")


def outcome_of(settings: Settings, choice: str) -> tuple[tuple[str, ...], list[str], str]:
    """Returns (failing checks, states in the log, beginning of the sentence with which a start is refused)."""
    chosen = settings.model_copy(update={"synchronous_standby": choice})
    with pytest.MonkeyPatch.context() as patch, capture_logs() as logs, closing(open_database(chosen)) as database:
        patch.setattr("service.http.readiness.CHECK_TIMEOUT_SECONDS", 30)  # a busy machine is no failure
        patch.setattr("service.http.readiness.RECHECK_SECONDS", 0)
        readiness = Readiness(database, chosen, outbox_age)
        failing, again = (asyncio.run(readiness.failing_checks()) for _ in range(2))
    assert failing == again
    states = [entry["state"] for entry in logs if entry["event"] == "standby"]
    # Where commits wait for ever, a start that is not refused would wait as well.
    return failing, states, refusal_of(chosen) if failing else ""


def refusal_of(settings: Settings) -> str:
    """Returns the beginning of the sentence with which a start is refused; empty when the service starts."""
    try:
        build_service(settings).database.close()
    except StandbyMissing as refusal:
        return next((sentence for sentence in SENTENCES.values() if str(refusal).startswith(sentence)), str(refusal))
    return ""


def test_a_sqlite_file_that_takes_no_changes_is_called_read_only(tmp_path: Path) -> None:
    file = tmp_path / "casusroute.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE cases (id)")
    engine = create_engine(f"sqlite:///file:{file}?mode=ro&uri=true")

    with pytest.raises(Unavailable) as refusal, unavailable_when_down(), engine.begin() as reading:
        reading.execute(text("INSERT INTO cases VALUES (1)"))
    engine.dispose()

    assert outage_cause(refusal.value).startswith("the database is read-only: ")
