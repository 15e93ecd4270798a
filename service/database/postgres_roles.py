"""The roles of PostgreSQL: who owns the tables, as whom the service works, and who reads figures."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Table, make_url, text
from sqlalchemy.dialects import postgresql

from service.database.columns import KEYS_SCHEMA, metadata

# What the service changes after it was written; everything else it may add and read. Of cases, regions and offers it
# changes nothing: a row can only be held until the end of a transaction by who may change some column of it, and their
# triggers refuse the change itself.
_CHANGED = {
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
_REMOVED = ("drafts", f"{KEYS_SCHEMA}.case_keys")
# What figures are made of: codes, states and times. No person, no name, no number that is told, no text, no content.
REPORTED = {
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
_quoted = postgresql.dialect().identifier_preparer.quote  # type: ignore[no-untyped-call]  # SQLAlchemy has no type here


@dataclass(frozen=True, slots=True)
class Roles:
    """By name. The owner migrates; the application serves, relays and does the commands; reporting reads figures."""

    owner: str
    application: str
    reporting: str

    @classmethod
    def of(cls, owner_url: str | None, database_url: str, reporting: str) -> "Roles | None":
        """As whom the addresses connect; None where they are the same, or do not lead to PostgreSQL."""
        owner, application = (make_url(owner_url or database_url), make_url(database_url))
        if application.get_backend_name() != "postgresql" or owner.username == application.username:
            return None
        return cls(owner.username or "", application.username or "", reporting)


def making(roles: Roles) -> Iterator[str]:
    """What makes the roles, for whoever may: again as often as one likes. It knows no passwords."""
    everybody = ", ".join(map(_quoted, (roles.owner, roles.application, roles.reporting)))
    for name in (roles.owner, roles.application, roles.reporting):
        missing = f"NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {_literal(name)})"
        yield f"DO $$ BEGIN IF {missing} THEN CREATE ROLE {_quoted(name)} LOGIN; END IF; END $$"
    # A table of a session's own stands before one of the same name, for everything that does not name its schema.
    yield _on_this_database("REVOKE TEMPORARY", "FROM PUBLIC")
    yield _on_this_database("GRANT CONNECT", f"TO {everybody}")
    yield _on_this_database("GRANT CREATE, TEMPORARY", f"TO {_quoted(roles.owner)}")
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield f"GRANT USAGE ON SCHEMA public TO {everybody}"
    yield f"GRANT CREATE ON SCHEMA public TO {_quoted(roles.owner)}"


def grant(connection: Connection, roles: Roles) -> None:
    """Let each role do what it may with the tables as they are now, and no more; a role that is missing is let be."""
    there = connection.execute(text("SELECT rolname FROM pg_roles")).scalars().all()
    if roles.application in there:
        _run(connection, _granted_to_application(_quoted(roles.application)))
    if roles.reporting in there:
        _run(connection, _granted_to_reporting(_quoted(roles.reporting)))


def _granted_to_application(role: str) -> Iterator[str]:
    yield from _nothing_yet(role)
    yield f"GRANT USAGE ON SCHEMA {KEYS_SCHEMA} TO {role}"
    yield f"GRANT SELECT ON alembic_version, cases_in_sight TO {role}"
    for table in metadata.sorted_tables:
        yield f"GRANT SELECT, INSERT ON {table.fullname} TO {role}"
        if columns := _CHANGED.get(table.fullname):
            yield f"GRANT UPDATE ({', '.join(columns.split())}) ON {table.fullname} TO {role}"
        if table.fullname in _REMOVED:
            yield f"GRANT DELETE ON {table.fullname} TO {role}"
        if counted := _counted(table):
            yield f"GRANT USAGE ON SEQUENCE {counted} TO {role}"


def _granted_to_reporting(role: str) -> Iterator[str]:
    yield from _nothing_yet(role)
    for table, columns in REPORTED.items():
        yield f"GRANT SELECT ({', '.join(columns.split())}) ON {table} TO {role}"
    for table in ("cases", "parts", "transitions"):
        yield f"DROP POLICY IF EXISTS figures ON {table}"
        yield f"CREATE POLICY figures ON {table} FOR SELECT TO {role} USING (true)"


def _nothing_yet(role: str) -> Iterator[str]:
    for kind in ("TABLES", "SEQUENCES"):
        yield f"REVOKE ALL ON ALL {kind} IN SCHEMA public, {KEYS_SCHEMA} FROM {role}"


def _counted(table: Table) -> str | None:
    """The sequence of a table that numbers its rows itself."""
    return f"{table.name}_id_seq" if table.autoincrement_column is not None else None


def _run(connection: Connection, statements: Iterator[str]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


def _on_this_database(what: str, whom: str) -> str:
    named = "quote_ident(current_database())"
    return f"DO $$ BEGIN EXECUTE '{what} ON DATABASE ' || {named} || {_literal(f' {whom}')}; END $$"


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
