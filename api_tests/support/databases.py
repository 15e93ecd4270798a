"""New databases, and as whom the tests connect: on PostgreSQL the service is not the owner of its tables."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url

from api_tests.support.postgres import Cluster
from service.database.engine import open_engine
from service.database.migrations import migrate
from service.database.postgres_roles import Roles, making
from service.settings import Settings

ROLES = Roles("casusroute_owner", "casusroute_application", "casusroute_reporting")


def new_postgresql(cluster: Cluster, name: str) -> str:
    """The address of an empty database, as the owner of what will be in it."""
    cluster.create_database(name)
    engine = create_engine(cluster.url(name))
    with engine.begin() as connection:
        for statement in making(ROLES):
            connection.exec_driver_sql(statement)
    engine.dispose()
    return cluster.url(name, ROLES.owner)


def new_database(request: pytest.FixtureRequest, folder: Path, engine: str) -> str:
    """The address of a database that nobody else uses, as its owner."""
    if engine == "sqlite":
        return f"sqlite:///{folder / 'casusroute.db'}"
    started: Cluster = request.getfixturevalue("cluster")
    name = folder.name.replace("-", "_").lower()
    return new_postgresql(started, name)


def as_role(url: str, role: str) -> str:
    """The same database as somebody else; on SQLite there is nobody else."""
    given = make_url(url)
    return (
        url if given.get_backend_name() == "sqlite" else given.set(username=role).render_as_string(hide_password=False)
    )


def addresses(url: str) -> dict[str, str]:
    """The settings of a service on this database, whoever the address names."""
    owner, application = as_role(url, ROLES.owner), as_role(url, ROLES.application)
    return {"database_url": application} | ({} if application == owner else {"owner_url": owner})


def environment_of(url: str) -> dict[str, str]:
    """The same for a process."""
    return {f"CASUSROUTE_{name.upper()}": address for name, address in addresses(url).items()}


def owned(settings: Settings) -> Engine:
    """The database as its owner sees it: all of it."""
    return open_engine(settings.as_owner, connections=4)


def migrated(settings: Settings) -> Engine:
    """The same at the schema of this version, with what each role may do there."""
    engine = owned(settings)
    migrate(engine, roles=Roles.of(settings.owner_url, settings.database_url, settings.reporting_role))
    return engine
