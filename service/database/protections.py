"""The protections of the history: a database where one is missing, or is not what the migrations made, is not served.

Names prove nothing: a trigger of the right name may do nothing at all. So what stands in the database is compared, word
for word, with what the migrations say.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from sqlalchemy import Connection, inspect, text

from service.database.columns import KEYS_SCHEMA
from service.database.migrations import statements
from service.database.tables import case_keys

APPEND_ONLY = (
    "transitions", "contents", "requests", "access_log", "workflows", "workflow_edges", "region_settings", "feed",
    "workflow_plans",
    "administrative_changes", "dated_region_settings",
    "offers", "offer_statements", "offer_endings",
    "emergency_accesses",
    "legal_holds", "legal_hold_endings", "destruction_proposals", "destruction_signatures", "destruction_withdrawals",
    "destructions",
)  # fmt: skip
KEPT = ("cases", "parts")
_BOTH = (
    *(f"{table}_no_update" for table in APPEND_ONLY),
    *(f"{table}_no_delete" for table in (*APPEND_ONLY, *KEPT)),
    "transitions_follow",
    "transitions_move_heads",
    "parts_head",
    "cases_head",
    "parts_begin",
    "cases_begin",
    "contents_belong",
    "workflow_edges_belong",
    "workflow_plans_lead",
    "destructions_lead",
    "destructions_empty",
    "transitions_end",
    "parts_end",
    "contents_end",
)
TRIGGERS = {
    "sqlite": frozenset((*_BOTH, *(f"{table}_no_replace" for table in (*APPEND_ONLY, *KEPT)))),
    "postgresql": frozenset((*_BOTH, *(f"{table}_no_truncate" for table in (*APPEND_ONLY, *KEPT)))),
}
# What SQLite says when everything in database.SQLITE_PRAGMAS is in force, in the data and in the keys beside it.
_PRAGMAS = {
    "foreign_keys": 1,
    "recursive_triggers": 1,
    **{
        f"{schema}.{name}": value
        for schema in ("main", KEYS_SCHEMA)
        for name, value in (("journal_mode", "wal"), ("synchronous", 2), ("secure_delete", 1))
    },
}
# What a role or a database may have set on PostgreSQL: foreign keys off, answered before it is on disk.
_SETTINGS = {"session_replication_role": ("replica",), "synchronous_commit": ("off",)}


_TRIGGER = re.compile(r"^CREATE TRIGGER (\w+)\s.*", re.DOTALL | re.MULTILINE)
_DROPPED = re.compile(r"^DROP (TRIGGER|FUNCTION) (?:IF EXISTS )?(\w+)", re.MULTILINE)
_FUNCTION = re.compile(
    r"^CREATE (?:OR REPLACE )?FUNCTION (\w+)\(\) (RETURNS trigger.*?)\$\$(.*)\$\$", re.DOTALL | re.MULTILINE
)
_SQLITE_TRIGGERS = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
# 'A': fires always, also where replication has switched ordinary triggers off. 'D': never.
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
_ALTERED = re.compile(r"ALTER FUNCTION (\w+)\(\) SECURITY DEFINER SET search_path")
# The second wall. Who reads figures has policies of their own.
_ROWS = re.compile(r"^ALTER TABLE (\S+) ENABLE ROW LEVEL SECURITY|^CREATE POLICY (\w+) ON (\S+)", re.MULTILINE)
_POSTGRESQL_ROWS = text("""
SELECT 'row security on ' || oid::regclass::text FROM pg_class WHERE relrowsecurity
  AND relnamespace::regnamespace::text IN (current_schema(), 'keys')
UNION ALL
SELECT 'policy ' || polname || ' on ' || polrelid::regclass::text FROM pg_policy
WHERE polname <> 'figures' OR polcmd <> 'r' OR polroles = '{0}'
""")
# What makes PostgreSQL do something else than a statement says, or nothing.
_POSTGRESQL_RULES = text("SELECT rulename FROM pg_rules WHERE schemaname = current_schema()")
Made = dict[str, object]


class Unprotected(RuntimeError):
    """The database would let a history be changed: what is missing, by name."""


def insist(connection: Connection) -> None:
    """Raises Unprotected when a protection is missing, switched off, or not what the migrations made."""
    if wrong := "; ".join(_wrong(connection)):
        raise Unprotected(f"the database does not protect its history; {wrong}")


def _wrong(connection: Connection) -> Iterator[str]:
    engine = connection.dialect.name
    made, found = _made(engine), _found(connection)
    missing = sorted((made.keys() | TRIGGERS[engine]) - found.keys())
    if engine == "sqlite":
        pragmas = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in _PRAGMAS}
        missing += [f"PRAGMA {name}" for name, wanted in _PRAGMAS.items() if pragmas[name] != wanted]
    else:
        shown = {name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in _SETTINGS}
        missing += [f"{name} = {shown[name]}" for name, unsafe in _SETTINGS.items() if shown[name] in unsafe]
    if not inspect(connection).has_table(case_keys.name, schema=KEYS_SCHEMA):
        missing.append(f"table {case_keys.fullname}")
    if missing:
        yield "missing: " + ", ".join(missing)
    if changed := sorted(name for name in made.keys() & found.keys() if made[name] != found[name]):
        yield "changed: " + ", ".join(changed)
    if added := sorted(found.keys() - made.keys()):
        yield "not of a migration: " + ", ".join(added)


@lru_cache
def _made(engine: str) -> Made:
    """The triggers that the migrations leave, and on PostgreSQL their functions, as the database tells them."""
    made: Made = {}
    bodies: dict[str, str] = {}
    for statement in statements(engine):
        if found := _DROPPED.search(statement):
            made.pop(found[2] if found[1] == "TRIGGER" else f"{found[2]}()", None)
        if found := _TRIGGER.search(statement):
            made[found[1]] = _trigger(found[0].rstrip().removesuffix(";"), engine)
        elif found := _FUNCTION.search(statement):
            bodies[found[1]] = found[3]
            made[f"{found[1]}()"] = _body(found[3], found[2])
        elif found := _ALTERED.search(statement):
            made[f"{found[1]}()"] = bodies[found[1]], True, True
        elif found := _ROWS.search(statement):
            made[f"policy {found[2]} on {found[3]}" if found[2] else f"row security on {found[1]}"] = True
    return made


def _found(connection: Connection) -> Made:
    if connection.dialect.name == "sqlite":
        return {row.name: row.sql for row in connection.execute(_SQLITE_TRIGGERS)}
    triggers = {row.name: _in_one_line(row.sql) for row in connection.execute(_POSTGRESQL_TRIGGERS)}
    functions = {
        f"{row.name}()": (row.body, row.as_owner, row.with_settings)
        for row in connection.execute(_POSTGRESQL_FUNCTIONS)
    }
    rows = dict.fromkeys(connection.execute(_POSTGRESQL_ROWS).scalars(), True)
    rules = {f"rule {name}": name for name in connection.execute(_POSTGRESQL_RULES).scalars()}
    return triggers | functions | rows | rules


def _trigger(statement: str, engine: str) -> str:
    """SQLite keeps the words as they were."""
    return statement if engine == "sqlite" else _in_one_line(f"A{statement}")


def _in_one_line(statement: str) -> str:
    return " ".join(statement.split()).casefold()


def _body(body: str, around: str) -> tuple[str, bool, bool]:
    """What a function does, whether it does it as its owner, and whether with settings of its own."""
    return body, "SECURITY DEFINER" in around, re.search(r"\bSET\b", around) is not None
