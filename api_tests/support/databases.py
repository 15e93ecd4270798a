"""New databases and the roles of the tests on them. On PostgreSQL the service does not own its tables."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url

from api_tests.support.postgres import Cluster
from service.database.engine import open_engine
from service.database.migrations import migrate
from service.database.postgres_roles import PostgresRoles, creation_statements
from service.settings import Settings

ROLES = PostgresRoles("casusroute_owner", "casusroute_application", "casusroute_reporting")


def new_postgresql(cluster: Cluster, name: str) -> str:
    """Create an empty database, and return its address for the owner of its tables."""
    cluster.create_database(name)
    engine = create_engine(cluster.url(name))
    with engine.begin() as connection:
        for statement in creation_statements(ROLES):
            connection.exec_driver_sql(statement)
    engine.dispose()
    return cluster.url(name, ROLES.owner)


def new_database(request: pytest.FixtureRequest, folder: Path, engine: str) -> str:
    """Create a database for one user, and return its address for its owner."""
    if engine == "sqlite":
        return f"sqlite:///{folder / 'casusroute.db'}"
    cluster: Cluster = request.getfixturevalue("cluster")
    name = folder.name.replace("-", "_").lower()
    return new_postgresql(cluster, name)


def as_role(url: str, role: str) -> str:
    """The same database for another role. SQLite knows no roles."""
    address = make_url(url)
    return (
        url
        if address.get_backend_name() == "sqlite"
        else address.set(username=role).render_as_string(hide_password=False)
    )


def address_settings(url: str) -> dict[str, str]:
    """The settings with the addresses of this database, whatever role the given address names."""
    owner, application = as_role(url, ROLES.owner), as_role(url, ROLES.application)
    return {"database_url": application} | ({} if application == owner else {"owner_url": owner})


def environment_of(url: str) -> dict[str, str]:
    """The same settings as environment variables of a process."""
    return {f"CASUSROUTE_{name.upper()}": address for name, address in address_settings(url).items()}


def owner_engine(settings: Settings) -> Engine:
    """An engine as the owner of the tables, who sees every row."""
    return open_engine(settings.owner_database_url, connections=4)


def migrated_engine(settings: Settings) -> Engine:
    """An engine as the owner, after migration to the schema of this version and the grants to each role."""
    engine = owner_engine(settings)
    migrate(engine, roles=PostgresRoles.from_urls(settings.owner_url, settings.database_url, settings.reporting_role))
    return engine
