"""Bringing a database to the schema that this version needs, and refusing to serve on any other."""

from functools import lru_cache
from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from service.database.postgres_roles import Roles, grant

MIGRATIONS = Path(__file__).parents[2] / "migrations"
# Any number will do, as long as every process that migrates takes the same.
_ADVISORY_LOCK = 7_240_101


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(engine: Engine, revision: str = "head", *, roles: Roles | None = None) -> None:
    """Upgrade in one transaction, with what roles may do then; of two that start at once, one waits for the other."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _ADVISORY_LOCK})
        command.upgrade(_config(connection), revision)
        if roles is not None:
            grant(connection, roles)


def downgrade(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        command.downgrade(_config(connection), revision)


def expected_revision() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def revisions() -> tuple[str, ...]:
    """Every one that this version knows."""
    return tuple(it.revision for it in ScriptDirectory.from_config(_config()).walk_revisions())


def revision_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@lru_cache
def statements(engine: str) -> tuple[str, ...]:
    """What the migrations say to a database of this engine, first to last, here said to nobody.

    So what a database should be never stands in a second place. A migration that first reads from the database what
    to say cannot be told this way: it fails here, at every start.
    """
    said: list[str] = []
    on_paper = MigrationContext.configure(dialect_name=engine, opts={"as_sql": True, "output_buffer": StringIO()})
    on_paper.impl.static_output = said.append  # type: ignore[method-assign,assignment]  # on paper
    on_paper.connection.exec_driver_sql = said.append  # type: ignore[union-attr,method-assign]  # on paper
    revisions = list(ScriptDirectory.from_config(_config()).walk_revisions())
    with Operations.context(on_paper):
        for revision in reversed(revisions):
            revision.module.upgrade()
    return tuple(said)
