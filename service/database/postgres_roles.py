"""The roles of PostgreSQL (owner, application, reporting): the SQL that creates them, and their privileges."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Table, text
from sqlalchemy.dialects import postgresql

from service.database.columns import KEYS_SCHEMA, metadata
from service.database.engine import SESSION_TIMEOUTS, parse_database_url

# Table -> columns that the application may update; it may read and insert into all tables. The columns of cases,
# regions and offers are never updated: a row lock needs the UPDATE privilege on some column, and triggers refuse the
# update itself.
_UPDATED_COLUMNS = {
    "cases": "recorded_at",
    "offers": "recorded_at",
    "regions": "name",
    "people": "name issuer subject",
    "organisations": "name municipality",
    "memberships": "valid_until",
    "coverages": "valid_until",
    "drafts": "version saved_at expires_at nonce ciphertext",
    "outbox": "published_at",
    "kept_figures": "cases",
    "subscriptions": "state reason version secret previous_secret changed_by changed_at",
    "deliveries": "state attempts next_at status error",
}
_TABLES_WITH_DELETE = ("drafts", f"{KEYS_SCHEMA}.case_keys")
# Table -> columns that the reporting role may read: codes, states and times. No person, no name, no case number (it is
# read over the telephone), no text, no content.
REPORTING_COLUMNS = {
    "regions": "code name expertise_network",
    "municipalities": "code name region",
    "organisations": "id kind municipality",
    "coverages": "organisation_id region valid_from valid_until",
    "workflows": "hash name definition added_at",
    "workflow_edges": "workflow trigger_name source target",
    "region_settings": "hash settings",
    "dated_region_settings": "region valid_from changes settings recorded_at",
    "cases": "id region team_id submitted_at sequence recorded_at",
    "parts": "id case_id kind workflow sequence state phase occurred_at party due_on",
    "transitions": (
        "case_id sequence part_id part_kind part_sequence workflow settings trigger_name source target phase region "
        "occurred_at recorded_at role party due_on cause form codes age_band"
    ),
    "offers": "id domain function region valid_from recorded_at",
    "offer_statements": "offer_id number stated_on places_free waiting_days recorded_at",
    "offer_endings": "offer_id last_day recorded_at",
    "kept_figures": "region year domain function cases",
}
_quote = postgresql.dialect().identifier_preparer.quote  # type: ignore[no-untyped-call]  # SQLAlchemy has no type here


@dataclass(frozen=True, slots=True)
class PostgresRoles:
    """Names of the roles. The owner migrates, the application serves and runs commands, reporting reads figures."""

    owner: str
    application: str
    reporting: str

    @classmethod
    def from_urls(cls, owner_url: str | None, database_url: str, reporting: str) -> "PostgresRoles | None":
        """Returns the roles that the URLs connect as, None when both are one role or the database is not PostgreSQL."""
        owner, application = (parse_database_url(url) for url in (owner_url or database_url, database_url))
        if application.get_backend_name() != "postgresql" or owner.username == application.username:
            return None
        return cls(owner.username or "", application.username or "", reporting)


def creation_statements(roles: PostgresRoles) -> Iterator[str]:
    """Returns the SQL statements that create the roles, for a superuser to run, any number of times. No passwords."""
    all_roles = ", ".join(map(_quote, (roles.owner, roles.application, roles.reporting)))
    for name in (roles.owner, roles.application, roles.reporting):
        missing = f"NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {_literal(name)})"
        yield f"DO $$ BEGIN IF {missing} THEN CREATE ROLE {_quote(name)} LOGIN; END IF; END $$"
    # The service asks for these itself as well, but a pooler may drop what a connection asks for.
    for name, milliseconds in SESSION_TIMEOUTS.items():
        yield _if_allowed(f"ALTER ROLE {_quote(roles.application)} SET {name} = {milliseconds}")
    # A temporary table would hide a real table of the same name in every statement that does not name its schema.
    yield _on_this_database("REVOKE TEMPORARY", "FROM PUBLIC")
    yield _on_this_database("GRANT CONNECT", f"TO {all_roles}")
    yield _on_this_database("GRANT CREATE, TEMPORARY", f"TO {_quote(roles.owner)}")
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield f"GRANT USAGE ON SCHEMA public TO {all_roles}"
    yield f"GRANT CREATE ON SCHEMA public TO {_quote(roles.owner)}"


def grant_privileges(connection: Connection, roles: PostgresRoles) -> None:
    """Set the privileges of each role on the present tables. A role that does not exist is skipped."""
    existing_roles = connection.execute(text("SELECT rolname FROM pg_roles")).scalars().all()
    if roles.application in existing_roles:
        _run(connection, _application_grants(_quote(roles.application)))
    if roles.reporting in existing_roles:
        _run(connection, _reporting_grants(_quote(roles.reporting)))


def _application_grants(role: str) -> Iterator[str]:
    yield from _revoke_all(role)
    yield f"GRANT USAGE ON SCHEMA {KEYS_SCHEMA} TO {role}"
    yield f"GRANT SELECT ON alembic_version, cases_in_sight TO {role}"
    for table in metadata.sorted_tables:
        yield f"GRANT SELECT, INSERT ON {table.fullname} TO {role}"
        if columns := _UPDATED_COLUMNS.get(table.fullname):
            yield f"GRANT UPDATE ({', '.join(columns.split())}) ON {table.fullname} TO {role}"
        if table.fullname in _TABLES_WITH_DELETE:
            yield f"GRANT DELETE ON {table.fullname} TO {role}"
        if sequence := _sequence_of(table):
            yield f"GRANT USAGE ON SEQUENCE {sequence} TO {role}"


def _reporting_grants(role: str) -> Iterator[str]:
    yield from _revoke_all(role)
    for table, columns in REPORTING_COLUMNS.items():
        yield f"GRANT SELECT ({', '.join(columns.split())}) ON {table} TO {role}"
    for table in ("cases", "parts", "transitions"):
        yield f"DROP POLICY IF EXISTS figures ON {table}"
        yield f"CREATE POLICY figures ON {table} FOR SELECT TO {role} USING (true)"


def _revoke_all(role: str) -> Iterator[str]:
    for kind in ("TABLES", "SEQUENCES"):
        yield f"REVOKE ALL ON ALL {kind} IN SCHEMA public, {KEYS_SCHEMA} FROM {role}"


def _sequence_of(table: Table) -> str | None:
    """Returns the sequence of a table with an autoincrement column, None for any other table."""
    return f"{table.name}_id_seq" if table.autoincrement_column is not None else None


def _run(connection: Connection, statements: Iterator[str]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


def _on_this_database(privileges: str, roles: str) -> str:
    """Returns a statement such as GRANT `privileges` ON DATABASE TO `roles` for the current database."""
    database = "quote_ident(current_database())"
    return f"DO $$ BEGIN EXECUTE '{privileges} ON DATABASE ' || {database} || {_literal(f' {roles}')}; END $$"


def _if_allowed(statement: str) -> str:
    """Returns a statement that warns, and does nothing, for a role without the privilege that it needs."""
    warning = f"RAISE WARNING USING MESSAGE = {_literal(f'not allowed, and needed behind a pooler only: {statement}')}"
    return f"DO $$ BEGIN {statement}; EXCEPTION WHEN insufficient_privilege THEN {warning}; END $$"


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
