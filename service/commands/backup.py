"""The commands backup and restore for SQLite, and recover for a restored database of either engine."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from service.app import follow_destruction_list, open_database
from service.commands.verify import verification_lines
from service.database.engine import sqlite_file
from service.database.keyring import Keyring, load_master_key
from service.database.migrations import expected_revision
from service.database.outage import outage_cause
from service.integrity.store.backup import Manifest
from service.integrity.store.backup import back_up as copy_away
from service.integrity.store.backup import restore_backup as put_back
from service.integrity.store.heads import Heads
from service.retention.store.destruction_list import DestructionList, DestructionListRefused
from service.settings import Settings
from service.vocabulary.refusals import Unavailable


def back_up(folder: Path) -> None:
    """Copy a SQLite database, its keys and its destruction list, also while it is in use; never the master key."""
    settings = Settings()
    database = _file_of(settings)
    if not database.exists():
        raise SystemExit(f"not done: the database {database} does not exist")
    manifest = copy_away(database, settings.destruction_list, folder, _keyring(settings), datetime.now(UTC))
    sys.stdout.write(
        f"backed up in {folder}: {_summary(manifest)}\n"
        "Keep keys.db apart from data.db, each with a copy of manifest.json, and no longer than you promised. "
        "No file has the master key.\n"
    )


def restore(data: Path, keys: Path, destructions: Sequence[Path]) -> None:
    """Restore a backup where no SQLite database exists yet, then recover: destroy listed cases again and verify all."""
    settings = Settings()
    keyring = _keyring(settings)
    _require_readable(destructions)
    data_manifest, keys_manifest = put_back(data, keys, _file_of(settings), keyring)
    sys.stdout.write(f"restored: {_summary(data_manifest)}\n")
    if keys_manifest != data_manifest:
        sys.stdout.write(f"the keys are from another backup, made at {keys_manifest.at}\n")
    for backup_file in (data, keys):
        destruction_list = backup_file.with_name("destructions.jsonl")
        _add_to_destruction_list(settings, [destruction_list] if destruction_list.exists() else [])
    _add_to_destruction_list(settings, destructions)
    if data_manifest.revision != expected_revision():
        raise SystemExit(
            "not done yet: the backup is of an older version. "
            "Run `python -m service migrate`, then `python -m service recover`"
        )
    _recover(settings)


def recover(destructions: Sequence[Path]) -> None:
    """Prepare a restored database for serving: destroy the listed cases again, then verify all cases."""
    settings = Settings()
    _keyring(settings)
    _require_readable(destructions)
    _add_to_destruction_list(settings, destructions)
    _recover(settings)


def _recover(settings: Settings) -> None:
    database = open_database(settings)
    database.all_rows_reason = "recovery"
    cases = entries = findings = 0
    try:
        replayed = follow_destruction_list(database, settings)
        certificates = DestructionList(settings.destruction_list).certificates()
        newest = max((certificate.destroyed_at for certificate in certificates), default=None)
        sys.stdout.write(f"destructions listed {len(certificates)}; the newest {newest or 'none'}\n")
        for label, case_ids in (
            ("destroyed again", replayed.destroyed),
            ("content destroyed again", replayed.cases_with_destroyed_content),
            ("lived on", replayed.skipped),
        ):
            sys.stdout.writelines(f"{label}: {case_id}\n" for case_id in case_ids)
        for line in verification_lines(database):
            findings += line.finding is not None
            if line.verdict:
                cases, entries = cases + 1, entries + line.verdict.entries
            if line.finding:
                sys.stdout.write(line.as_row() + "\n")
        last = database.read_sync(lambda transaction: Heads(transaction).last_recorded_at())
        recorded = f"{last:%Y-%m-%dT%H:%M:%S.%fZ}" if last else "nothing"
    except Unavailable as refusal:
        raise SystemExit(f"not done: {outage_cause(refusal)}") from None
    finally:
        database.close()
    sys.stdout.write(f"cases {cases}; entries {entries}; findings {findings}; last recorded {recorded}\n")
    if findings:
        raise SystemExit(1)


def _file_of(settings: Settings) -> Path:
    if (file := sqlite_file(settings.database_url)) is None:
        raise SystemExit(
            "not done: this command is for SQLite; for PostgreSQL use pg_dump and pg_restore (docs/how-to/backup.md)"
        )
    return file


def _keyring(settings: Settings) -> Keyring:
    """The keyring of an existing master key: a new master key could not decrypt the backup."""
    key_text = settings.master_key.get_secret_value() if settings.master_key else None
    if key_text is None and not settings.master_key_file.exists():
        raise SystemExit(f"not done: CASUSROUTE_MASTER_KEY is not set, and {settings.master_key_file} does not exist")
    return Keyring(load_master_key(key_text, settings.master_key_file))


def _require_readable(files: Sequence[Path]) -> None:
    """Refuse a faulty list before anything is restored: a database without its destructions must not be served."""
    if missing := [str(file) for file in files if not file.is_file()]:
        raise SystemExit(f"not done: these lists of destructions do not exist: {', '.join(missing)}")
    for file in files:
        try:
            DestructionList(file).certificates()
        except DestructionListRefused as refusal:
            raise SystemExit(f"not done: {refusal}") from None


def _add_to_destruction_list(settings: Settings, files: Sequence[Path]) -> None:
    """Add these lists to the list of this installation, which every start applies."""
    for file in files:
        DestructionList(settings.destruction_list).merge(DestructionList(file))


def _summary(manifest: Manifest) -> str:
    last_recorded = manifest.last_recorded_at or "nothing"
    return f"cases {manifest.cases}; entries {manifest.entries}; last recorded {last_recorded}; at {manifest.at}"
