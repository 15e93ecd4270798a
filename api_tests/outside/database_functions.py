"""The functions of the database in PL/pgSQL, read by plpgsql_check: types, names, dead code and injection."""

import os
from pathlib import Path

import psycopg

from api_tests.outside.others import Failed, NotRun
from api_tests.support.databases import new_postgresql
from api_tests.support.postgres import Cluster
from service.database.engine import open_engine
from service.database.migrations import migrate

# Where Debian puts PostgreSQL, one folder for each version.
INSTALLED = Path("/usr/lib/postgresql")
EXTENSION = "plpgsql_check"
# A trigger function is checked once for each table that calls it, with the columns of that table.
_FUNCTIONS = """
SELECT function.oid, function.proname, COALESCE(trigger.tgrelid, 0)
FROM pg_proc AS function
JOIN pg_language AS language ON language.oid = function.prolang AND language.lanname = 'plpgsql'
JOIN pg_namespace AS schema ON schema.oid = function.pronamespace AND schema.nspname = 'public'
LEFT JOIN pg_trigger AS trigger ON trigger.tgfoid = function.oid AND NOT trigger.tgisinternal
WHERE NOT EXISTS (SELECT FROM pg_depend WHERE objid = function.oid AND deptype = 'e')
GROUP BY 1, 2, 3 ORDER BY 2, 3
"""
_FAULTS = """
SELECT lineno, level, message FROM plpgsql_check_function_tb(
    %s, %s, other_warnings => true, extra_warnings => true, performance_warnings => true, security_warnings => true)
"""


def check(_: Path) -> str:
    """Migrate an empty database of the newest PostgreSQL with this extension, and return a line about the result."""
    programs = _newest_server()
    os.environ["POSTGRES_BINDIR"] = str(programs)
    try:
        with Cluster() as cluster:
            url = new_postgresql(cluster, "checked")
            engine = open_engine(url)
            migrate(engine)
            engine.dispose()
            return _check_functions(cluster.url("checked"), programs.parent.name)
    finally:
        del os.environ["POSTGRES_BINDIR"]


def _newest_server() -> Path:
    versions = [library.parents[1] for library in INSTALLED.glob(f"*/lib/{EXTENSION}.so")]
    if not versions:
        raise NotRun(f"no PostgreSQL here has {EXTENSION}: on Debian the package postgresql-VERSION-plpgsql-check")
    return max(versions, key=lambda version: int(version.name)) / "bin"


def _check_functions(url: str, version: str) -> str:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE EXTENSION {EXTENSION}")
        functions = connection.execute(_FUNCTIONS).fetchall()
        faults = [
            f"{name}:{line}: {level}: {message}"
            for function, name, table in functions
            for line, level, message in connection.execute(_FAULTS, (function, table)).fetchall()
        ]
    if faults or not functions:
        raise Failed("\n".join(dict.fromkeys(faults)) or "no function in PL/pgSQL was found")
    number = len({name for _, name, _ in functions})
    return f"{EXTENSION} finds nothing in {number} functions, on PostgreSQL {version}"
