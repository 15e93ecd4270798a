"""The three roles of PostgreSQL: who owns the tables, as whom the service works, and who reads figures (issue 4, 6)."""

from collections.abc import Iterator

import pytest
from psycopg import errors
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from api_tests.support.databases import ROLES, as_role, migrated, new_database, owned
from api_tests.support.postgres import SUPERUSER, Cluster
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import settings_for
from service.app import build
from service.commands.migrate import migrate_database
from service.commands.roles import make_roles
from service.database.engine import open_engine
from service.database.health import failing
from service.database.keyring import Keyring
from service.database.postgres_roles import REPORTED
from service.database.row_security import NoSecondWall, insist_on_wall
from service.database.worker_threads import Database
from service.identity.trusted_issuer import TrustedIssuer
from service.settings import Settings
from service.tables import metadata

pytestmark = pytest.mark.server

KEPT = ("transitions", "contents", "access_log", "requests", "workflows", "workflow_edges", "feed", "parts", "cases")
# Who somebody is, what was written, and what opens it or lets it be guessed.
NEVER_REPORTED = (
    "actor_id", "assignee_id", "person_id", "user_id", "submitter_id", "addressee_id", "organisation_id", "name",
    "subject", "issuer", "number", "ciphertext", "nonce", "wrapped", "facts_salt", "salt", "secret", "note",
    "expertise", "reason_text", "line", "party_id", "signed", "domain_text", "function_text",
)  # fmt: skip
# Of these tables an organisation, or the number of a statement, is no person and no case.
BUT = {("coverages", "organisation_id"), ("offer_statements", "number")}
BUT |= {(table, "name") for table in ("regions", "municipalities", "workflows")}
UNBOUND = {
    SUPERUSER: "a superuser",
    ROLES.owner: "the tables' owner",
    "one_who_passes": "one with BYPASSRLS",
    "one_of_the_owners": "the tables' owner",
}


@pytest.fixture(scope="module", params=["postgresql"])
def serving(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a service in earnest, on a database that was migrated by its owner."""
    folder = tmp_path_factory.mktemp("roles")
    nobody = [TrustedIssuer(name="http://127.0.0.1:9")]
    found = settings_for(folder, new_database(request, folder, request.param), mode="production", issuers=nobody)
    migrated(found).dispose()
    return found


@pytest.fixture(scope="module")
def application(serving: Settings) -> Iterator[Engine]:
    engine = open_engine(serving.database_url, connections=1)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def reporting(serving: Settings) -> Iterator[Engine]:
    engine = open_engine(as_role(serving.database_url, ROLES.reporting), connections=1)
    yield engine
    engine.dispose()


def refused(engine: Engine, statement: str) -> bool:
    """Whether this role is not allowed it, also when it says that it works for everybody."""
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
    "issue 4, 6: the role of the service changes nothing of a history or its heads",
    "service/database/postgres_roles.py",
    '"cases": "recorded_at"',
    '"cases": "recorded_at region"',
)
def test_the_service_may_add_to_the_history_and_change_nothing_of_it(application: Engine) -> None:
    forbidden = [
        *(f"DELETE FROM {table}" for table in KEPT),
        *(f"TRUNCATE {table}" for table in KEPT),
        *(f"UPDATE {table} SET {metadata.tables[table].c[0].name} = NULL" for table in KEPT),
        *(f"UPDATE parts SET {it} = NULL" for it in ("state", "phase", "sequence", "due_on", "party_id")),
        *(f"UPDATE cases SET {it} = NULL" for it in ("region", "sequence", "digest", "submitted_at")),
        "UPDATE contents SET ciphertext = NULL",
        "UPDATE keys.case_keys SET wrapped = ''",
        "TRUNCATE keys.case_keys",
        "TRUNCATE drafts",
    ]

    assert [it for it in forbidden if not refused(application, it)] == []


def test_the_service_cannot_take_its_own_fetters_off(application: Engine) -> None:
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

    assert [it for it in forbidden if not refused(application, it)] == []


@broken_by(
    "issue 4, 6: triggers judge by the tables of the service, not by those of a session",
    "migrations/versions/0008_second_wall.py",
    "SET search_path = public, pg_temp",
    "SET search_path = pg_temp, public",
)
def test_every_referee_judges_by_all_rows_of_the_tables_of_the_service(serving: Settings) -> None:
    engine = owned(serving)
    asked = text(
        "SELECT prosecdef, proconfig FROM pg_proc"
        " WHERE prorettype = 'trigger'::regtype AND pronamespace = 'public'::regnamespace"
    )
    with engine.connect() as connection:
        referees = connection.execute(asked).all()
    engine.dispose()

    assert len(referees) >= 10
    assert {(referee.prosecdef, *(referee.proconfig or ())) for referee in referees} == {
        (True, "search_path=public, pg_temp")
    }


@broken_by(
    "issue 4, 6: who makes reports reads no person, number or text",
    "service/database/postgres_roles.py",
    '"id region team_id submitted_at sequence recorded_at"',
    '"id region team_id number submitted_at sequence recorded_at"',
)
def test_whoever_makes_reports_reads_states_times_and_codes_and_no_person_or_text(reporting: Engine) -> None:
    granted = text("SELECT table_schema, table_name, column_name FROM information_schema.column_privileges")
    with reporting.connect() as connection:
        rows = connection.execute(granted).all()
        readable = {(row.table_name, row.column_name) for row in rows if row.table_schema in ("public", "keys")}
        counted = connection.exec_driver_sql(
            "SELECT count(phase), count(age_band), count(codes) FROM transitions"
        ).one()

    assert {table for table, _ in readable} == set(REPORTED)
    assert {it for it in readable if it[1] in NEVER_REPORTED} == BUT
    assert len(counted) == 3
    others = [it.fullname for it in metadata.sorted_tables if it.fullname not in REPORTED]
    assert {"contents", "keys.case_keys", "people", "requests", "drafts", "access_log"} <= set(others)
    tried = [f"SELECT count(*) FROM {other}" for other in others]
    tried += ["SELECT * FROM transitions", "SELECT number FROM cases", "SELECT name FROM organisations"]
    tried += [f"DELETE FROM {it}" for it in REPORTED]
    tried += ["INSERT INTO regions VALUES ('JZ99', '', '')", "UPDATE cases SET region = NULL"]
    assert [it for it in tried if not refused(reporting, it)] == []


@broken_by(
    "issue 4, 6: in earnest nothing is served as a role that the wall does not bind",
    "service/app.py",
    "    if settings.insists_on_wall:\n",
    "    if settings.insists_on_wall and False:\n",
)
def test_in_earnest_the_service_does_not_start_as_a_role_that_the_wall_does_not_bind(
    serving: Settings, cluster: Cluster
) -> None:
    _as_superuser(cluster, f"CREATE ROLE one_who_passes LOGIN BYPASSRLS IN ROLE {ROLES.application}")
    _as_superuser(cluster, f"CREATE ROLE one_of_the_owners LOGIN IN ROLE {ROLES.owner}")
    unbound = {
        role: serving.model_copy(update={"database_url": as_role(serving.database_url, role)}) for role in UNBOUND
    }

    for role, said in UNBOUND.items():
        engine = open_engine(unbound[role].database_url, connections=1)
        with engine.connect() as connection, pytest.raises(NoSecondWall, match=f"the role {role} is {said}: "):
            insist_on_wall(connection)
        engine.dispose()
    with pytest.raises(NoSecondWall, match=r"python -m service roles.*CASUSROUTE_WITHOUT_SECOND_WALL=true"):
        build(unbound[ROLES.owner])
    build(unbound[ROLES.owner].model_copy(update={"without_second_wall": True})).database.close()
    build(serving).database.close()


def test_a_service_that_the_wall_no_longer_binds_is_not_ready(serving: Settings) -> None:
    bound, unbound = open_engine(serving.database_url), open_engine(as_role(serving.database_url, SUPERUSER))
    found = []
    for engine in (bound, unbound):
        database = Database(engine, Keyring(b"m" * 32), connections=1)
        found.append(database.read_now(lambda transaction: failing(transaction, may_lose_data=True, second_wall=True)))
        database.close()

    assert found == [(), ("second_wall",)]


@pytest.mark.parametrize("engine", ["postgresql"])
def test_the_roles_are_made_by_a_command_that_knows_no_password_and_may_be_given_again(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], engine: str
) -> None:
    name = f"made_{engine}"
    _as_superuser(cluster, 'CREATE ROLE "eigenaar-1" LOGIN CREATEROLE')
    _as_superuser(cluster, f'CREATE DATABASE {name} OWNER "eigenaar-1"')
    served, owner = (as_role(cluster.url(name), it).replace("@", ":geheim@") for it in ("dienst", "eigenaar-1"))
    monkeypatch.setenv("CASUSROUTE_DATABASE_URL", served)
    monkeypatch.setenv("CASUSROUTE_OWNER_URL", owner)
    monkeypatch.setenv("CASUSROUTE_REPORTING_ROLE", "cijfers")

    make_roles(apply=False)
    told = capsys.readouterr().out
    for _ in range(2):
        make_roles(apply=True)
        migrate_database()

    assert "geheim" not in told
    assert '"eigenaar-1"' in told
    for role, reads, does_not in (("dienst", "contents", "pg_authid"), ("cijfers", "regions", "contents")):
        made = create_engine(as_role(cluster.url(name), role))
        assert not refused(made, f"SELECT count(*) FROM {reads}")
        assert refused(made, f"SELECT count(*) FROM {does_not}")
        made.dispose()


def _as_superuser(cluster: Cluster, statement: str) -> None:
    engine = create_engine(cluster.url("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
