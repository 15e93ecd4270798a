"""The three roles of PostgreSQL: owner of the tables, role of the service, role for figures."""

from collections.abc import Iterator

import pytest
from psycopg import errors
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from api_tests.support.databases import ROLES, as_role, migrated_engine, new_database, owner_engine
from api_tests.support.postgres import SUPERUSER, Cluster
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import settings_for
from service.app import build_service
from service.commands.migrate import migrate_database
from service.commands.roles import make_roles
from service.database.engine import open_engine
from service.database.health import failing_database_checks
from service.database.keyring import Keyring, load_master_key
from service.database.postgres_roles import REPORTING_COLUMNS
from service.database.row_security import RowSecurityNotBinding, require_row_security
from service.database.worker_threads import Database
from service.identity.trusted_issuer import TrustedIssuer
from service.settings import Settings
from service.tables import metadata

pytestmark = pytest.mark.server

GUARDED = ("transitions", "contents", "access_log", "requests", "workflows", "workflow_edges", "feed", "parts", "cases")
# Columns with identities and texts, and with what decrypts these or lets them be guessed.
NEVER_REPORTED = (
    "actor_id", "assignee_id", "person_id", "user_id", "submitter_id", "addressee_id", "organisation_id", "name",
    "subject", "issuer", "number", "ciphertext", "nonce", "wrapped", "facts_salt", "salt", "secret", "note",
    "expertise", "reason_text", "line", "party_id", "signed", "domain_text", "function_text",
)  # fmt: skip
# Exceptions: here an organisation, or the number of a statement, points to no person and no case.
EXCEPTIONS = {("coverages", "organisation_id"), ("offer_statements", "number")}
EXCEPTIONS |= {(table, "name") for table in ("regions", "municipalities", "workflows")}
UNBOUND = {
    SUPERUSER: "a superuser",
    ROLES.owner: "the tables' owner",
    "one_who_passes": "one with BYPASSRLS",
    "one_of_the_owners": "the tables' owner",
}


@pytest.fixture(scope="module", params=["postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a service in production, on a database that its owner migrated."""
    folder = tmp_path_factory.mktemp("roles")
    issuers = [TrustedIssuer(name="http://127.0.0.1:9")]
    settings = settings_for(folder, new_database(request, folder, request.param), mode="production", issuers=issuers)
    migrated_engine(settings).dispose()
    return settings


@pytest.fixture(scope="module")
def application(settings: Settings) -> Iterator[Engine]:
    engine = open_engine(settings.database_url, connections=1)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def reporting(settings: Settings) -> Iterator[Engine]:
    engine = open_engine(as_role(settings.database_url, ROLES.reporting), connections=1)
    yield engine
    engine.dispose()


def is_refused(engine: Engine, statement: str) -> bool:
    """Returns whether this role may not run the statement, even when it claims all rows for itself."""
    with engine.connect() as connection:
        connection.execute(text("SELECT set_config('casusroute.everything', 'to try it', true)"))
        try:
            connection.exec_driver_sql(statement)
        except DBAPIError as error:
            return isinstance(error.orig, errors.InsufficientPrivilege)
        finally:
            connection.rollback()
    return False


@broken_by(
    "The database role of the service cannot change a history or its heads",
    "service/database/postgres_roles.py",
    '"cases": "recorded_at"',
    '"cases": "recorded_at region"',
)
def test_the_service_may_add_to_the_history_and_change_nothing_of_it(application: Engine) -> None:
    forbidden = [
        *(f"DELETE FROM {table}" for table in GUARDED),
        *(f"TRUNCATE {table}" for table in GUARDED),
        *(f"UPDATE {table} SET {metadata.tables[table].c[0].name} = NULL" for table in GUARDED),
        *(f"UPDATE parts SET {column} = NULL" for column in ("state", "phase", "sequence", "due_on", "party_id")),
        *(f"UPDATE cases SET {column} = NULL" for column in ("region", "sequence", "digest", "submitted_at")),
        "UPDATE contents SET ciphertext = NULL",
        "UPDATE keys.case_keys SET wrapped = ''",
        "TRUNCATE keys.case_keys",
        "TRUNCATE drafts",
    ]

    assert [statement for statement in forbidden if not is_refused(application, statement)] == []


def test_the_service_cannot_remove_the_protections_that_bind_it(application: Engine) -> None:
    forbidden = [
        "ALTER TABLE transitions DISABLE TRIGGER ALL",
        "ALTER TABLE transitions DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE transitions ADD COLUMN more text",
        "DROP TABLE transitions",
        "DROP TRIGGER transitions_no_update ON transitions",
        "CREATE POLICY more ON cases USING (true)",
        "ALTER POLICY in_sight ON cases USING (true)",
        "DROP POLICY in_sight ON cases",
        "CREATE OR REPLACE VIEW cases_in_sight AS SELECT id FROM cases",
        "CREATE OR REPLACE FUNCTION told_everything() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "CREATE TABLE of_ours (id text)",
        "CREATE TEMP TABLE transitions (id text)",
        "CREATE FUNCTION keys.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "SET session_replication_role = replica",
        "SELECT * FROM pg_authid",
        f"SET ROLE {ROLES.owner}",
        f"ALTER ROLE {ROLES.application} BYPASSRLS",
    ]

    assert [statement for statement in forbidden if not is_refused(application, statement)] == []


@broken_by(
    "Triggers read the tables of the service, not the temporary tables of a session",
    "migrations/versions/0008_second_wall.py",
    "SET search_path = public, pg_temp",
    "SET search_path = pg_temp, public",
)
def test_every_referee_judges_by_all_rows_of_the_tables_of_the_service(settings: Settings) -> None:
    engine = owner_engine(settings)
    query = text(
        "SELECT prosecdef, proconfig FROM pg_proc"
        " WHERE prorettype = 'trigger'::regtype AND pronamespace = 'public'::regnamespace"
    )
    with engine.connect() as connection:
        referees = connection.execute(query).all()
    engine.dispose()

    assert len(referees) >= 10
    assert {(referee.prosecdef, *(referee.proconfig or ())) for referee in referees} == {
        (True, "search_path=public, pg_temp")
    }


@broken_by(
    "The database role for reports cannot read a person, a case number or a text",
    "service/database/postgres_roles.py",
    '"id region team_id submitted_at sequence recorded_at"',
    '"id region team_id number submitted_at sequence recorded_at"',
)
def test_the_role_for_figures_reads_states_times_and_codes_and_no_person_or_text(reporting: Engine) -> None:
    granted = text("SELECT table_schema, table_name, column_name FROM information_schema.column_privileges")
    with reporting.connect() as connection:
        rows = connection.execute(granted).all()
        readable = {(row.table_name, row.column_name) for row in rows if row.table_schema in ("public", "keys")}
        counts = connection.exec_driver_sql("SELECT count(phase), count(age_band), count(codes) FROM transitions").one()

    assert {table for table, _ in readable} == set(REPORTING_COLUMNS)
    assert {column for column in readable if column[1] in NEVER_REPORTED} == EXCEPTIONS
    assert len(counts) == 3
    other_tables = [table.fullname for table in metadata.sorted_tables if table.fullname not in REPORTING_COLUMNS]
    assert {"contents", "keys.case_keys", "people", "requests", "drafts", "access_log"} <= set(other_tables)
    forbidden = [f"SELECT count(*) FROM {table}" for table in other_tables]
    forbidden += ["SELECT * FROM transitions", "SELECT number FROM cases", "SELECT name FROM organisations"]
    forbidden += [f"DELETE FROM {table}" for table in REPORTING_COLUMNS]
    forbidden += ["INSERT INTO regions VALUES ('JZ99', '', '')", "UPDATE cases SET region = NULL"]
    assert [statement for statement in forbidden if not is_refused(reporting, statement)] == []


@broken_by(
    "In production the service does not start as a role that row-level security does not bind",
    "service/app.py",
    "    if settings.requires_row_security:\n",
    "    if settings.requires_row_security and False:\n",
)
def test_in_production_the_service_does_not_start_as_a_role_that_the_wall_does_not_bind(
    settings: Settings, cluster: Cluster
) -> None:
    _as_superuser(cluster, f"CREATE ROLE one_who_passes LOGIN BYPASSRLS IN ROLE {ROLES.application}")
    _as_superuser(cluster, f"CREATE ROLE one_of_the_owners LOGIN IN ROLE {ROLES.owner}")
    unbound = {
        role: settings.model_copy(update={"database_url": as_role(settings.database_url, role)}) for role in UNBOUND
    }

    for role, kind in UNBOUND.items():
        engine = open_engine(unbound[role].database_url, connections=1)
        with engine.connect() as connection, pytest.raises(RowSecurityNotBinding, match=f"the role {role} is {kind}: "):
            require_row_security(connection)
        engine.dispose()
    with pytest.raises(RowSecurityNotBinding, match=r"python -m service roles.*CASUSROUTE_WITHOUT_SECOND_WALL=true"):
        build_service(unbound[ROLES.owner])
    build_service(unbound[ROLES.owner].model_copy(update={"without_second_wall": True})).database.close()
    build_service(settings).database.close()


def test_a_service_that_the_wall_no_longer_binds_is_not_ready(settings: Settings) -> None:
    bound, unbound = open_engine(settings.database_url), open_engine(as_role(settings.database_url, SUPERUSER))
    keyring = Keyring(load_master_key(None, settings.master_key_file))
    failures = []
    for engine in (bound, unbound):
        database = Database(engine, keyring, connections=1)
        failures.append(
            database.read_sync(
                lambda transaction: failing_database_checks(transaction, may_lose_data=True, second_wall=True)
            )
        )
        database.close()

    assert failures == [(), ("second_wall",)]


@pytest.mark.parametrize("engine", ["postgresql"])
def test_the_roles_are_made_by_a_command_that_knows_no_password_and_may_be_repeated(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], engine: str
) -> None:
    name = f"made_{engine}"
    _as_superuser(cluster, 'CREATE ROLE "eigenaar-1" LOGIN CREATEROLE')
    _as_superuser(cluster, f'CREATE DATABASE {name} OWNER "eigenaar-1"')
    service_url, owner_url = (
        as_role(cluster.url(name), role).replace("@", ":geheim@") for role in ("dienst", "eigenaar-1")
    )
    monkeypatch.setenv("CASUSROUTE_DATABASE_URL", service_url)
    monkeypatch.setenv("CASUSROUTE_OWNER_URL", owner_url)
    monkeypatch.setenv("CASUSROUTE_REPORTING_ROLE", "cijfers")

    make_roles(apply=False)
    output = capsys.readouterr().out
    for _ in range(2):
        make_roles(apply=True)
        migrate_database()

    assert "geheim" not in output
    assert '"eigenaar-1"' in output
    for role, readable, unreadable in (("dienst", "contents", "pg_authid"), ("cijfers", "regions", "contents")):
        role_engine = create_engine(as_role(cluster.url(name), role))
        assert not is_refused(role_engine, f"SELECT count(*) FROM {readable}")
        assert is_refused(role_engine, f"SELECT count(*) FROM {unreadable}")
        role_engine.dispose()


def _as_superuser(cluster: Cluster, statement: str) -> None:
    engine = create_engine(cluster.url("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
