"""An installation that is backed up while it serves, and its backups restored elsewhere.

The commands of PostgreSQL are those that the README gives to operators, word for word.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from api_tests.support.administration import Office
from api_tests.support.case_file import CaseFile
from api_tests.support.changed_rules import service_with_people
from api_tests.support.databases import ROLES, as_role, environment_of, new_postgresql
from api_tests.support.destructions import destroy_case
from api_tests.support.ledger import Ledger
from api_tests.support.load_clients import Client, LoadState
from api_tests.support.people import People
from api_tests.support.postgres import Cluster
from api_tests.support.servers import RunningService
from service.__main__ import main

CLIENTS = 3


@dataclass(frozen=True)
class Backup:
    """The two files of a backup. On SQLite a manifest and a list stand in the same folder."""

    data: Path
    keys: Path


@dataclass(frozen=True)
class RestoredInstallation:
    """A restored database: the exit code, or the sentence, with which the last command ended, and its output."""

    folder: Path
    url: str
    exit_code: int | str | None
    output: str


@dataclass
class BackedUpInstallation:
    """A database with a case older than all backups, a destroyed case, a case between both backups, and the backups."""

    folder: Path
    url: str
    cluster: Cluster | None

    service: RunningService
    living: CaseFile
    doomed: CaseFile
    case_between: CaseFile
    certificate: dict[str, Any]
    keys_of_doomed: list[bytes]
    earliest: Backup
    newest: Backup
    under_load: Backup
    acknowledged: Ledger

    @property
    def destruction_list(self) -> Path:
        return self.folder / "destructions.jsonl"

    def restore(
        self, name: str, data: Backup, keys: Backup, *lists: Path, master_key: Path | None = None
    ) -> RestoredInstallation:
        """Restore data and keys elsewhere under this name, and recover with these destruction lists."""
        folder = self.folder / name
        folder.mkdir()
        options = ("--destructions", *map(str, lists)) if lists else ()
        key = master_key or self.folder / "master.key"
        if self.cluster is None:
            url = f"sqlite:///{folder / 'casusroute.db'}"
            arguments = ("restore", "--data", str(data.data), "--keys", str(keys.keys), *options)
            return RestoredInstallation(folder, url, *run_command(folder, url, key, *arguments))
        url = new_postgresql(self.cluster, f"{self.folder.name}_{name}")
        for file in (data.data, keys.keys):
            subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=file.parent, check=True)
            self.cluster.run(
                "pg_restore", "--single-transaction", "--exit-on-error", "-d", owner_address(url), str(file)
            )
        run_command(folder, url, key, "migrate")
        return RestoredInstallation(folder, url, *run_command(folder, url, key, "recover", *options))


def run_command(folder: Path, url: str, key: Path, *arguments: str) -> tuple[int | str | None, str]:
    """Run `python -m service` on this database. Returns (exit code, output)."""
    output = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output):
        for name, value in environment_of(url).items():
            patch.setenv(name, value)
        patch.setenv("CASUSROUTE_MASTER_KEY_FILE", str(key))
        patch.setenv("CASUSROUTE_DESTRUCTION_LIST", str(folder / "destructions.jsonl"))
        patch.setattr(sys, "argv", ["service", *arguments])
        try:
            main()
        except SystemExit as end:
            return end.code, output.getvalue()
    return 0, output.getvalue()


def owner_address(url: str) -> str:
    """The address of the database for the programs of PostgreSQL, as the owner of its tables."""
    return as_role(url, ROLES.owner).replace("postgresql+psycopg", "postgresql")


def make_backup(folder: Path, url: str, cluster: Cluster | None, name: str) -> Backup:
    """Copy the data first, the keys second."""
    if cluster is None:
        code, output = run_command(folder, url, folder / "master.key", "backup", str(folder / name))
        assert code == 0, (code, output)
        return Backup(folder / name / "data.db", folder / name / "keys.db")
    target = cluster.data_directory.parent / f"{folder.name}_{name}"
    target.mkdir()
    target.chmod(0o777)  # the programs of PostgreSQL run as another user here
    backup = Backup(target / "data.dump", target / "keys.dump")
    cluster.run("pg_dump", "-Fc", "--exclude-schema=keys", "-f", str(backup.data), owner_address(url))
    cluster.run("pg_dump", "-Fc", "--schema=keys", "-f", str(backup.keys), owner_address(url))
    with (target / "SHA256SUMS").open("wb") as sums:
        subprocess.run(["sha256sum", "data.dump", "keys.dump"], cwd=target, stdout=sums, check=True)
    return backup


@contextmanager
def installation_with_backups(folder: Path, cluster: Cluster | None) -> Iterator[BackedUpInstallation]:
    """Make a backup, destroy a case, make a second backup, and a third while clients write."""
    url = new_postgresql(cluster, folder.name) if cluster else f"sqlite:///{folder / 'casusroute.db'}"
    with service_with_people(folder, url) as (service, people), ExitStack() as clients:
        office = Office(service, people.roos, clients)
        living, doomed = CaseFile.submitted(people), _withdrawn_case_of_a_family(office, people)
        keys = _keys_of(service, doomed)
        before = make_backup(folder, url, cluster, "before")
        between = CaseFile.submitted(people)
        certificate = destroy_case(doomed, by="mother")
        newest = make_backup(folder, url, cluster, "newest")
        with _write_load(service.url) as ledger:
            ledger.wait(lambda: len(ledger.acknowledged) >= 10, 60)
            earlier_answers = Ledger(acknowledged=dict(ledger.acknowledged), refused=dict(ledger.refused))
            under_load = make_backup(folder, url, cluster, "load")
            count = len(ledger.acknowledged)
            ledger.wait(lambda: len(ledger.acknowledged) > count, 60)
        yield BackedUpInstallation(
            folder=folder, url=url, cluster=cluster, service=service, living=living, doomed=doomed,
            case_between=between,
            certificate=certificate, keys_of_doomed=keys, earliest=before, newest=newest, under_load=under_load,
            acknowledged=earlier_answers,
        )  # fmt: skip


def _withdrawn_case_of_a_family(office: Office, people: People) -> CaseFile:
    """The only case of a mother, in which help was missing: its destruction makes her anonymous and keeps a figure."""
    mother = office.add_member(office.add_organisation("family", "GM0392"), "parent")
    case = CaseFile.submitted(People({**people, "mother": mother}), by="mother")
    case.fire("start_triage")
    case.fire("record_gap")
    case.fire("withdraw", by="mother")
    return case


def serve_restored(restored: RestoredInstallation, master_key: Path) -> Any:
    """The service on a restored database, and the people of the region."""
    (restored.folder / "master.key").write_text(master_key.read_text())
    return service_with_people(restored.folder, restored.url)


def _keys_of(service: RunningService, case: CaseFile) -> list[bytes]:
    with service.tables.connect() as connection:
        query = f"SELECT wrapped FROM keys.case_keys WHERE owner_id = '{case.id}'"
        return [bytes(row.wrapped) for row in connection.exec_driver_sql(query)]


@contextmanager
def _write_load(url: str) -> Iterator[Ledger]:
    world = LoadState([int(url.rpartition(":")[2])], Ledger())
    clients = [Client(world, number) for number in range(CLIENTS)]
    threads = [Thread(target=client.work, daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield world.ledger
    finally:
        world.stopped.set()
        for thread in threads:
            thread.join()
        for client in clients:
            client.close()


def manifest_of(backup: Backup) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(backup.data.with_name("manifest.json").read_text())
    return manifest
