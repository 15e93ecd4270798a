"""Start-up refuses a database that lacks a protection, is not migrated, or was written with another master key."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, event, make_url, text

from api_tests.support.checkout import ROOT
from api_tests.support.databases import as_role, environment_of, new_database, owner_engine
from api_tests.support.databases import migrated_engine as migrated_as_owner
from api_tests.support.demonstration import PERSON_IDS
from api_tests.support.engines import ENGINES
from api_tests.support.forgery import run_sql
from api_tests.support.postgres import SUPERUSER
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import settings_for
from service.app import NotMigrated, build_service
from service.database.engine import open_engine
from service.database.keyring import MasterKeyRefused
from service.database.protections import REQUIRED_TRIGGERS, ProtectionMissing, require_protections
from service.database.transaction import Transaction
from service.events.store.subscriptions import Subscription, WebhookSubscriptions
from service.people.store.people import People
from service.settings import Settings

pytestmark = pytest.mark.server


@pytest.fixture(scope="module", params=ENGINES)
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a service with a database of its own, migrated and empty."""
    folder = tmp_path_factory.mktemp(f"protected_{request.param}")
    settings = settings_for(folder, new_database(request, folder, request.param))
    migrated_as_owner(settings).dispose()
    return settings


@pytest.fixture
def fresh(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, migrated: Settings) -> Settings:
    """The same settings with a database of its own, which the test may damage."""
    folder = tmp_path_factory.mktemp("fresh")
    settings = settings_for(folder, new_database(request, folder, make_url(migrated.database_url).get_backend_name()))
    migrated_as_owner(settings).dispose()
    return settings


@pytest.fixture
def engine(migrated: Settings) -> Iterator[Engine]:
    engine = owner_engine(migrated)
    yield engine
    engine.dispose()


def _table_of(connection: Connection, trigger: str) -> str:
    query = {
        "sqlite": "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name = :name",
        "postgresql": "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = :name",
    }[connection.dialect.name]
    return str(connection.execute(text(query), {"name": trigger}).scalar_one())


def _drop(connection: Connection, trigger: str) -> None:
    table = _table_of(connection, trigger)
    run_sql(connection, f"DROP TRIGGER {trigger}" + ("" if _sqlite(connection) else f" ON {table}"))


def _sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _triggers_of_migrations(connection: Connection) -> set[str]:
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    }[connection.dialect.name]
    return set(connection.execute(text(query)).scalars())


@broken_by(
    "The start requires every trigger that the migrations make",
    "service/database/protections.py",
    '    "contents_belong",\n',
    "",
)
def test_every_trigger_that_the_migrations_make_is_required_at_start(engine: Engine) -> None:
    with engine.connect() as connection:
        assert _triggers_of_migrations(connection) == REQUIRED_TRIGGERS[engine.dialect.name]


@broken_by(
    "SQLite waits for the disk, so that an answered step survives a power cut",
    "service/database/engine.py",
    '    "synchronous": "FULL",',
    '    "synchronous": "NORMAL",',
)
def test_a_database_with_every_protection_is_served(engine: Engine) -> None:
    with engine.connect() as connection:
        require_protections(connection)


@broken_by(
    "A database that lacks a trigger is refused",
    "service/database/protections.py",
    "missing = sorted((expected.keys() | REQUIRED_TRIGGERS[engine]) - actual.keys())",
    "missing: list[str] = []",
    case="postgresql",
)
def test_each_trigger_that_is_missing_is_named(engine: Engine) -> None:
    with engine.connect() as connection:
        for trigger in sorted(_triggers_of_migrations(connection)):
            _drop(connection, trigger)

            with pytest.raises(ProtectionMissing, match=rf"missing: {trigger}$"):
                require_protections(connection)
            connection.rollback()


@broken_by(
    "A trigger that is switched off is found at the start",
    "service/database/protections.py",
    "SELECT tgname AS name, tgenabled::text || replace(",
    "SELECT tgname AS name, 'A' || replace(",
    case="postgresql",
)
def test_each_trigger_that_is_switched_off_or_hollow_is_named(engine: Engine) -> None:
    """PostgreSQL can disable a trigger, also for replication alone; on SQLite the trigger is put on another table."""
    with engine.connect() as connection:
        for trigger in sorted(_triggers_of_migrations(connection)):
            table = _table_of(connection, trigger)
            ways = [f"ALTER TABLE {table} {way} TRIGGER {trigger}" for way in ("DISABLE", "ENABLE", "ENABLE REPLICA")]
            if _sqlite(connection):
                ways = [f"DROP TRIGGER {trigger}; CREATE TRIGGER {trigger} AFTER DELETE ON drafts BEGIN SELECT 1; END"]
            for way in ways:
                first, *rest = way.split("; ", 1)
                for statement in (first, *rest):
                    run_sql(connection, statement)

                with pytest.raises(ProtectionMissing, match=rf"(missing|changed): {trigger}$"):
                    require_protections(connection)
                connection.rollback()


@broken_by(
    "A trigger with a changed body is found at the start",
    "service/database/protections.py",
    "if expected[name] != actual[name]",
    "if not actual[name]",
)
def test_each_trigger_that_says_something_else_is_named(engine: Engine) -> None:
    """The trigger keeps its name, table and moment; only its body differs."""
    with engine.connect() as connection:
        for trigger in sorted(_triggers_of_migrations(connection)):
            if _sqlite(connection):
                query = text("SELECT sql FROM sqlite_master WHERE name = :name")
                definition = str(connection.execute(query, {"name": trigger}).scalar_one())
                run_sql(connection, f"DROP TRIGGER {trigger}")
                connection.exec_driver_sql(definition.replace("BEGIN", "BEGIN SELECT 1 WHERE 0;", 1))
            else:
                query = text("SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = :name")
                definition = str(connection.execute(query, {"name": trigger}).scalar_one())
                table = _table_of(connection, trigger)
                run_sql(connection, f"DROP TRIGGER {trigger} ON {table}")
                run_sql(connection, definition.replace("EXECUTE FUNCTION", "WHEN (false) EXECUTE FUNCTION"))
                run_sql(connection, f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")

            with pytest.raises(ProtectionMissing, match=rf"changed: {trigger}$"):
                require_protections(connection)
            connection.rollback()


@broken_by(
    "A trigger function with a changed body is found at the start",
    "service/database/protections.py",
    'protections[f"{match[1]}()"] = _function(match[3], match[2])',
    "continue",
    case="postgresql",
)
def test_each_function_that_does_something_else_is_named_and_so_is_one_in_other_surroundings(engine: Engine) -> None:
    """Only PostgreSQL keeps the body of a trigger in a function."""
    of_triggers = (
        "SELECT proname FROM pg_proc WHERE prorettype = 'trigger'::regtype AND pronamespace = 'public'::regnamespace"
    )
    with engine.connect() as connection:
        functions = () if _sqlite(connection) else connection.execute(text(of_triggers)).scalars().all()
        hollow = "CREATE OR REPLACE FUNCTION {} RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$"
        for function in functions:
            name = f"{function}()"
            for way in (
                hollow.format(name),
                f"ALTER FUNCTION {name} SET search_path TO elsewhere",
                f"ALTER FUNCTION {name} SECURITY INVOKER",
            ):
                run_sql(connection, way)

                with pytest.raises(ProtectionMissing, match=rf"changed: {function}\(\)$"):
                    require_protections(connection)
                connection.rollback()

    assert _sqlite(connection) or len(functions) >= 9


def test_what_no_migration_made_is_named(engine: Engine) -> None:
    """Another trigger may undo the work of ours, and so may a rule of PostgreSQL, which is no trigger."""
    additions = {
        "sqlite": ("CREATE TRIGGER helpful AFTER INSERT ON transitions BEGIN SELECT 1; END",),
        "postgresql": (
            "CREATE TRIGGER helpful BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION refuse_change()",
            "CREATE RULE helpful AS ON INSERT TO outbox DO INSTEAD NOTHING",
        ),
    }[engine.dialect.name]
    with engine.connect() as connection:
        for statement in additions:
            run_sql(connection, statement)

            with pytest.raises(ProtectionMissing, match=r"not of a migration: (rule )?helpful$"):
                require_protections(connection)
            connection.rollback()


def test_each_switch_of_a_connection_that_is_off_is_named(engine: Engine) -> None:
    """SQLite sets them per connection, for the data file and the key file; PostgreSQL may set them by role."""
    off = {
        "sqlite": {
            "PRAGMA foreign_keys": "OFF",
            "PRAGMA recursive_triggers": "OFF",
            **{f"PRAGMA {file}.synchronous": "NORMAL" for file in ("main", "keys")},
            **{f"PRAGMA {file}.secure_delete": "OFF" for file in ("main", "keys")},
            **{f"PRAGMA {file}.journal_mode": "DELETE" for file in ("main", "keys")},
        },
        "postgresql": {"SET session_replication_role": "replica", "SET synchronous_commit": "off"},
    }[engine.dialect.name]
    # On PostgreSQL only a superuser may set the first of them.
    url = as_role(engine.url.render_as_string(hide_password=False), SUPERUSER)
    for switch, value in off.items():
        # One connection at a time: a journal mode changes only while no other connection is open.
        lax = open_engine(url, connections=1)
        event.listen(lax, "connect", _setting(f"{switch} = {value}"))

        with (
            lax.connect() as connection,
            pytest.raises(ProtectionMissing, match=f"missing: {switch.removeprefix('SET ')}"),
        ):
            require_protections(connection)
        lax.dispose()


def _setting(statement: str) -> Callable[[Any, object], None]:
    def execute(connection: Any, _record: object) -> None:
        connection.cursor().execute(statement)
        connection.commit()

    return execute


@broken_by(
    "The service does not start without the protections of its database",
    "service/app.py",
    ("    require_protections(transaction.connection)\n    if not settings"),
    "    if not settings",
)
def test_the_service_does_not_start_without_a_trigger(fresh: Settings) -> None:
    _change_as_owner(fresh, lambda connection: _drop(connection, "transitions_no_update"))

    with pytest.raises(ProtectionMissing, match="transitions_no_update"):
        build_service(fresh)


def test_the_service_does_not_start_without_the_table_of_keys(fresh: Settings) -> None:
    """A restored copy of the data without its keys would accept new cases and could read none of the old."""
    _change_as_owner(fresh, lambda connection: run_sql(connection, "DROP TABLE keys.case_keys"))

    with pytest.raises(ProtectionMissing, match=r"keys\.case_keys"):
        build_service(fresh)


@broken_by(
    "The service does not start on another revision of the schema",
    "service/app.py",
    "if current_revision(transaction.connection) != expected_revision():",
    "if current_revision(transaction.connection) is None:",
    case="postgresql",
)
@pytest.mark.parametrize("revision", ["0000", "9999"])
def test_the_service_does_not_start_on_another_revision(fresh: Settings, revision: str) -> None:
    _change_as_owner(
        fresh,
        lambda connection: run_sql(connection, "UPDATE alembic_version SET version_num = :revision", revision=revision),
    )

    with pytest.raises(NotMigrated):
        build_service(fresh)


def test_the_service_does_not_start_on_an_empty_database_and_says_what_to_do(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, migrated: Settings
) -> None:
    folder = tmp_path_factory.mktemp("empty")
    url = new_database(request, folder, make_url(migrated.database_url).get_backend_name())
    environment = {
        **os.environ,
        **environment_of(url),
        "CASUSROUTE_MASTER_KEY_FILE": str(folder / "master.key"),
        "CASUSROUTE_ISSUERS": '[{"name": "https://login.example"}]',
        "CASUSROUTE_PORT": "0",
    }

    command = [sys.executable, "-m", "service", "serve"]
    process = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )

    assert process.returncode != 0
    assert process.stderr.strip() == "not started: the database needs `python -m service migrate` first"


@broken_by(
    "The service does not start with another master key than its database was written with",
    "service/app.py",
    "    transaction.keyring.require_matching_master_key(transaction.connection)\n",
    "",
)
@broken_by(
    "The service refuses another master key, also where the key protects only webhook secrets",
    "service/database/keyring.py",
    "for query in (_ANY_KEY, _ANY_SECRET):",
    "for query in (_ANY_KEY,):",
    case="sqlite-the secret of a webhook",
)
@pytest.mark.parametrize("wrapped", ["the key of content", "the secret of a webhook"])
def test_the_service_does_not_start_with_another_master_key(fresh: Settings, wrapped: str) -> None:
    """A lost key file is not created again for a database that was written with it.

    A database of a release before 0.4.1 has no seal of its administration that would tell.
    """
    database = build_service(fresh).database
    if wrapped == "the key of content":
        database.write_sync(
            lambda transaction: transaction.keyring.create_keys(transaction.connection, uuid4(), ("notes",))
        )
    else:
        database.write_sync(lambda transaction: WebhookSubscriptions(transaction).add(_webhook(transaction)))
    database.close()
    _change_as_owner(fresh, _remove_administration_seals)
    fresh.master_key_file.unlink()

    with pytest.raises(MasterKeyRefused, match="not the key of this database"):
        build_service(fresh)


def _remove_administration_seals(connection: Connection) -> None:
    """Remove the seals, and leave the database with all its protections."""
    trigger = "administration_seals_no_delete"
    if _sqlite(connection):
        query = text("SELECT sql FROM sqlite_master WHERE name = :name")
        definition = str(connection.execute(query, {"name": trigger}).scalar_one())
        off, on = f"DROP TRIGGER {trigger}", definition
    else:
        off, on = (f"ALTER TABLE administration_seals {way} TRIGGER {trigger}" for way in ("DISABLE", "ENABLE ALWAYS"))
    for statement in (off, "DELETE FROM administration_seals", on):
        connection.exec_driver_sql(statement)


def _webhook(transaction: Transaction) -> Subscription:
    person_id = PERSON_IDS["roos"]
    organisation, now = People(transaction).organisations()[0], transaction.now
    return Subscription(
        id=uuid4(), organisation_id=organisation.id, url="https://ontvanger.example/", types=None, per_minute=None,
        state="active", reason=None, version=1, secrets=(b"s" * 32,), made_by=person_id, made_at=now,
        changed_by=person_id, changed_at=now,
    )  # fmt: skip


def _change_as_owner(settings: Settings, change: Callable[[Connection], None]) -> None:
    engine = owner_engine(settings)
    with engine.begin() as connection:
        change(connection)
    engine.dispose()
