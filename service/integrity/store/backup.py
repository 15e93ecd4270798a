"""A backup of SQLite: data and keys as two files with terms of their own, a list of destructions, and a manifest.

Data and keys are copied as they were at one moment, between two commits; the list after that. What was destroyed
meanwhile stands on it.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from hmac import compare_digest
from pathlib import Path
from typing import Any

from service import __version__
from service.database.engine import keys_file
from service.database.keyring import Keyring, MasterKeyRefused
from service.database.migrations import revisions
from service.database.own_files import own_folder
from service.integrity.rules import Head, written
from service.vocabulary.calendar import in_utc_text, moment
from service.vocabulary.canonical_json import canonical

FORMAT = "casusroute-backup@1"
MANIFEST = "manifest.json"
FILES = {"data": "data.db", "keys": "keys.db", "destructions": "destructions.jsonl"}
_BESIDE = ("", "-wal", "-shm", "-journal")


class BackupRefused(ValueError):
    """A backup that is not whole, not of this installation, or that would overwrite something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup is, as it was made. `root`: of the digest of heads at `at`. Nothing in it is about anybody."""

    format: str
    version: str
    revision: str
    at: str
    cases: int
    entries: int
    last_recorded_at: str | None
    root: str
    sha256: dict[str, str]
    master_key: str

    def sealed(self, keyring: Keyring) -> str:
        """As it is stored: nobody without the master key can make another that would be taken."""
        return canonical({**asdict(self), "seal": keyring.tag("backup", canonical(asdict(self))).hex()}) + "\n"


def back_up(database: Path, destructions: Path, folder: Path, keyring: Keyring, at: datetime) -> Manifest:
    """Copy a database that may be in use into a new folder, whole or not at all. Raises BackupRefused, OSError."""
    if folder.exists():
        raise BackupRefused(f"{folder} is there already: a backup never overwrites another")
    own_folder(folder.parent)
    with _new_folder(folder) as made:
        with _at_one_moment(database) as live:
            for name, connection in live.items():
                _copy_database(connection, made / FILES[name])
        listed = destructions.read_bytes() if destructions.exists() else b""
        _write(made / FILES["destructions"], listed)
        manifest = Manifest(
            format=FORMAT,
            version=__version__,
            at=in_utc_text(at),
            sha256={name: _sha256(made / file) for name, file in FILES.items()},
            master_key=_tag_of(keyring),
            **_told(made / FILES["data"], at),
        )
        _write(made / MANIFEST, manifest.sealed(keyring).encode())
    return manifest


def restore(data: Path, keys: Path, database: Path, keyring: Keyring) -> tuple[Manifest, Manifest]:
    """Put data and keys where a database is to be, checked first, and never over another; tells of what both are.

    Each file has the manifest that it was made with beside it; beside the data stands the list as well.
    Raises BackupRefused, MasterKeyRefused, OSError.
    """
    for place in (database, keys_file(database)):
        for beside in _BESIDE:
            if (there := place.with_name(place.name + beside)).exists():
                raise BackupRefused(f"{there} is there already: a backup is restored where nothing is")
    of_data, of_keys = manifest_beside(data, keyring), manifest_beside(keys, keyring)
    if of_data.revision not in revisions():
        raise BackupRefused(f"the backup is of version {of_data.version}, which is newer than this one")
    _insist_as_made(data.with_name(FILES["destructions"]), of_data, "destructions")
    own_folder(database.parent)
    # Checked is what was copied. Keys are there first: a database without its keys would begin to make new ones.
    with ExitStack() as copies:
        placed = [
            (copies.enter_context(_copied(keys, keys_file(database), of_keys, "keys")), keys_file(database)),
            (copies.enter_context(_copied(data, database, of_data, "data")), database),
        ]
        for copy, place in placed:
            os.link(copy, place)  # which fails where something is
        _sync(database.parent)
    return of_data, of_keys


def manifest_beside(file: Path, keyring: Keyring) -> Manifest:
    """Raises BackupRefused, MasterKeyRefused."""
    try:
        text = file.with_name(MANIFEST).read_text(encoding="utf-8")
        told = json.loads(text)
        told.pop("seal")
        found = Manifest(**told)
    except FileNotFoundError:
        raise BackupRefused(f"{file} has no {MANIFEST} beside it: each file is kept with its own") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BackupRefused(f"{file.with_name(MANIFEST)} is no manifest of a backup") from None
    if found.format != FORMAT:
        raise BackupRefused(f"{file.with_name(MANIFEST)} is of a format that this version does not know")
    if not compare_digest(found.master_key, _tag_of(keyring)):
        raise MasterKeyRefused("the master key is not the one that this backup was made with")
    if not compare_digest(text, found.sealed(keyring)):
        raise BackupRefused(f"{file.with_name(MANIFEST)} is not as it was made")
    return found


def _insist_as_made(file: Path, manifest: Manifest, name: str) -> None:
    if not file.exists():
        raise BackupRefused(f"{file} is missing, which stands in the manifest beside it")
    if not compare_digest(_sha256(file), manifest.sha256[name]):
        raise BackupRefused(f"{file} is not the file that the manifest beside it was made with")


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A folder under a name of its own until everything in it is on disk, for its owner alone."""
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield made
        _sync(made)
        made.rename(folder)  # which fails where a backup is
        _sync(folder.parent)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


@contextmanager
def _copied(file: Path, place: Path, manifest: Manifest, name: str) -> Iterator[Path]:
    """A checked copy on the disk of the database, gone after the block."""
    descriptor, copy = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    os.close(descriptor)
    try:
        shutil.copyfile(file, copy)
        _sync(Path(copy))
        if not compare_digest(_sha256(Path(copy)), manifest.sha256[name]):
            raise BackupRefused(f"{file} is not the file that the manifest beside it was made with")
        _insist_sound(Path(copy))
        yield Path(copy)
    finally:
        Path(copy).unlink()


@contextmanager
def _at_one_moment(database: Path) -> Iterator[dict[str, sqlite3.Connection]]:
    """Data and keys, each read as it was while nobody could write: for as long as it takes to begin two readings."""
    with ExitStack() as open_:

        def begun(file: Path, how: str) -> sqlite3.Connection:
            uri = f"{file.absolute().as_uri()}?mode=rw"
            connection = sqlite3.connect(uri, uri=True, timeout=10, isolation_level=None)
            open_.callback(connection.close)
            connection.execute(f"BEGIN {how}")
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
            return connection

        writer = begun(database, "IMMEDIATE")
        keys, data = begun(keys_file(database), "DEFERRED"), begun(database, "DEFERRED")
        writer.execute("ROLLBACK")
        yield {"data": data, "keys": keys}


def _copy_database(live: sqlite3.Connection, target: Path) -> None:
    """By the online backup of SQLite: a copied file would miss what its log still holds."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
    _insist_sound(target)
    _sync(target)


def _insist_sound(file: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            said = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            dangling = connection.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.DatabaseError as error:
        raise BackupRefused(f"{file} is no database that can be read: {error}") from None
    if said != ["ok"] or dangling:
        raise BackupRefused(f"{file} is damaged: {'; '.join(said)}; {len(dangling)} rows refer to what is not there")


def _told(data: Path, at: datetime) -> dict[str, Any]:
    """What the manifest tells of the data; in every version these tables are the same."""
    with closing(sqlite3.connect(f"{data.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        entries, last = connection.execute("SELECT count(*), max(recorded_at) FROM transitions").fetchone()
        heads = [Head(*row) for row in connection.execute("SELECT id, sequence, digest FROM cases ORDER BY id")]
    *_, root = written(heads, at, revision)
    return {
        "revision": revision,
        "cases": len(heads),
        "entries": entries,
        "last_recorded_at": last and in_utc_text(moment(last)),
        "root": json.loads(root)["root"],
    }


def _tag_of(keyring: Keyring) -> str:
    """By which a master key is known again, and which tells nothing of it."""
    return keyring.tag("backup", "master key").hex()


def _sha256(file: Path) -> str:
    with file.open("rb") as read:
        return hashlib.file_digest(read, "sha256").hexdigest()


def _write(file: Path, content: bytes) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
    _sync(file)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
