"""Keeping the database: bringing it to the schema of this version."""

from service.settings import Settings
from service.storage.database import open_engine
from service.storage.migrating import migrate


def migrate_database() -> None:
    """Bring the database to the schema of this version."""
    migrate(open_engine(Settings().database_url))
