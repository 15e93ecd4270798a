"""Backup and restore of SQLite, and what both engines do with a database that came back: recover."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from service.app import followed, open_database
from service.commands.verify import everything
from service.database.engine import file_of
from service.database.keyring import Keyring, load_master_key
from service.database.migrations import expected_revision
from service.integrity.store.backup import Manifest
from service.integrity.store.backup import back_up as copy_away
from service.integrity.store.backup import restore as put_back
from service.integrity.store.heads import Heads
from service.retention.store.certificate_list import DestructionList
from service.settings import Settings
from service.vocabulary.refusals import Unavailable


def back_up(folder: Path) -> None:
    """Copy a SQLite database that may be in use, its keys and its list of destructions; never the master key."""
    settings = Settings()
    database = _file_of(settings)
    if not database.exists():
        raise SystemExit(f"not done: there is no database at {database}")
    made = copy_away(database, settings.destruction_list, folder, _keyring(settings), datetime.now(UTC))
    sys.stdout.write(
        f"backed up in {folder}: {_summary(made)}\n"
        "Keep keys.db apart from data.db and no longer than you promised, each with a copy of manifest.json; "
        "the master key is in none of them.\n"
    )


def restore(data: Path, keys: Path, destructions: Sequence[Path]) -> None:
    """Put a backup where no SQLite database is yet, then recover: follow what was destroyed, and verify all of it."""
    settings = Settings()
    keyring = _keyring(settings)
    _insist_there(destructions)
    of_data, of_keys = put_back(data, keys, _file_of(settings), keyring)
    sys.stdout.write(f"restored: {_summary(of_data)}\n")
    if of_keys != of_data:
        sys.stdout.write(f"the keys are of another backup, of {of_keys.at}\n")
    for kept_with in (data, keys):
        beside = kept_with.with_name("destructions.jsonl")
        _take_over(settings, [beside] if beside.exists() else [])
    _take_over(settings, destructions)
    if of_data.revision != expected_revision():
        raise SystemExit(
            "not done yet: the backup is of an older version. "
            "Run `python -m service migrate`, then `python -m service recover`"
        )
    _recover(settings)


def recover(destructions: Sequence[Path]) -> None:
    """Make a restored database fit to be served: destroy again what was destroyed, then verify every case."""
    settings = Settings()
    _keyring(settings)
    _insist_there(destructions)
    _take_over(settings, destructions)
    _recover(settings)


def _recover(settings: Settings) -> None:
    database = open_database(settings)
    database.all_rows_for = "recovery"
    cases = entries = wrong = 0
    try:
        followed_list = followed(database, settings)
        certificates = DestructionList(settings.destruction_list).certificates()
        newest = max((it.destroyed_at for it in certificates), default=None)
        sys.stdout.write(f"destructions listed {len(certificates)}; the newest {newest or 'none'}\n")
        for told, ids in (("destroyed again", followed_list.destroyed), ("lived on", followed_list.lived_on)):
            sys.stdout.writelines(f"{told}: {case_id}\n" for case_id in ids)
        for line in everything(database):
            wrong += line.finding is not None
            if line.verdict:
                cases, entries = cases + 1, entries + line.verdict.entries
            if line.finding:
                sys.stdout.write(line.as_row() + "\n")
        last = database.read_now(lambda transaction: Heads(transaction).last_recorded())
        recorded = f"{last:%Y-%m-%dT%H:%M:%S.%fZ}" if last else "nothing"
    except Unavailable:
        raise SystemExit("not done: the database does not answer") from None
    finally:
        database.close()
    sys.stdout.write(f"cases {cases}; entries {entries}; findings {wrong}; last recorded {recorded}\n")
    if wrong:
        raise SystemExit(1)


def _file_of(settings: Settings) -> Path:
    if (file := file_of(settings.database_url)) is None:
        raise SystemExit("not done: this is for SQLite; PostgreSQL has pg_dump and pg_restore, see the README")
    return file


def _keyring(settings: Settings) -> Keyring:
    """With the master key that there is: one that were made now would open nothing."""
    given = settings.master_key.get_secret_value() if settings.master_key else None
    if given is None and not settings.master_key_file.exists():
        raise SystemExit(f"not done: there is no master key, and none at {settings.master_key_file}")
    return Keyring(load_master_key(given, settings.master_key_file))


def _insist_there(files: Sequence[Path]) -> None:
    if missing := [str(it) for it in files if not it.is_file()]:
        raise SystemExit(f"not done: no list of destructions at {', '.join(missing)}")


def _take_over(settings: Settings, files: Sequence[Path]) -> None:
    """Onto the list of this installation, which is followed at every start from now on."""
    for file in files:
        DestructionList(settings.destruction_list).take_over(DestructionList(file))


def _summary(it: Manifest) -> str:
    return f"cases {it.cases}; entries {it.entries}; last recorded {it.last_recorded_at or 'nothing'}; at {it.at}"
