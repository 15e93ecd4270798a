"""Keeping the database: bringing it to the schema of this version."""

from service.database.engine import open_engine
from service.database.migrations import migrate
from service.database.postgres_roles import Roles
from service.settings import Settings


def migrate_database() -> None:
    """Bring the database to the schema of this version, and each role of PostgreSQL to what it may do there.

    There is no way back but a backup of before.
    """
    migrate_as_owner(Settings())


def migrate_as_owner(settings: Settings) -> None:
    roles = Roles.of(settings.owner_url, settings.database_url, settings.reporting_role)
    engine = open_engine(settings.as_owner)
    migrate(engine, roles=roles)
    engine.dispose()
