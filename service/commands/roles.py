"""The command roles: print or run the SQL that creates the roles of PostgreSQL."""

import sys

from service.database.engine import open_engine
from service.database.outage import unavailable_when_down
from service.database.postgres_roles import PostgresRoles, creation_statements
from service.settings import Settings


def make_roles(*, apply: bool) -> None:
    """Print the SQL that creates the roles of PostgreSQL, for a superuser to run; --apply: run it as the owner."""
    settings = Settings()
    roles = PostgresRoles.from_urls(settings.owner_url, settings.database_url, settings.reporting_role)
    if roles is None:
        raise SystemExit(
            "not done: set CASUSROUTE_OWNER_URL and CASUSROUTE_DATABASE_URL to one PostgreSQL with two roles: "
            "the owner of the tables, and the role of the service"
        )
    if not apply:
        sys.stdout.writelines(f"{statement};\n" for statement in creation_statements(roles))
        return
    engine = open_engine(settings.owner_url or "")
    try:
        with unavailable_when_down(), engine.begin() as connection:
            for statement in creation_statements(roles):
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()
