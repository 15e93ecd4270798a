"""Backup and restore of SQLite: a file of data, a file of keys, the list of destructions, and a manifest.

Data and keys are copied from the same moment between two commits. The list is copied after them, so it contains every
destruction made in the meantime. Data and keys are separate files, since they may be kept for different terms.
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
from service.database.migrations import known_revisions
from service.database.private_files import make_private_folder
from service.integrity.rules.digest import Head, SealHead, write_digest
from service.vocabulary.calendar import from_microseconds, utc_text
from service.vocabulary.canonical_json import to_canonical_json

FORMAT = "casusroute-backup@1"
MANIFEST_NAME = "manifest.json"
BACKUP_FILES = {"data": "data.db", "keys": "keys.db", "destructions": "destructions.jsonl"}
_SUFFIXES = ("", "-wal", "-shm", "-journal")  # of a database file of SQLite and the files that belong to it


class BackupRefused(ValueError):
    """The backup is incomplete or damaged, belongs to another installation, or would overwrite a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Description of a backup, without personal data. `root` is the root of the digest of heads at `at` (UTC)."""

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

    def to_sealed_json(self, keyring: Keyring) -> str:
        """The manifest as stored: JSON with a seal that only the master key can make."""
        return (
            to_canonical_json({**asdict(self), "seal": keyring.tag("backup", to_canonical_json(asdict(self))).hex()})
            + "\n"
        )


def back_up(database: Path, destructions: Path, folder: Path, keyring: Keyring, at: datetime) -> Manifest:
    """Copy a database that may be in use into a new folder, whole or not at all. Raises BackupRefused, OSError."""
    if folder.exists():
        raise BackupRefused(f"{folder} already exists; a backup never overwrites another")
    make_private_folder(folder.parent)
    with _new_folder(folder) as target:
        with _snapshots(database) as snapshots:
            for name, connection in snapshots.items():
                _copy_database(connection, target / BACKUP_FILES[name])
        listed = destructions.read_bytes() if destructions.exists() else b""
        _write(target / BACKUP_FILES["destructions"], listed)
        manifest = Manifest(
            format=FORMAT,
            version=__version__,
            at=utc_text(at),
            sha256={name: _sha256(target / file) for name, file in BACKUP_FILES.items()},
            master_key=_tag_of_master_key(keyring),
            **_facts_of_data(target / BACKUP_FILES["data"], at),
        )
        _write(target / MANIFEST_NAME, manifest.to_sealed_json(keyring).encode())
    return manifest


def restore_backup(data: Path, keys: Path, database: Path, keyring: Keyring) -> tuple[Manifest, Manifest]:
    """Check data and keys and put them in the place of a database that does not exist yet.

    Returns (manifest of the data, manifest of the keys). Each file stands in a folder with its manifest; the folder of
    the data also holds the list of destructions. Raises BackupRefused, MasterKeyRefused, OSError.
    """
    for place in (database, keys_file(database)):
        for suffix in _SUFFIXES:
            if (existing := place.with_name(place.name + suffix)).exists():
                raise BackupRefused(f"{existing} already exists; a backup is restored only where no database exists")
    of_data, of_keys = read_manifest(data, keyring), read_manifest(keys, keyring)
    if of_data.revision not in known_revisions():
        raise BackupRefused(f"the backup is of version {of_data.version}, which is newer than this one")
    _require_digest(data.with_name(BACKUP_FILES["destructions"]), of_data, "destructions")
    make_private_folder(database.parent)
    # The copy is checked, not the source. Keys are linked first: a database without its keys would make new ones.
    with ExitStack() as stack:
        copies = [
            (stack.enter_context(_checked_copy(keys, keys_file(database), of_keys, "keys")), keys_file(database)),
            (stack.enter_context(_checked_copy(data, database, of_data, "data")), database),
        ]
        for copy, place in copies:
            os.link(copy, place)  # fails when the place exists, so nothing is overwritten
        _sync(database.parent)
    return of_data, of_keys


def read_manifest(file: Path, keyring: Keyring) -> Manifest:
    """The manifest in the folder of this file. Raises BackupRefused, MasterKeyRefused."""
    try:
        text = file.with_name(MANIFEST_NAME).read_text(encoding="utf-8")
        fields = json.loads(text)
        fields.pop("seal")
        manifest = Manifest(**fields)
    except FileNotFoundError:
        raise BackupRefused(
            f"{file} has no {MANIFEST_NAME} in its folder; keep each file with its own manifest"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BackupRefused(f"{file.with_name(MANIFEST_NAME)} is not a manifest of a backup") from None
    if manifest.format != FORMAT:
        raise BackupRefused(f"{file.with_name(MANIFEST_NAME)} has a format that this version does not know")
    if not compare_digest(manifest.master_key, _tag_of_master_key(keyring)):
        raise MasterKeyRefused("the master key is not the key of this backup")
    if not compare_digest(text, manifest.to_sealed_json(keyring)):
        raise BackupRefused(f"{file.with_name(MANIFEST_NAME)} was changed after it was made")
    return manifest


def _require_digest(file: Path, manifest: Manifest, name: str) -> None:
    if not file.exists():
        raise BackupRefused(f"{file} is missing; the manifest in its folder lists it")
    if not compare_digest(_sha256(file), manifest.sha256[name]):
        raise BackupRefused(f"{file} differs from the file that its manifest was made with")


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A private folder with a temporary name, renamed to its own once its content is on disk."""
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield temporary
        _sync(temporary)
        temporary.rename(folder)  # fails when a backup stands there
        _sync(folder.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


@contextmanager
def _checked_copy(file: Path, place: Path, manifest: Manifest, name: str) -> Iterator[Path]:
    """A checked temporary copy in the folder of `place`, removed after the block."""
    descriptor, copy = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    os.close(descriptor)
    try:
        shutil.copyfile(file, copy)
        _sync(Path(copy))
        if not compare_digest(_sha256(Path(copy)), manifest.sha256[name]):
            raise BackupRefused(f"{file} differs from the file that its manifest was made with")
        _require_sound_database(Path(copy))
        yield Path(copy)
    finally:
        Path(copy).unlink()


@contextmanager
def _snapshots(database: Path) -> Iterator[dict[str, sqlite3.Connection]]:
    """Connections to data and keys with a read snapshot of the same moment. Writers wait while both snapshots begin."""
    with ExitStack() as stack:

        def begin(file: Path, mode: str) -> sqlite3.Connection:
            uri = f"{file.absolute().as_uri()}?mode=rw"
            connection = sqlite3.connect(uri, uri=True, timeout=10, isolation_level=None)
            stack.callback(connection.close)
            connection.execute(f"BEGIN {mode}")
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
            return connection

        writer = begin(database, "IMMEDIATE")
        keys, data = begin(keys_file(database), "DEFERRED"), begin(database, "DEFERRED")
        writer.execute("ROLLBACK")
        yield {"data": data, "keys": keys}


def _copy_database(live: sqlite3.Connection, target: Path) -> None:
    """Copy by the online backup of SQLite: a copy of the file alone would miss the pages in the write-ahead log."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # a single file, without a write-ahead log
    _require_sound_database(target)
    _sync(target)


def _require_sound_database(file: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            findings = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            dangling = connection.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.DatabaseError as error:
        raise BackupRefused(f"{file} is not a readable database: {error}") from None
    if findings != ["ok"] or dangling:
        raise BackupRefused(f"{file} is damaged: {'; '.join(findings)}; {len(dangling)} rows refer to a missing row")


def _facts_of_data(data: Path, at: datetime) -> dict[str, Any]:
    """Returns the manifest fields about the data, by name. Earlier versions of the schema have no seals, or not all."""
    with closing(sqlite3.connect(f"{data.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        entries, last = connection.execute("SELECT count(*), max(recorded_at) FROM transitions").fetchone()
        heads = [Head(*row) for row in connection.execute("SELECT id, sequence, digest FROM cases ORDER BY id")]
        seals = dict(_last_seals(connection))
    *_, root = write_digest(heads, at, revision, seals)
    return {
        "revision": revision,
        "cases": len(heads),
        "entries": entries,
        "last_recorded_at": last and utc_text(from_microseconds(last)),
        "root": json.loads(root)["root"],
    }


def _last_seals(connection: sqlite3.Connection) -> Iterator[tuple[str, SealHead]]:
    """Yields (chain, last seal). A chain that the version of the data did not have is absent."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for chain, table in (("log", "access_log_seals"), ("administration", "administration_seals")):
        if table in tables:
            query = f"SELECT number, digest FROM {table} ORDER BY number DESC LIMIT 1"  # noqa: S608 - two names of tables
            yield chain, SealHead(*(connection.execute(query).fetchone() or (0, None)))


def _tag_of_master_key(keyring: Keyring) -> str:
    """A tag that identifies the master key without revealing it."""
    return keyring.tag("backup", "master key").hex()


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write(file: Path, content: bytes) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
    _sync(file)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
