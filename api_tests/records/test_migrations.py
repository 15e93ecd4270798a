"""The migrations make the schema that the code declares, whole or not at all, once, on both databases."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DBAPIError

from api_tests.support.case_file import CaseFile
from api_tests.support.checkout import ROOT
from api_tests.support.database_schemas import schema_of
from api_tests.support.databases import ROLES, new_database
from api_tests.support.engines import ENGINES
from api_tests.support.forgery import engine_for, row_counts, run_sql
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.transactions import transaction_on
from service.database import migrations as migrating
from service.database.columns import KEYS_SCHEMA
from service.database.engine import open_engine
from service.database.migrations import current_revision, downgrade, expected_revision, migrate
from service.people.store.regions import RegionRegister
from service.tables import metadata

pytestmark = pytest.mark.server

NewDatabase = Callable[[], Engine]
# Number of municipalities per region: CBS, regions of 2025, municipalities of 2023 to 2025.
MUNICIPALITIES_PER_REGION = (
    "JZ01:10 JZ02:18 JZ03:4 JZ04:12 JZ05:7 JZ06:6 JZ07:11 JZ08:5 JZ09:7 JZ10:3 JZ11:4 JZ12:7 JZ13:6 JZ14:14 "
    "JZ15:1 JZ16:6 JZ17:8 JZ18:13 JZ19:5 JZ20:7 JZ21:7 JZ22:1 JZ23:5 JZ24:9 JZ25:8 JZ26:5 JZ27:5 JZ28:11 "
    "JZ29:13 JZ30:8 JZ31:10 JZ32:7 JZ33:10 JZ34:5 JZ35:11 JZ36:9 JZ37:7 JZ38:13 JZ39:21 JZ41:16 JZ42:4 JZ43:3"
)
# Haarlem, Velsen, Enschede, Amsterdam, The Hague, Maastricht, Zeewolde (in Flevoland, and of the Noord-Veluwe).
WELL_KNOWN = {
    "GM0392": "JZ11",
    "GM0453": "JZ10",
    "GM0153": "JZ14",
    "GM0363": "JZ13",
    "GM0518": "JZ24",
    "GM0935": "JZ41",
    "GM0050": "JZ12",
}
BROKEN = """
from alembic import op

revision = "broken"
down_revision = "{head}"


def upgrade():
    op.execute("CREATE TABLE half (done INTEGER)")
    op.execute("ALTER TABLE cases ADD COLUMN half INTEGER")
    op.execute("DELETE FROM alembic_version")
    op.execute("INSERT INTO nowhere VALUES (1)")
"""


@pytest.fixture(params=ENGINES)
def empty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewDatabase]:
    """A function that opens a new empty database at each call."""
    with ExitStack() as opened:

        def new() -> Engine:
            folder = tmp_path_factory.mktemp(f"migrated_{request.param}")
            engine = open_engine(new_database(request, folder, request.param))
            opened.callback(engine.dispose)
            return engine

        yield new


@pytest.fixture
def migrated(empty: NewDatabase) -> Engine:
    engine = empty()
    migrate(engine)
    return engine


@broken_by(
    "The migrations make the tables that the code declares",
    "service/cases/store/tables.py",
    'Column("age_band", String(10))',
    'Column("age_band", String(11))',
)
@broken_by(
    "The code and the database have the same constraints",
    "service/cases/store/tables.py",
    "cause IS NULL OR cause < sequence AND part_sequence = 1",
    "cause IS NULL OR cause < sequence",
    case="postgresql",
)
def test_the_migrations_make_the_tables_that_the_code_means(migrated: Engine, empty: NewDatabase) -> None:
    declared = empty()
    with declared.begin() as connection:
        if declared.dialect.name == "postgresql":
            run_sql(connection, f"CREATE SCHEMA {KEYS_SCHEMA}")
        metadata.create_all(connection)

    with migrated.connect() as by_migrations, declared.connect() as by_code:
        options = {"compare_type": True, "compare_server_default": True, "include_schemas": True}
        differences = compare_metadata(MigrationContext.configure(by_migrations, opts=options), metadata)

        assert differences == []
        assert schema_of(by_migrations, protections=False) == schema_of(by_code, protections=False)


@broken_by(
    "Migrating down and up again leaves a schema like new",
    "migrations/versions/0001_cases_and_their_history.py",
    '            op.execute(f"DROP FUNCTION {function}()")',
    "            op.execute(f\"SELECT '{function}'\")",
    case="postgresql",
)
def test_down_and_up_again_is_as_new(migrated: Engine) -> None:
    with migrated.connect() as connection:
        new = schema_of(connection, protections=True)

    downgrade(migrated, "base")
    with migrated.connect() as connection:
        assert schema_of(connection, protections=True) == set()
        assert current_revision(connection) is None
    migrate(migrated)

    with migrated.connect() as connection:
        assert schema_of(connection, protections=True) == new
        assert current_revision(connection) == expected_revision()


def test_every_migration_goes_down_to_exactly_what_was_there_before_it(empty: NewDatabase) -> None:
    engine, schemas = empty(), []
    for number in range(1, int(expected_revision() or "0") + 1):
        migrate(engine, f"{number:04}")
        with engine.connect() as connection:
            schemas.append((f"{number:04}", schema_of(connection, protections=True)))

    for revision, before in reversed(schemas[:-1]):
        downgrade(engine, revision)

        with engine.connect() as connection:
            assert (current_revision(connection), schema_of(connection, protections=True)) == (revision, before)


def test_up_twice_changes_nothing_and_loses_nothing(database: Engine, case: CaseFile) -> None:
    with database.connect() as connection:
        before = row_counts(connection), schema_of(connection, protections=True)

    migrate(database)

    with database.connect() as connection:
        assert (row_counts(connection), schema_of(connection, protections=True)) == before
    assert case.state == "submitted"


@broken_by(
    "The migrations make a new database while the keys of a lost one remain",
    "migrations/versions/0001_cases_and_their_history.py",
    "        if_not_exists=True,",
    "        if_not_exists=False,",
)
def test_data_that_was_lost_is_begun_anew_beside_its_keys(migrated: Engine) -> None:
    """On SQLite the keys have a file of their own, which may outlive the data; PostgreSQL keeps its schema of keys."""
    with migrated.begin() as connection:
        keys = "INSERT INTO keys.case_keys (owner_id, content_class, wrapped) VALUES ('somebody', 'notes', :key)"
        run_sql(connection, keys, key=b"k")
    if migrated.dialect.name == "sqlite":
        migrated.dispose()
        for file in Path(migrated.url.database or "").parent.glob("casusroute.db*"):
            if ".keys" not in file.name:
                file.unlink()
    else:
        superuser = engine_for(migrated.url.render_as_string(hide_password=False), undermined=True)
        with superuser.begin() as connection:
            run_sql(connection, "DROP SCHEMA public CASCADE")
            run_sql(connection, f"CREATE SCHEMA public AUTHORIZATION {ROLES.owner}")
        superuser.dispose()

    migrate(migrated)

    with migrated.connect() as connection:
        assert current_revision(connection) == expected_revision()
        assert row_counts(connection)["keys.case_keys"] == 1


def test_two_processes_that_migrate_at_once_do_it_one_after_the_other(empty: NewDatabase) -> None:
    engine = empty()
    url = engine.url.render_as_string(hide_password=False)
    environment = {**os.environ, "CASUSROUTE_DATABASE_URL": url}
    command = [sys.executable, "-m", "service", "migrate"]

    processes = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=60) for process in processes]

    assert [process.returncode for process in processes] == [0, 0], outputs
    with engine.connect() as connection:
        assert current_revision(connection) == expected_revision()


@broken_by(
    "A migration is applied as a whole or not at all",
    "service/database/migrations.py",
    '    with engine.begin() as connection:\n        if engine.dialect.name == "postgresql":',
    '    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as '
    "connection:\n"
    '        if engine.dialect.name == "postgresql":',
    case="postgresql",
)
def test_a_migration_that_meets_an_obstacle_leaves_the_database_as_it_was(empty: NewDatabase) -> None:
    engine = empty()
    with engine.begin() as connection:
        run_sql(connection, "CREATE TABLE contents (in_the_way INTEGER)")

    with pytest.raises(DBAPIError, match="contents"):
        migrate(engine)

    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["contents"]
        assert current_revision(connection) is None


def test_a_broken_migration_leaves_revision_tables_and_rows_of_the_one_before(
    migrated: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with migrated.begin() as connection:
        RegionRegister(transaction_on(connection)).load_shipped_files()
    with migrated.connect() as connection:
        before = current_revision(connection), schema_of(connection, protections=True), row_counts(connection)
    shutil.copytree(migrating.MIGRATIONS, tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    broken = tmp_path / "migrations" / "versions" / "broken.py"
    broken.write_text(BROKEN.format(head=expected_revision()), encoding="utf-8")
    monkeypatch.setattr(migrating, "MIGRATIONS", tmp_path / "migrations")

    with pytest.raises(DBAPIError, match="nowhere"):
        migrate(migrated)

    with migrated.connect() as connection:
        assert (current_revision(connection), schema_of(connection, protections=True), row_counts(connection)) == before


@broken_by(
    "Every column has its explanation in PostgreSQL",
    "migrations/versions/0001_cases_and_their_history.py",
    'comment="in life; never decreases within a part"',
    'comment="in life"',
    case="postgresql",
)
def test_every_explanation_of_a_column_stands_in_postgresql_and_every_table_has_its_columns_in_both(
    service: RunningService,
) -> None:
    with service.tables.connect() as connection:
        for table in metadata.sorted_tables:
            comments = {
                column["name"]: column.get("comment")
                for column in inspect(connection).get_columns(table.name, table.schema)
            }

            expected = {
                column.name: column.comment if service.engine == "postgresql" else None for column in table.columns
            }
            assert comments == expected, table.name


@broken_by(
    "Every municipality is in its own youth region",
    "service/people/store/municipalities.csv",
    "GM0392,Haarlem,JZ11",
    "GM0392,Haarlem,JZ10",
)
def test_the_database_knows_42_regions_and_342_municipalities_each_in_its_region(migrated: Engine) -> None:
    with migrated.begin() as connection:
        RegionRegister(transaction_on(connection)).load_shipped_files()
        regions = RegionRegister(transaction_on(connection)).regions()
        municipalities = RegionRegister(transaction_on(connection)).municipalities()
    region_of = {municipality.code: municipality.region for municipality in municipalities}

    assert len(regions) == len({region.name for region in regions}) == 42
    assert len(municipalities) == len({municipality.name for municipality in municipalities}) == 342
    assert Counter(region_of.values()) == {
        code: int(n) for code, n in (piece.split(":") for piece in MUNICIPALITIES_PER_REGION.split())
    }
    assert {code: region_of[code] for code in WELL_KNOWN} == WELL_KNOWN
