"""Decision 0008: backups hold what was acknowledged, data and keys apart, and bring back nothing that was destroyed."""

import hashlib
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from api_tests.support.backups import (
    BackedUpInstallation,
    Backup,
    RestoredInstallation,
    installation_with_backups,
    manifest_of,
    run_command,
    serve_restored,
)
from api_tests.support.case_file import CaseFile
from api_tests.support.engines import ENGINES
from api_tests.support.history_checker import content_faults, history_faults, master_key
from api_tests.support.postgres import Cluster
from api_tests.support.problems import problem_of
from api_tests.support.raw_tables import Tables, read_postgresql, read_sqlite
from api_tests.support.releases import Release
from api_tests.support.sabotages import broken_by
from service.database.engine import open_engine
from service.database.keyring import Keyring, load_master_key
from service.integrity.store.backup import back_up
from service.offers.store.tables import kept_figures
from service.people.store.tables import people
from service.retention.store.family_names import ANONYMOUS_NAME

pytestmark = pytest.mark.server

KEY_IS_GONE = "the key of its content is missing or was changed: the content cannot be read any more"


@pytest.fixture(scope="module", params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackedUpInstallation]:
    cluster: Cluster | None = request.getfixturevalue("cluster") if request.param == "postgresql" else None
    with installation_with_backups(tmp_path_factory.mktemp(f"kept_{request.param}"), cluster) as installation:
        yield installation


# Only the commands of this service refuse these cases; a backup of PostgreSQL is made with its own programs.
on_sqlite = pytest.mark.parametrize("place", ["sqlite"], indirect=True)


def tables_of(place: BackedUpInstallation, back: RestoredInstallation) -> Tables:
    """The raw tables, read as a database user who sees every row."""
    if place.cluster is None:
        return read_sqlite(back.folder / "casusroute.db")
    return read_postgresql(place.cluster.url(back.url.rpartition("/")[2]))


@broken_by(
    "I21: a restore adds the destructions in the backup to the list that every start applies",
    "service/commands/backup.py",
    "    _add_to_destruction_list(settings, destructions)\n    if data_manifest.revision",
    "    if data_manifest.revision",
)
def test_i21_a_backup_of_before_a_destruction_does_not_bring_the_case_back(place: BackedUpInstallation) -> None:
    back = place.restore("earlier", place.earliest, place.earliest, place.destruction_list)

    tables = tables_of(place, back)
    rows = [content for content in tables["contents"] if content["case_id"] == place.doomed.id]
    assert place.keys_of_doomed
    assert back.exit_code == 0, back.output
    assert f"destroyed again: {place.doomed.id}\n" in back.output
    assert back.output.splitlines()[-1].startswith("cases 2; entries ")
    assert {(row["ciphertext"], row["salt"]) for row in rows} == {(None, None)}
    assert place.doomed.id not in {key["owner_id"] for key in tables.keys}
    if place.cluster is None:
        files = b"".join(file.read_bytes() for file in back.folder.iterdir())
        assert not [key for key in place.keys_of_doomed if key in files]
    with serve_restored(back, place.folder / "master.key") as (_, people):
        answer = problem_of(people.esra.get(place.doomed.path), 410, "case_destroyed")
        assert people.esra.get(f"{place.living.path}/file").status_code == 200
    assert answer["certificate"]["certificate"] == place.certificate["certificate"]


@broken_by(
    "A destruction that is replayed keeps the seals of the administration right",
    "service/retention/store/family_names.py",
    "from service.database.covered_rows import CoveredRows\n",
    "from sqlalchemy import update\n"
    "class CoveredRows:\n"
    "    def __init__(self, transaction, table):\n"
    "        self.write = lambda *where, **to: transaction.connection.execute(update(table).where(*where).values(to))\n"
    "    def update(self, *where, **to):\n"
    "        return self.write(*where, **to).rowcount\n",
)
def test_i21_a_destruction_that_is_replayed_is_sealed(place: BackedUpInstallation) -> None:
    """The family of the case becomes anonymous, and its figure is kept. The last command verified everything."""
    back = place.restore("sealed", place.earliest, place.earliest, place.destruction_list)

    engine = open_engine(back.url)
    with engine.connect() as connection:
        anonymous = connection.execute(select(people.c.id).where(people.c.name == ANONYMOUS_NAME)).all()
        figures = connection.execute(select(kept_figures.c.cases)).scalars().all()
    engine.dispose()
    assert back.exit_code == 0, back.output
    assert (len(anonymous), figures) == (1, [1])


@broken_by(
    "I21, decision 0008: keys from before a destruction open nothing of the destroyed case",
    "service/retention/use_cases/replay.py",
    "    Destructions(transaction).remove_keys_of_destroyed_cases()\n",
    "",
)
def test_i21_keys_that_are_older_than_a_destruction_do_not_bring_the_case_back_and_open_nothing_newer(
    place: BackedUpInstallation,
) -> None:
    back = place.restore("older_keys", place.newest, place.earliest, place.destruction_list)

    tables = tables_of(place, back)
    assert back.exit_code == 1
    findings = [line.split(maxsplit=3) for line in back.output.splitlines() if KEY_IS_GONE in line]
    assert findings == [[place.case_between.number, place.case_between.id, "1", KEY_IS_GONE]]
    assert "findings 1;" in back.output
    assert place.doomed.id not in {key["owner_id"] for key in tables.keys}


def test_newer_keys_open_everything_in_older_data(place: BackedUpInstallation) -> None:
    back = place.restore("newer_keys", place.earliest, place.newest, place.destruction_list)

    assert back.exit_code == 0, back.output
    with serve_restored(back, place.folder / "master.key") as (_, people):
        assert people.esra.get(f"{place.living.path}/file").status_code == 200
        assert people.esra.get(place.case_between.path).status_code == 404
        assert CaseFile.submitted(people).state == "submitted"


@broken_by(
    "A backup made during writes contains every change that was acknowledged before it began",
    "service/integrity/store/backup.py",
    "        live.backup(copy)\n",
    "        target.write_bytes(Path(live.execute('PRAGMA database_list').fetchone()[2]).read_bytes())\n",
)
def test_what_was_acknowledged_before_a_backup_began_is_in_it_however_many_wrote_meanwhile(
    place: BackedUpInstallation,
) -> None:
    """An independent checker reads the raw tables, decrypts every content and recomputes every digest."""
    back = place.restore("loaded", place.under_load, place.under_load)

    tables = tables_of(place, back)
    living = {
        name: [row for row in rows if place.doomed.id not in (row.get("case_id"), row.get("id"))]
        for name, rows in tables.rows.items()
    }
    other_cases = Tables(living, tables.keys, tables.complaints)
    assert back.exit_code == 0, back.output
    assert len(place.acknowledged.acknowledged) >= 10
    assert [*other_cases.complaints, *history_faults(other_cases)] == []
    assert [*content_faults(other_cases, master_key(place.folder), place.acknowledged)] == []


def test_another_master_key_opens_no_backup(place: BackedUpInstallation, tmp_path: Path) -> None:
    other = tmp_path / "master.key"
    load_master_key(None, other)

    back = place.restore("other_key", place.newest, place.newest, master_key=other)

    assert str(back.exit_code).startswith("not started: the master key is not the key of this ")
    if place.cluster is None:
        assert list(back.folder.iterdir()) == []


@broken_by(
    "A backup that was cut off or changed is refused",
    "service/integrity/store/backup.py",
    "        if not compare_digest(_sha256(Path(copy)), manifest.sha256[name]):",
    "        if not manifest.sha256[name]:",
    case="sqlite-data",
)
@pytest.mark.parametrize("name", ["data", "keys"])
def test_a_backup_that_is_not_whole_is_refused(place: BackedUpInstallation, tmp_path: Path, name: str) -> None:
    """The file is cut off at the end, or one bit in the middle is changed."""
    for spoil in (_cut, _flip):
        broken = _copy_of_newest(place, tmp_path / f"{spoil.__name__}_{name}")
        spoil(getattr(broken, name))

        assert _is_refused(place, f"spoilt{spoil.__name__}_{name}", broken)


@on_sqlite
@pytest.mark.parametrize("name", ["destructions.jsonl", "manifest.json"])
def test_a_backup_whose_list_or_manifest_is_not_whole_is_refused(
    place: BackedUpInstallation, tmp_path: Path, name: str
) -> None:
    for spoil in (_cut, _flip):
        broken = _copy_of_newest(place, tmp_path / f"{spoil.__name__}_{name}")
        spoil(broken.data.with_name(name))

        assert _is_refused(place, f"spoilt{spoil.__name__}_{name}", broken)


@broken_by(
    "I21: a faulty list of destructions is refused before anything is restored",
    "service/commands/backup.py",
    "            DestructionList(file).certificates()\n",
    "            pass\n",
)
@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_i21_a_faulty_list_of_destructions_is_refused_and_leaves_no_database(
    place: BackedUpInstallation, tmp_path: Path
) -> None:
    faulty = tmp_path / "destructions.jsonl"
    faulty.write_bytes(place.destruction_list.read_bytes() + b'{"half\n')

    back = place.restore("faulty_list", place.earliest, place.earliest, faulty)

    assert str(back.exit_code).startswith("not done: line ")
    assert list(back.folder.iterdir()) == []


def _is_refused(place: BackedUpInstallation, name: str, broken: Backup) -> bool:
    """The restore of this backup is refused and leaves nothing in its place."""
    if place.cluster:
        with pytest.raises(subprocess.CalledProcessError, match="sha256sum"):
            place.restore(name, broken, broken)
        return True
    back = place.restore(name, broken, broken)
    return str(back.exit_code).startswith("not done:") and list(back.folder.iterdir()) == []


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_who_may_not_see_all_cases_cannot_dump_some_of_them(place: BackedUpInstallation) -> None:
    """The owner can: row-level security binds the application alone."""
    assert place.cluster
    application = place.service.settings.database_url.replace("postgresql+psycopg", "postgresql")

    with pytest.raises(RuntimeError, match="row-level security"):
        place.cluster.run("pg_dump", "--table=transitions", application)


@on_sqlite
def test_a_backup_tells_what_it_is_and_nothing_of_anybody_is_for_its_owner_alone_and_has_no_master_key(
    place: BackedUpInstallation,
) -> None:
    folder, manifest = place.newest.data.parent, manifest_of(place.newest)
    back = place.restore("told", place.newest, place.newest)
    _, digest = run_command(back.folder, back.url, place.folder / "master.key", "digest")
    header, *heads, _ = digest.splitlines(keepends=True)
    at_that_moment = json.loads(header) | {"at": manifest["at"]}
    first = json.dumps(at_that_moment, sort_keys=True, separators=(",", ":")) + "\n"

    key = (place.folder / "master.key").read_bytes()
    assert {file.name for file in folder.iterdir()} == {"data.db", "keys.db", "destructions.jsonl", "manifest.json"}
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert not [file for file in folder.iterdir() if key in file.read_bytes()]
    assert (manifest["cases"], manifest["revision"]) == (3, json.loads(header)["database"])
    assert manifest["root"] == hashlib.sha256("".join((first, *heads)).encode()).hexdigest()
    assert f"cases 3; entries {manifest['entries']}; findings 0; last recorded " in back.output
    assert datetime.fromisoformat(str(manifest["last_recorded_at"])) < datetime.fromisoformat(str(manifest["at"]))
    assert manifest.keys() == {
        *("format", "version", "revision", "at", "cases", "entries", "last_recorded_at", "root", "sha256"),
        *("master_key", "seal"),
    }


@broken_by(
    "A restore overwrites no existing file",
    "service/integrity/store/backup.py",
    "            if (existing := place.with_name(place.name + suffix)).exists():",
    "            if (existing := place.with_name(place.name + suffix)).is_dir():",
)
@on_sqlite
def test_nothing_is_overwritten_by_a_backup_or_by_one_that_comes_back(
    place: BackedUpInstallation, tmp_path: Path
) -> None:
    arguments = (place.folder, place.url, place.folder / "master.key")
    taken = place.newest.data.read_bytes()

    again, _ = run_command(*arguments, "backup", str(place.newest.data.parent))
    over, _ = run_command(*arguments, "restore", "--data", str(place.earliest.data), "--keys", str(place.earliest.keys))
    (tmp_path / "casusroute.db.keys").write_bytes(b"mine")
    url = f"sqlite:///{tmp_path / 'casusroute.db'}"
    over_keys, _ = run_command(tmp_path, url, arguments[2], "restore", "--data", str(place.earliest.data),
                        "--keys", str(place.earliest.keys))  # fmt: skip

    assert "a backup never overwrites another" in str(again)
    assert "a backup is restored only where no database exists" in str(over)
    assert "a backup is restored only where no database exists" in str(over_keys)
    assert place.newest.data.read_bytes() == taken
    assert (tmp_path / "casusroute.db.keys").read_bytes() == b"mine"
    assert [file.name for file in tmp_path.iterdir()] == ["casusroute.db.keys"]


@broken_by(
    "A backup manifest that was made without the master key is refused",
    "service/integrity/store/backup.py",
    "    if not compare_digest(text, manifest.to_sealed_json(keyring)):",
    "    if not text:",
)
@on_sqlite
def test_a_manifest_of_another_backup_or_of_nobody_who_has_the_key_is_refused(
    place: BackedUpInstallation, tmp_path: Path
) -> None:
    swapped, forged = (_copy_of_newest(place, tmp_path / name) for name in ("swapped", "forged"))
    shutil.copy(place.earliest.data.with_name("manifest.json"), swapped.data.with_name("manifest.json"))
    manifest = manifest_of(forged)
    with closing(sqlite3.connect(forged.data)) as connection:
        connection.executescript("DROP TRIGGER cases_no_delete; VACUUM")
    manifest["sha256"]["data"] = hashlib.sha256(forged.data.read_bytes()).hexdigest()
    forged.data.with_name("manifest.json").write_text(
        json.dumps(manifest, sort_keys=True, separators=(",", ":")) + "\n"
    )

    of_another = place.restore("swapped_here", swapped, swapped)
    of_nobody = place.restore("forged_here", forged, forged)

    assert "differs from the file that its manifest was made with" in str(of_another.exit_code)
    assert "was changed after it was made" in str(of_nobody.exit_code)


@on_sqlite
def test_a_backup_of_an_older_version_is_migrated_and_then_recovered_and_a_newer_one_is_refused(
    place: BackedUpInstallation, tmp_path: Path
) -> None:
    old, key = tmp_path / "old", tmp_path / "old" / "master.key"
    old.mkdir()
    engine = open_engine(f"sqlite:///{old / 'casusroute.db'}")
    Release("0.2.0").load(engine, old)
    engine.dispose()
    keyring = Keyring(load_master_key(None, key))
    back_up(old / "casusroute.db", old / "none.jsonl", old / "backup", keyring, datetime.now(UTC))
    with closing(sqlite3.connect(old / "casusroute.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    back_up(old / "casusroute.db", old / "none.jsonl", old / "newer", keyring, datetime.now(UTC))

    def files(name: str) -> Backup:
        return Backup(old / name / "data.db", old / name / "keys.db")

    older = place.restore("older", files("backup"), files("backup"), master_key=key)
    served_too_early, _ = run_command(older.folder, older.url, key, "recover")
    migrated, _ = run_command(older.folder, older.url, key, "migrate")
    recovered, output = run_command(older.folder, older.url, key, "recover")
    newer = place.restore("newer", files("newer"), files("newer"), master_key=key)

    assert "Run `python -m service migrate`, then `python -m service recover`" in str(older.exit_code)
    assert "the database needs `python -m service migrate` first" in str(served_too_early)
    assert (migrated, recovered) == (0, 0), output
    assert "cases 5; " in output
    assert "which is newer than this one" in str(newer.exit_code)


def _copy_of_newest(place: BackedUpInstallation, folder: Path) -> Backup:
    """A copy of the newest backup that a test may damage."""
    if place.cluster:
        folder = place.newest.data.parent.parent / f"{folder.parent.name}_{folder.name}"
    shutil.copytree(place.newest.data.parent, folder)
    return Backup(folder / place.newest.data.name, folder / place.newest.keys.name)


def _flip(file: Path) -> None:
    text = bytearray(file.read_bytes())
    text[len(text) // 2] ^= 1
    file.write_bytes(text)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])
