"""The databases that are measured on: made by the migrations, filled through the real tables."""

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
from api_tests.support.databases import migrated, new_postgresql
from api_tests.support.people import everybody
from api_tests.support.postgres import Cluster
from api_tests.support.servers import running, settings_for
from api_tests.support.workflows import RULES
from benchmarks.seeding import Story, just_submitted, plant, told_again
from service.app import build
from service.cases.store.cases import Cases
from service.cases.store.contents import Contents
from service.database.engine import open_engine
from service.database.keyring import Keyring, load_master_key
from service.database.transaction import Transaction
from service.database.worker_threads import Database
from service.events.store.subscriptions import Subscription, Subscriptions
from service.people.store.people import People
from service.people.store.regions import Reference
from service.people.use_cases.demonstration import ORGANISATIONS, PEOPLE

TEAM = {it.key: it.id for it in ORGANISATIONS}["ret"]
REGION = "JZ10"
_SUBMITTER = {it.key: it.id for it in ORGANISATIONS}["team-haarlem"]
_SUBMITTED_BY = {it.key: it.id for it in PEOPLE}["anna"]
_ON_A_COPY = {
    "sqlite": "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": """
        SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL
        SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
        WHERE contype = 'f'""",
}


@dataclass(frozen=True)
class Ground:
    """One engine and the folder in which everything of it lies. SQLite, where no cluster is given."""

    folder: Path
    cluster: Cluster | None = None

    def url(self, name: str) -> str:
        return self.cluster.url(name) if self.cluster else f"sqlite:///{self._file(name)}"

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.db"

    @property
    def database_pid(self) -> int | None:
        """Of the database, where it is a process of its own."""
        if self.cluster is None:
            return None
        return int((self.cluster.data_directory / "postmaster.pid").read_text().splitlines()[0])

    def version(self) -> str:
        if self.cluster is None:
            return sqlite3.sqlite_version
        with psycopg.connect(_plain(self.url("postgres"))) as connection:
            return str(connection.info.parameter_status("server_version"))

    def plant_files(self, name: str, story: Story, count: int) -> list[UUID]:
        """That many cases with a whole file each, all of one team."""
        with self._database(name) as database:
            return plant(database, told_again(story, count))

    def plant_lists(self, name: str, count: int) -> None:
        """That many cases that wait for triage, half of them of one team and the others spread over all regions."""
        with self._database(name) as database:
            teams = database.write_now(_teams)
            plant(database, just_submitted(RULES, teams, count, by=_SUBMITTED_BY, at=_SUBMITTER))

    @contextmanager
    def _database(self, name: str) -> Iterator[Database]:
        """A new database, as the service leaves it when it starts; its statistics are fresh in the end."""
        if self.cluster:
            new_postgresql(self.cluster, name)
        settings = settings_for(self.folder, self.url(name))
        migrated(settings).dispose()
        built = build(settings)
        built.database.all_rows_for = "planting"
        try:
            yield built.database
        finally:
            built.database.close()
        self.refresh(name)

    def subscribe(self, name: str, url: str) -> None:
        """A webhook of the team; whether its receiver agrees is not asked."""
        engine = open_engine(self.url(name))
        with engine.begin() as connection:
            keyring = Keyring(load_master_key(None, self.folder / "master.key"))
            now = datetime.now(UTC)
            Subscriptions(Transaction(connection, keyring, lambda: now)).add(
                Subscription(
                    id=uuid4(), organisation_id=TEAM, url=url, types=None, per_minute=None, state="active",
                    reason=None, version=1, secrets=(os.urandom(32),), made_by=_SUBMITTED_BY, made_at=now,
                    changed_by=None, changed_at=now,
                )
            )  # fmt: skip
        engine.dispose()

    def publish_all(self, name: str) -> None:
        """As if a relay had been at work so far."""
        self._run(name, "UPDATE outbox SET published_at = 0 WHERE published_at IS NULL")

    def make_news(self, name: str, count: int) -> None:
        """Have that many entries that were planted told, as if they were recorded only now."""
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
        """What a database does by itself in time: statistics, and the write-ahead log of SQLite into its file."""
        if self.cluster:
            with psycopg.connect(_plain(self.url(name)), autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")
                connection.execute("CHECKPOINT")
            return
        with sqlite3.connect(self._file(name)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def copy_bare(self, name: str, copy: str) -> None:
        """A copy without triggers and foreign keys, for the floor. Nobody may be connected to the original."""
        if self.cluster:
            self.cluster.create_database(copy, template=name)
            with psycopg.connect(_plain(self.url(copy)), autocommit=True) as connection:
                for (statement,) in connection.execute(_ON_A_COPY["postgresql"]).fetchall():
                    connection.execute(statement)
            self.refresh(copy)
            return
        with sqlite3.connect(self._file(name)) as original:
            original.execute("VACUUM INTO ?", (str(self._file(copy)),))
        with sqlite3.connect(self._file(copy)) as bare:
            # Foreign keys are not looked at on this engine unless the connection asks for it.
            for (statement,) in bare.execute(_ON_A_COPY["sqlite"]).fetchall():
                bare.execute(statement)


def told_once(folder: Path) -> Story:
    """A case as people live it, acted out over HTTP: help is arranged, a stay sought, and more asked beside it."""
    with running(settings_for(folder, f"sqlite:///{folder / 'story.db'}")) as service:
        people = everybody(service.url)
        case = CaseFile.submitted(people).go_to("arranging_placement")
        for trigger in ("seek_placement", "request_reconsideration", "ask_network", "request_escalation"):
            case.fire(trigger)
        requested = next(it for it in case.parts("escalation") if it["state"]["code"] == "requested")
        case.fire("escalate", part=requested)
        for person in people.values():
            person.client.close()
        return service.built.database.write_now(lambda transaction: _story(transaction, UUID(case.id)))


def _story(transaction: Transaction, case_id: UUID) -> Story:
    actor = People(transaction).actor(next(iter(People(transaction).issuers())), "esra")
    assert actor
    sight = Cases(transaction).find(case_id, case_id, seen_by=actor)
    assert sight
    return Story(sight.case, Cases(transaction).history(case_id), Contents(transaction).open(case_id))


def _teams(transaction: Transaction) -> dict[str, UUID]:
    """A team in every region; the first is that of the demonstration."""
    teams = {REGION: TEAM}
    for region in Reference(transaction).regions():
        if region.code != REGION:
            teams[region.code] = uuid5(NAMESPACE_URL, f"casusroute/benchmark/{region.code}")
            People(transaction).add_organisation(
                teams[region.code], kind="expert_team", name=f"Expertteam {region.name}", municipality=None
            )
            People(transaction).cover(teams[region.code], region.code, since=date(2025, 1, 1))
    return teams


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string()
