"""The protections of the history: a database that lacks one of them is not served."""

from sqlalchemy import Connection, inspect, text

from service.storage.tables import KEYS_SCHEMA, case_keys

APPEND_ONLY = (
    "transitions", "contents", "requests", "access_log", "workflows", "workflow_edges", "region_settings", "feed",
    "workflow_plans",
    "administrative_changes", "dated_region_settings",
    "offers", "offer_statements", "offer_endings",
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


class Unprotected(RuntimeError):
    """The database would let a history be changed: what is missing, by name."""


def insist(connection: Connection) -> None:
    """Raises Unprotected when a protection is missing or switched off."""
    engine = connection.dialect.name
    missing = sorted(TRIGGERS[engine] - _present(connection))
    if engine == "sqlite":
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in _PRAGMAS}
        missing += [f"PRAGMA {name}" for name, wanted in _PRAGMAS.items() if found[name] != wanted]
    else:
        shown = {name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in _SETTINGS}
        missing += [f"{name} = {shown[name]}" for name, unsafe in _SETTINGS.items() if shown[name] in unsafe]
    if not inspect(connection).has_table(case_keys.name, schema=KEYS_SCHEMA):
        missing.append(f"table {case_keys.fullname}")
    if missing:
        raise Unprotected("the database does not protect its history; missing: " + ", ".join(missing))


def _present(connection: Connection) -> set[str]:
    """The triggers that stand on the table they are named after."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"))
    else:
        # 'A': fires always, also where replication has switched ordinary triggers off.
        found = connection.execute(
            text("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgenabled = 'A' AND NOT tgisinternal")
        )
    return {name for table, name in found if name.startswith(f"{table}_")}
