"""The second wall: on PostgreSQL a transaction sees no case but those granted to it, whatever it asks.

SQLite has no row-level security. There the filter of the service stands alone; test_sight.py proves it on both engines.
"""

import re
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg import errors
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from api_tests.support.checkout import ROOT
from api_tests.support.databases import new_database
from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.people import everybody
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import running, settings_for
from api_tests.support.walls import OPEN, WALLED, WalledCases, count, new_walled_cases, set_row_setting
from service.cases.store.tables import parts, transitions
from service.cases.store.visibility import main_part, may_see_part
from service.database.protections import ProtectionMissing, require_protections
from service.database.transaction import Transaction
from service.people.use_cases.demonstration import PEOPLE
from service.people.use_cases.identify import allow_rows_of
from service.tables import metadata
from service.vocabulary.actor import Actor, EmergencyAccessRight, Membership
from service.vocabulary.roles import Role

MEMBERSHIPS = tuple(
    Membership(role, ORGANISATION_IDS[person.organisation], frozenset({"JZ10", "JZ11"}))
    for person in PEOPLE
    for role in person.roles
)


@pytest.fixture(scope="module", params=["postgresql"])
def walled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WalledCases]:
    """A service with one connection, which all people use in turn."""
    folder = tmp_path_factory.mktemp("walled")
    url = new_database(request, folder, request.param)
    with running(settings_for(folder, url, database_connections=1)) as service:
        people = everybody(service.url)
        yield new_walled_cases(service, people)
        for person in people.values():
            person.client.close()


def rows_in_sight(connection: Connection) -> dict[str, int]:
    return {table: number for table in WALLED if (number := count(connection, table))}


@pytest.mark.server
def test_every_table_is_behind_the_wall_or_named_as_open(walled: WalledCases) -> None:
    query = text("SELECT oid::regclass::text FROM pg_class WHERE relrowsecurity")
    with walled.service.tables.connect() as connection:
        secured_tables = set(connection.scalars(query))

    assert secured_tables == set(WALLED)
    assert {table.fullname for table in metadata.tables.values()} == {*WALLED, *OPEN}


@broken_by(
    "Row settings of a transaction end with the transaction",
    "service/database/row_security.py",
    "set_config('casusroute.organisations', :organisations, true)",
    "set_config('casusroute.organisations', :organisations, false)",
)
@broken_by(
    "A transaction without row settings sees no rows",
    "migrations/sql/0008-postgresql.sql",
    "SELECT coalesce(current_setting('casusroute.everything', true), '') <> ''",
    "SELECT true",
)
@pytest.mark.server
def test_a_fresh_transaction_sees_nothing_whoever_used_its_connection_before(walled: WalledCases) -> None:
    with walled.service.tables.connect() as connection:
        filled_tables = set(rows_in_sight(connection))
    reading = walled.people.esra.get(f"{walled.ours.path}/file")
    with walled.transaction_with() as connection:
        after_a_request = rows_in_sight(connection)
    with walled.transaction_with(everything="to see it") as connection:
        granted_tables = set(rows_in_sight(connection))
    with walled.transaction_with() as connection:
        after_a_rollback = rows_in_sight(connection)
    with (
        pytest.raises(DBAPIError, match="division by zero"),
        walled.transaction_with(everything="to see it") as connection,
    ):
        connection.exec_driver_sql("SELECT 1/0")
    with walled.transaction_with() as connection:
        after_an_error = rows_in_sight(connection)
    with walled.service.built.database.engine.begin() as connection:
        set_row_setting(connection, "everything", "to see it")
    with walled.transaction_with() as connection:
        after_a_commit = rows_in_sight(connection)

    assert filled_tables == granted_tables == set(WALLED)
    assert reading.status_code == 200
    assert (after_a_request, after_a_rollback, after_an_error, after_a_commit) == ({}, {}, {}, {})


def test_no_grant_to_a_transaction_stays_with_its_connection() -> None:
    """Only one of the two forms of set_config ends with the transaction; so does SET LOCAL, and SET does not."""
    files = [
        file
        for folder in ("service", "migrations")
        for file in (ROOT / folder).rglob("*")
        if file.suffix in {".py", ".sql"}
    ]
    sources = "\n".join(file.read_text(encoding="utf-8") for file in files)

    forms = re.findall(r"set_config\('casusroute\.\w+', (?:'[^']*'|:\w+), (\w+)\)", sources)

    assert len(forms) >= 5
    assert set(forms) == {"true"}
    assert len(re.findall(r"set_config\((?!')", sources)) == 0
    assert not re.search(r"\bSET (SESSION )?casusroute", sources)


@broken_by(
    "The second wall never hides a row that the access rules of the service show",
    "migrations/sql/0008-postgresql.sql",
    "   OR addressee_id = ANY ((SELECT told('organisations'))::text[])\n",
    "",
)
@pytest.mark.server
@example(memberships=[Membership(Role.LOCAL_TEAM, ORGANISATION_IDS["team-haarlem"])], emergency=False)
@example(memberships=[Membership(Role.PROVIDER, ORGANISATION_IDS["de-veste"])], emergency=True)
@example(memberships=[], emergency=True)
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(memberships=st.lists(st.sampled_from(MEMBERSHIPS), max_size=4, unique=True), emergency=st.booleans())
def test_the_wall_is_coarser_than_the_filter_and_shows_whole_cases_of_ones_own_organisations_alone(
    walled: WalledCases, memberships: list[Membership], emergency: bool
) -> None:
    """The wall lets through all rows that the filter shows, and beyond these only rows of one's own cases."""
    emergency_access = EmergencyAccessRight(
        UUID(walled.theirs.id), uuid4(), Membership(Role.CHAIR, ORGANISATION_IDS["ret"])
    )
    actor = Actor(PERSON_IDS["roos"], tuple(memberships), (emergency_access,) if emergency else ())
    with walled.service.tables.connect() as connection:
        filtered = set(
            connection.scalars(
                select(parts.c.id).join(main_part, main_part.c.id == parts.c.case_id).where(may_see_part(actor))
            )
        )
        rows = connection.execute(select(parts)).all()

    rows_through = walled.service.built.database.read_sync(lambda transaction: _through(transaction, actor))

    organisations = {str(membership.organisation_id) for membership in memberships}
    own_cases = {row.case_id for row in rows if organisations & {row.team_id, row.submitter_id, row.addressee_id}}
    own_cases |= {walled.theirs.id} if emergency else set()
    assert filtered <= rows_through["parts.id"]
    assert rows_through == {**rows_through, "parts.id": {row.id for row in rows if row.case_id in own_cases}}
    assert not any(ids - own_cases for name, ids in rows_through.items() if name != "parts.id")
    assert (
        rows_through["cases.id"] == rows_through["transitions.case_id"] == rows_through["contents.case_id"] == own_cases
    )


def _through(transaction: Transaction, actor: Actor) -> dict[str, set[str]]:
    allow_rows_of(transaction, actor)
    columns = ("parts.id", "cases.id", "transitions.case_id", "contents.case_id", "outbox.case_id", "feed.case_id")
    return {
        column: set(transaction.connection.scalars(text(f"SELECT {column} FROM {column.split('.')[0]}")))
        for column in columns
    }


@pytest.mark.server
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO outbox (case_id, sequence, type) VALUES (:case, 1, 'case.submit')",
        "INSERT INTO feed (organisation_id, position, case_id, sequence) VALUES (:mine, 1000, :case, 1)",
        """
        INSERT INTO parts (id, case_id, kind, team_id, submitter_id, workflow)
        SELECT gen_random_uuid(), :case, 'placement', :team, :submitter, hash
        FROM workflows WHERE name = 'placement' LIMIT 1
        """,
        """
        INSERT INTO access_log (event_at, action, processing_activity, user_id, role, organisation_id, purpose,
                                case_id, object_detail, emergency, trace_id)
        VALUES (0, 'R', 'read', :otto, 'local_team', :submitter, 'p', :case, 'd', false, 't')
        """,
        "INSERT INTO requests (person_id, key, fingerprint, status, at) VALUES (:otto, 'k', 'f', 201, 0)",
        """
        INSERT INTO drafts (id, person_id, version, saved_at, expires_at, nonce, ciphertext)
        VALUES (gen_random_uuid(), :otto, 1, 0, 0, '', '')
        """,
        """
        INSERT INTO cases (id, number, region, team_id, submitter_id, submitted_at, sequence, digest, recorded_at)
        VALUES (gen_random_uuid(), '0000-0000', 'JZ14', :team, :submitter, 0, 0, repeat('0', 64), 0)
        """,
    ],
    ids=["outbox", "feed", "parts", "access_log", "requests", "drafts", "cases"],
)
def test_nothing_is_written_for_somebody_elses_case(walled: WalledCases, statement: str) -> None:
    """A transaction granted to the team of Haarlem writes into a case of Twente."""
    twente = {
        "case": walled.theirs.id,
        "otto": str(PERSON_IDS["otto"]),
        "mine": str(ORGANISATION_IDS["team-haarlem"]),
        "team": str(ORGANISATION_IDS["ret-twente"]),
        "submitter": str(ORGANISATION_IDS["team-enschede"]),
    }
    grants = {"person": str(PERSON_IDS["anna"]), "organisations": str(ORGANISATION_IDS["team-haarlem"])}

    with pytest.raises(DBAPIError) as refusal, walled.transaction_with(**grants) as connection:
        connection.execute(text(statement), twente)

    assert isinstance(refusal.value.orig, errors.InsufficientPrivilege)
    assert "violates row-level security policy" in str(refusal.value)


@pytest.mark.server
def test_a_probe_for_the_number_of_a_hidden_case_is_told_no_detail(walled: WalledCases) -> None:
    """A number in use cannot be hidden. Numbers are random, and only the service assigns them."""
    statement = text(
        "INSERT INTO cases (id, number, region, team_id, submitter_id, submitted_at, sequence, digest, recorded_at)"
        " VALUES (gen_random_uuid(), :number, 'JZ11', :mine, :mine, 0, 0, repeat('0', 64), 0)"
    )
    mine = str(ORGANISATION_IDS["team-haarlem"])
    probing = {"number": walled.theirs.number, "mine": mine}

    with pytest.raises(IntegrityError) as by_service, walled.transaction_with(organisations=mine) as connection:
        connection.execute(statement, probing)
    with pytest.raises(IntegrityError) as by_owner, walled.service.tables.connect() as connection:
        connection.execute(statement, probing)

    assert walled.theirs.number in str(by_owner.value.orig)
    assert walled.theirs.number not in str(by_service.value.orig)


@pytest.mark.server
def test_the_wall_finds_the_rows_of_one_case_along_indexes(walled: WalledCases) -> None:
    query = f"EXPLAIN SELECT * FROM transitions WHERE case_id = '{walled.ours.id}'"
    with walled.transaction_with(organisations=str(ORGANISATION_IDS["de-veste"])) as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # otherwise a short table is read whole
        plan = "\n".join(connection.exec_driver_sql(query).scalars())

    for index, column in (("ix_parts_case_id on parts", "case_id"), ("pk_cases on cases", "id")):
        assert index in plan, plan
        assert f"(({column})::text = (transitions.case_id)::text)" in plan, plan


@pytest.mark.server
def test_a_table_of_a_sessions_own_fools_no_referee(walled: WalledCases) -> None:
    """A temporary table precedes the table of its name where no schema is named, as if the case were destroyed."""
    emptied = ", ".join(f"{column.name} = NULL" for column in transitions.c if column.name not in _NUMBERS)
    statement = f"UPDATE transitions SET part_kind = 'case', {emptied}"
    with walled.service.tables.connect() as connection:
        connection.exec_driver_sql("CREATE TEMP TABLE destructions (case_id text)")
        connection.execute(text("INSERT INTO destructions VALUES (:case)"), {"case": walled.ours.id})

        with pytest.raises(IntegrityError, match="transitions is append-only"):
            connection.execute(text(f"{statement} WHERE case_id = :case"), {"case": walled.ours.id})


_NUMBERS = (
    "case_id", "sequence", "prev_sequence", "part_id", "part_kind", "part_sequence", "prev_part_sequence",
    "prev_digest", "digest", "facts_digest", "content_digest",
)  # fmt: skip


@pytest.mark.server
@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        ("ALTER TABLE parts DISABLE ROW LEVEL SECURITY", "missing: row security on parts"),
        ("DROP POLICY in_sight ON contents", "missing: policy in_sight on contents"),
        ("CREATE POLICY more ON cases USING (true)", "not of a migration: policy more on cases"),
        ("CREATE POLICY figures ON contents USING (true)", "not of a migration: policy figures on contents"),
    ],
)
def test_a_database_without_the_wall_is_not_served(walled: WalledCases, damage: str, fault: str) -> None:
    with walled.service.tables.connect() as connection:
        connection.exec_driver_sql(damage)

        with pytest.raises(ProtectionMissing, match=fault):
            require_protections(connection)
        connection.rollback()
