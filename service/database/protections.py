"""The protections of the history. A database that differs in them from the migrations is refused.

A trigger of the right name may do nothing, so the text of each protection in the database is compared, word for word,
with the text in the migrations.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from sqlalchemy import Connection, inspect, text

from service.database.columns import KEYS_SCHEMA
from service.database.migrations import migration_statements
from service.database.tables import case_keys

APPEND_ONLY = (
    "transitions", "contents", "requests", "access_log", "workflows", "workflow_edges", "region_settings", "feed",
    "access_log_seals", "administration_seals", "workflow_plans",
    "administrative_changes", "dated_region_settings", "municipality_changes", "organisation_successions",
    "offers", "offer_statements", "offer_endings",
    "emergency_accesses",
    "legal_holds", "legal_hold_endings", "destruction_proposals", "destruction_signatures", "destruction_withdrawals",
    "destructions", "content_destructions",
)  # fmt: skip
NEVER_DELETED = ("cases", "parts")
_TRIGGERS_OF_BOTH = (
    *(f"{table}_no_update" for table in APPEND_ONLY),
    *(f"{table}_no_delete" for table in (*APPEND_ONLY, *NEVER_DELETED)),
    "transitions_follow",
    "transitions_move_heads",
    "transitions_phase",
    "parts_head",
    "cases_head",
    "parts_begin",
    "cases_begin",
    "contents_belong",
    "workflow_edges_belong",
    "workflow_plans_lead",
    "destructions_lead",
    "destructions_empty",
    "content_destructions_lead",
    "content_destructions_empty",
    "access_log_seals_follow",
    "administration_seals_follow",
    "transitions_end",
    "parts_end",
    "contents_end",
)
REQUIRED_TRIGGERS = {
    "sqlite": frozenset((*_TRIGGERS_OF_BOTH, *(f"{table}_no_replace" for table in (*APPEND_ONLY, *NEVER_DELETED)))),
    "postgresql": frozenset(
        (*_TRIGGERS_OF_BOTH, *(f"{table}_no_truncate" for table in (*APPEND_ONLY, *NEVER_DELETED)))
    ),
}
# The values that SQLite returns when the options of `engine.SQLITE_PRAGMAS` are in force, for data and for keys.
_PRAGMAS = {
    "foreign_keys": 1,
    "recursive_triggers": 1,
    **{
        f"{schema}.{name}": value
        for schema in ("main", KEYS_SCHEMA)
        for name, value in (("journal_mode", "wal"), ("synchronous", 2), ("secure_delete", 1))
    },
}
# PostgreSQL settings -> unsafe values: `replica` disables foreign keys, `off` answers before data is on disk.
_UNSAFE_SETTINGS = {"session_replication_role": ("replica",), "synchronous_commit": ("off",)}


_CREATE_TRIGGER = re.compile(r"^CREATE TRIGGER (\w+)\s.*", re.DOTALL | re.MULTILINE)
_DROP = re.compile(r"^DROP (TRIGGER|FUNCTION) (?:IF EXISTS )?(\w+)", re.MULTILINE)
_CREATE_FUNCTION = re.compile(
    r"^CREATE (?:OR REPLACE )?FUNCTION (\w+)\(\) (RETURNS trigger.*?)\$\$(.*)\$\$", re.DOTALL | re.MULTILINE
)
_SQLITE_TRIGGERS = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
# tgenabled 'A': fires always, even where session_replication_role disables ordinary triggers. 'D': never fires.
_POSTGRESQL_TRIGGERS = text("""
SELECT tgname AS name, tgenabled::text || replace(pg_get_triggerdef(t.oid), current_schema() || '.', '') AS sql
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = current_schema()::regnamespace AND t.tgenabled <> 'D' AND NOT t.tgisinternal
""")
_POSTGRESQL_FUNCTIONS = text("""
SELECT proname AS name, prosrc AS body, prosecdef AS as_owner,
       -- Null: other settings than the migrations made.
       CASE WHEN proconfig IS NULL THEN false
            WHEN proconfig = ARRAY['search_path=public, pg_temp'] THEN true
       END AS with_settings
FROM pg_proc p WHERE pronamespace = current_schema()::regnamespace AND prorettype = 'trigger'::regtype
""")
_ALTER_FUNCTION = re.compile(r"ALTER FUNCTION (\w+)\(\) SECURITY DEFINER SET search_path")
# Row-level security. The `figures` policies of the reporting role are no part of it.
_ROW_SECURITY = re.compile(r"^ALTER TABLE (\S+) ENABLE ROW LEVEL SECURITY|^CREATE POLICY (\w+) ON (\S+)", re.MULTILINE)
_POSTGRESQL_ROW_SECURITY = text("""
SELECT 'row security on ' || oid::regclass::text FROM pg_class WHERE relrowsecurity
  AND relnamespace::regnamespace::text IN (current_schema(), 'keys')
UNION ALL
SELECT 'policy ' || polname || ' on ' || polrelid::regclass::text FROM pg_policy
WHERE polname <> 'figures' OR polcmd <> 'r' OR polroles = '{0}'
""")
# A rewrite rule makes PostgreSQL run other statements than the one it got, or none.
_POSTGRESQL_RULES = text("SELECT rulename FROM pg_rules WHERE schemaname = current_schema()")
Protections = dict[str, object]


class ProtectionMissing(RuntimeError):
    """The database would allow changes of the history. The message names the missing protections."""


def require_protections(connection: Connection) -> None:
    """Raises ProtectionMissing when a protection is missing, disabled, or differs from the migrations."""
    if faults := "; ".join(_faults(connection)):
        raise ProtectionMissing(f"the database does not protect its history; {faults}")


def _faults(connection: Connection) -> Iterator[str]:
    engine = connection.dialect.name
    expected, actual = _expected(engine), _actual(connection)
    missing = sorted((expected.keys() | REQUIRED_TRIGGERS[engine]) - actual.keys())
    if engine == "sqlite":
        pragmas = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in _PRAGMAS}
        missing += [f"PRAGMA {name}" for name, value in _PRAGMAS.items() if pragmas[name] != value]
    else:
        values = {name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in _UNSAFE_SETTINGS}
        missing += [f"{name} = {values[name]}" for name, unsafe in _UNSAFE_SETTINGS.items() if values[name] in unsafe]
    if not inspect(connection).has_table(case_keys.name, schema=KEYS_SCHEMA):
        missing.append(f"table {case_keys.fullname}")
    if missing:
        yield "missing: " + ", ".join(missing)
    if changed := sorted(name for name in expected.keys() & actual.keys() if expected[name] != actual[name]):
        yield "changed: " + ", ".join(changed)
    if added := sorted(actual.keys() - expected.keys()):
        yield "not of a migration: " + ", ".join(added)


@lru_cache
def _expected(engine: str) -> Protections:
    """Returns the protections that the migrations create, by name, each in the form that the database reports."""
    protections: Protections = {}
    bodies: dict[str, str] = {}
    for statement in migration_statements(engine):
        if match := _DROP.search(statement):
            protections.pop(match[2] if match[1] == "TRIGGER" else f"{match[2]}()", None)
        if match := _CREATE_TRIGGER.search(statement):
            protections[match[1]] = _trigger_text(match[0].rstrip().removesuffix(";"), engine)
        elif match := _CREATE_FUNCTION.search(statement):
            bodies[match[1]] = match[3]
            protections[f"{match[1]}()"] = _function(match[3], match[2])
        elif match := _ALTER_FUNCTION.search(statement):
            protections[f"{match[1]}()"] = bodies[match[1]], True, True
        elif match := _ROW_SECURITY.search(statement):
            protections[f"policy {match[2]} on {match[3]}" if match[2] else f"row security on {match[1]}"] = True
    return protections


def _actual(connection: Connection) -> Protections:
    """Returns the protections that the database has, by name."""
    if connection.dialect.name == "sqlite":
        return {row.name: row.sql for row in connection.execute(_SQLITE_TRIGGERS)}
    triggers = {row.name: _in_one_line(row.sql) for row in connection.execute(_POSTGRESQL_TRIGGERS)}
    functions = {
        f"{row.name}()": (row.body, row.as_owner, row.with_settings)
        for row in connection.execute(_POSTGRESQL_FUNCTIONS)
    }
    row_security = dict.fromkeys(connection.execute(_POSTGRESQL_ROW_SECURITY).scalars(), True)
    rules = {f"rule {name}": name for name in connection.execute(_POSTGRESQL_RULES).scalars()}
    return triggers | functions | row_security | rules


def _trigger_text(statement: str, engine: str) -> str:
    """SQLite reports the statement unchanged. PostgreSQL formats it again, so spaces and case do not count there."""
    return statement if engine == "sqlite" else _in_one_line(f"A{statement}")


def _in_one_line(statement: str) -> str:
    return " ".join(statement.split()).casefold()


def _function(body: str, attributes: str) -> tuple[str, bool, bool]:
    """Returns (body, runs as its owner, has settings of its own) of a function."""
    return body, "SECURITY DEFINER" in attributes, re.search(r"\bSET\b", attributes) is not None
