"""The databases of the benchmarks: created by the migrations, filled through the real tables."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import psycopg
from sqlalchemy import make_url

from api_tests.support.case_file import CaseFile
from api_tests.support.databases import migrated_engine, new_postgresql
from api_tests.support.people import everybody
from api_tests.support.postgres import Cluster
from api_tests.support.servers import running, settings_for
from api_tests.support.workflows import RULES
from benchmarks.stories import Story, copies_of, store_stories, submitted_cases
from service.app import build_service
from service.cases.store.cases import Cases
from service.cases.store.contents import Contents
from service.database.engine import open_engine
from service.database.keyring import Keyring, load_master_key
from service.database.steady_clock import SteadyClock
from service.database.transaction import Transaction
from service.database.worker_threads import Database
from service.events.store.subscriptions import Subscription, WebhookSubscriptions
from service.people.store.people import People
from service.people.store.regions import RegionRegister
from service.people.use_cases.demonstration import ORGANISATIONS, PEOPLE

_ORGANISATION_IDS = {organisation.key: organisation.id for organisation in ORGANISATIONS}
TEAM = _ORGANISATION_IDS["ret"]
REGION = "JZ10"
_SUBMITTER = _ORGANISATION_IDS["team-haarlem"]
_SUBMITTED_BY = {person.key: person.id for person in PEOPLE}["anna"]
# Queries that return the statements to drop the triggers and foreign keys of a copy.
_DROP_PROTECTIONS = {
    "sqlite": "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": """
        SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL
        SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
        WHERE contype = 'f'""",
}


@dataclass(frozen=True)
class BenchmarkDatabases:
    """The databases of one engine, with the folder of its files. The engine is SQLite without a cluster."""

    folder: Path
    cluster: Cluster | None = None

    def url(self, name: str) -> str:
        return self.cluster.url(name) if self.cluster else f"sqlite:///{self._file(name)}"

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.db"

    @property
    def database_pid(self) -> int | None:
        """The process id of PostgreSQL; None for SQLite, which has no process."""
        if self.cluster is None:
            return None
        return int((self.cluster.data_directory / "postmaster.pid").read_text().splitlines()[0])

    def version(self) -> str:
        if self.cluster is None:
            return sqlite3.sqlite_version
        with psycopg.connect(_plain(self.url("postgres"))) as connection:
            return str(connection.info.parameter_status("server_version"))

    def store_case_files(self, name: str, story: Story, count: int) -> list[UUID]:
        """Store copies of the story, each a case of one team with a complete file. Returns their ids."""
        with self._database(name) as database:
            return store_stories(database, copies_of(story, count))

    def store_submitted_cases(self, name: str, count: int) -> None:
        """Store cases that wait for triage, half of them of one team, the others spread over all regions."""
        with self._database(name) as database:
            teams = database.write_sync(_create_teams)
            store_stories(database, submitted_cases(RULES, teams, count, by=_SUBMITTED_BY, at=_SUBMITTER))

    @contextmanager
    def _database(self, name: str) -> Iterator[Database]:
        """A new database in the state after the start of the service. Its statistics are refreshed at the end."""
        if self.cluster:
            new_postgresql(self.cluster, name)
        settings = settings_for(self.folder, self.url(name))
        migrated_engine(settings).dispose()
        built = build_service(settings)
        built.database.all_rows_reason = "planting"
        try:
            yield built.database
        finally:
            built.database.close()
        self.refresh(name)

    def subscribe(self, name: str, url: str) -> None:
        """Add a webhook of the team, without the confirmation by its receiver."""
        engine = open_engine(self.url(name))
        with engine.begin() as connection:
            keyring = Keyring(load_master_key(None, self.folder / "master.key"))
            now = datetime.now(UTC)
            WebhookSubscriptions(Transaction(connection, keyring, SteadyClock(lambda: now))).add(
                Subscription(
                    id=uuid4(), organisation_id=TEAM, url=url, types=None, per_minute=None, state="active",
                    reason=None, version=1, secrets=(os.urandom(32),), made_by=_SUBMITTED_BY, made_at=now,
                    changed_by=None, changed_at=now,
                )
            )  # fmt: skip
        engine.dispose()

    def publish_all(self, name: str) -> None:
        """Mark all events as published, as if a relay had processed them."""
        self._run(name, "UPDATE outbox SET published_at = 0 WHERE published_at IS NULL")

    def queue_events(self, name: str, count: int) -> None:
        """Put stored entries into the outbox, as if they were recorded now."""
        self._run(
            name,
            f"""
            INSERT INTO outbox (case_id, sequence, type)
            SELECT t.case_id, t.sequence, 'case.' || t.trigger_name
            FROM transitions t LEFT JOIN outbox o ON o.case_id = t.case_id AND o.sequence = t.sequence
            WHERE o.id IS NULL AND t.part_kind = 'case' ORDER BY t.case_id, t.sequence LIMIT {count:d}""",
        )

    def _run(self, name: str, statement: str) -> None:
        engine = open_engine(self.url(name))
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def refresh(self, name: str) -> None:
        """Update statistics on PostgreSQL, and write the write-ahead log of either engine into the database files."""
        if self.cluster:
            with psycopg.connect(_plain(self.url(name)), autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")
                connection.execute("CHECKPOINT")
            return
        with sqlite3.connect(self._file(name)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def copy_bare(self, name: str, copy: str) -> None:
        """Make a copy without triggers and foreign keys, for the floor. The original must have no connections."""
        if self.cluster:
            self.cluster.create_database(copy, template=name)
            with psycopg.connect(_plain(self.url(copy)), autocommit=True) as connection:
                for (statement,) in connection.execute(_DROP_PROTECTIONS["postgresql"]).fetchall():
                    connection.execute(statement)
            self.refresh(copy)
            return
        with sqlite3.connect(self._file(name)) as original:
            original.execute("VACUUM INTO ?", (str(self._file(copy)),))
        with sqlite3.connect(self._file(copy)) as bare:
            # SQLite enforces foreign keys only on connections that ask for it, so the copy may keep them.
            for (statement,) in bare.execute(_DROP_PROTECTIONS["sqlite"]).fetchall():
                bare.execute(statement)


def play_story(folder: Path) -> Story:
    """Play a realistic case over HTTP: help is arranged, and a placement, reconsideration and escalations begin."""
    with running(settings_for(folder, f"sqlite:///{folder / 'story.db'}")) as service:
        people = everybody(service.url)
        case = CaseFile.submitted(people).go_to("arranging_placement")
        for trigger in ("seek_placement", "request_reconsideration", "ask_network", "request_escalation"):
            case.fire(trigger)
        requested = next(part for part in case.parts("escalation") if part["state"]["code"] == "requested")
        case.fire("escalate", part=requested)
        for person in people.values():
            person.client.close()
        return service.built.database.write_sync(lambda transaction: _story(transaction, UUID(case.id)))


def _story(transaction: Transaction, case_id: UUID) -> Story:
    actor = People(transaction).find_actor(next(iter(People(transaction).issuers())), "esra")
    assert actor
    sight = Cases(transaction).find_part(case_id, case_id, seen_by=actor)
    assert sight
    return Story(sight.case, Cases(transaction).history(case_id), Contents(transaction).open(case_id))


def _create_teams(transaction: Transaction) -> dict[str, UUID]:
    """Create a team in every region. Returns region -> id of its team, first the team of the demonstration."""
    teams = {REGION: TEAM}
    for region in RegionRegister(transaction).regions():
        if region.code != REGION:
            teams[region.code] = uuid5(NAMESPACE_URL, f"casusroute/benchmark/{region.code}")
            People(transaction).add_organisation(
                teams[region.code], kind="expert_team", name=f"Expertteam {region.name}", municipality=None
            )
            People(transaction).add_coverage(teams[region.code], region.code, since=date(2025, 1, 1))
    return teams


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string()
