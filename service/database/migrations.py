"""Migrations: upgrade of a database to the schema of this version, and the revision of a database."""

from functools import lru_cache
from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from service.database.postgres_roles import PostgresRoles, grant_privileges

MIGRATIONS = Path(__file__).parents[2] / "migrations"
# An arbitrary number, the same in every process that migrates.
_ADVISORY_LOCK = 7_240_101


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(engine: Engine, revision: str = "head", *, roles: PostgresRoles | None = None) -> None:
    """Upgrade the schema and the grants of the roles in one transaction. On PostgreSQL a second process waits."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _ADVISORY_LOCK})
        command.upgrade(_config(connection), revision)
        if roles is not None:
            grant_privileges(connection, roles)


def downgrade(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        command.downgrade(_config(connection), revision)


def expected_revision() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def known_revisions() -> tuple[str, ...]:
    """Returns all revisions that this version knows, the newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def current_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@lru_cache
def migration_statements(engine: str) -> tuple[str, ...]:
    """Returns the SQL statements of all migrations for this engine, the oldest first, without running them.

    So the expected schema stands in the migrations only. A migration that reads the database to decide on its
    statements cannot be rendered offline: it fails here, at every start.
    """
    statements: list[str] = []
    offline = MigrationContext.configure(dialect_name=engine, opts={"as_sql": True, "output_buffer": StringIO()})
    offline.impl.static_output = statements.append  # type: ignore[method-assign,assignment]  # collects, runs nothing
    offline.connection.exec_driver_sql = statements.append  # type: ignore[union-attr,method-assign]  # collects too
    scripts = list(ScriptDirectory.from_config(_config()).walk_revisions())
    with Operations.context(offline):
        for script in reversed(scripts):
            script.module.upgrade()
    return tuple(statements)
