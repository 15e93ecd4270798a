"""The command migrate: upgrade of the database to the schema of this version."""

from service.database.engine import open_engine
from service.database.migrations import migrate
from service.database.outage import unavailable_when_down
from service.database.postgres_roles import PostgresRoles
from service.settings import Settings


def migrate_database() -> None:
    """Upgrade the database to the schema of this version, and on PostgreSQL the privileges of each role.

    The only way back is an earlier backup.
    """
    migrate_as_owner(Settings())


def migrate_as_owner(settings: Settings) -> None:
    """Migrate as the owner of the tables. Raises Unavailable."""
    roles = PostgresRoles.from_urls(settings.owner_url, settings.database_url, settings.reporting_role)
    engine = open_engine(settings.owner_database_url)
    try:
        with unavailable_when_down():
            migrate(engine, roles=roles)
    finally:
        engine.dispose()
