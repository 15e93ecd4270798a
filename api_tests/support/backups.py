"""The vocabulary of backups: an installation that is backed up while it serves, and what comes back from it elsewhere.

What is done here with PostgreSQL is word for word what the README says that operators do.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.changed_rules import people_at
from api_tests.support.databases import ROLES, as_role, environment_of, new_postgresql
from api_tests.support.destructions import destroyed, ended
from api_tests.support.ledger import Ledger
from api_tests.support.load_clients import Client, World
from api_tests.support.postgres import Cluster
from api_tests.support.servers import Running
from service.__main__ import main

CLIENTS = 3


@dataclass(frozen=True)
class Backup:
    """Where its two files are; SQLite has a manifest and a list beside them."""

    data: Path
    keys: Path


@dataclass(frozen=True)
class Restored:
    """What came back: with which code, or sentence, the last command ended, and all that was said."""

    folder: Path
    url: str
    code: int | str | None
    said: str


@dataclass
class Kept:
    """A database with one case that was there before, one that was destroyed, one of in between, and its backups."""

    folder: Path
    url: str
    cluster: Cluster | None

    service: Running
    living: CaseFile
    doomed: CaseFile
    between: CaseFile
    certificate: dict[str, Any]
    keys_of_doomed: list[bytes]
    before: Backup
    newest: Backup
    under_load: Backup
    acknowledged: Ledger

    @property
    def list_outside(self) -> Path:
        return self.folder / "destructions.jsonl"

    def restored(self, name: str, data: Backup, keys: Backup, *lists: Path, master_key: Path | None = None) -> Restored:
        """Data and keys of these backups as a database of this name, elsewhere, recovered with these lists."""
        folder = self.folder / name
        folder.mkdir()
        following = ("--destructions", *map(str, lists)) if lists else ()
        key = master_key or self.folder / "master.key"
        if self.cluster is None:
            url = f"sqlite:///{folder / 'casusroute.db'}"
            came = ("restore", "--data", str(data.data), "--keys", str(keys.keys), *following)
            return Restored(folder, url, *command(folder, url, key, *came))
        url = new_postgresql(self.cluster, f"{self.folder.name}_{name}")
        for file in (data.data, keys.keys):
            subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=file.parent, check=True)
            self.cluster.run("pg_restore", "--single-transaction", "--exit-on-error", "-d", plain(url), str(file))
        command(folder, url, key, "migrate")
        return Restored(folder, url, *command(folder, url, key, "recover", *following))


def command(folder: Path, url: str, key: Path, *arguments: str) -> tuple[int | str | None, str]:
    """`python -m service`, on this database: how it ends, and what it says before."""
    said = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
        for name, value in environment_of(url).items():
            patch.setenv(name, value)
        patch.setenv("CASUSROUTE_MASTER_KEY_FILE", str(key))
        patch.setenv("CASUSROUTE_DESTRUCTION_LIST", str(folder / "destructions.jsonl"))
        patch.setattr(sys, "argv", ["service", *arguments])
        try:
            main()
        except SystemExit as how:
            return how.code, said.getvalue()
    return 0, said.getvalue()


def plain(url: str) -> str:
    """The database as the owner of its tables, for the programs of PostgreSQL."""
    return as_role(url, ROLES.owner).replace("postgresql+psycopg", "postgresql")


def backed_up(folder: Path, url: str, cluster: Cluster | None, name: str) -> Backup:
    """Data first, keys second."""
    if cluster is None:
        code, said = command(folder, url, folder / "master.key", "backup", str(folder / name))
        assert code == 0, (code, said)
        return Backup(folder / name / "data.db", folder / name / "keys.db")
    place = cluster.data_directory.parent / f"{folder.name}_{name}"
    place.mkdir()
    place.chmod(0o777)  # the programs of PostgreSQL are run by somebody else here
    found = Backup(place / "data.dump", place / "keys.dump")
    cluster.run("pg_dump", "-Fc", "--exclude-schema=keys", "-f", str(found.data), plain(url))
    cluster.run("pg_dump", "-Fc", "--schema=keys", "-f", str(found.keys), plain(url))
    with (place / "SHA256SUMS").open("wb") as sums:
        subprocess.run(["sha256sum", "data.dump", "keys.dump"], cwd=place, stdout=sums, check=True)
    return found


@contextmanager
def kept(folder: Path, cluster: Cluster | None) -> Iterator[Kept]:
    """Backed up, then a case destroyed, backed up again, and once more while many write."""
    url = new_postgresql(cluster, folder.name) if cluster else f"sqlite:///{folder / 'casusroute.db'}"
    with people_at(folder, url) as (service, people):
        living, doomed = CaseFile.submitted(people), ended(people)
        keys = _keys_of(service, doomed)
        before = backed_up(folder, url, cluster, "before")
        between = CaseFile.submitted(people)
        certificate = destroyed(doomed)
        newest = backed_up(folder, url, cluster, "newest")
        with _many_write(service.url) as ledger:
            ledger.wait(lambda: len(ledger.acknowledged) >= 10, 60)
            so_far = Ledger(acknowledged=dict(ledger.acknowledged), refused=dict(ledger.refused))
            under_load = backed_up(folder, url, cluster, "load")
            further = len(ledger.acknowledged)
            ledger.wait(lambda: len(ledger.acknowledged) > further, 60)
        yield Kept(
            folder=folder, url=url, cluster=cluster, service=service, living=living, doomed=doomed, between=between,
            certificate=certificate, keys_of_doomed=keys, before=before, newest=newest, under_load=under_load,
            acknowledged=so_far,
        )  # fmt: skip


def served(back: Restored, master_key: Path) -> Any:
    """The service on what came back, and everybody of the region."""
    (back.folder / "master.key").write_text(master_key.read_text())
    return people_at(back.folder, back.url)


def _keys_of(service: Running, case: CaseFile) -> list[bytes]:
    with service.tables.connect() as connection:
        of = f"SELECT wrapped FROM keys.case_keys WHERE owner_id = '{case.id}'"
        return [bytes(row.wrapped) for row in connection.exec_driver_sql(of)]


@contextmanager
def _many_write(url: str) -> Iterator[Ledger]:
    world = World([int(url.rpartition(":")[2])], Ledger())
    clients = [Client(world, number) for number in range(CLIENTS)]
    threads = [Thread(target=it.work, daemon=True) for it in clients]
    for thread in threads:
        thread.start()
    try:
        yield world.ledger
    finally:
        world.over.set()
        for thread in threads:
            thread.join()
        for client in clients:
            client.close()


def manifest_of(backup: Backup) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(backup.data.with_name("manifest.json").read_text())
    return told
