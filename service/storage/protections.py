"""The protections of the history: a database that lacks one of them is not served."""

from sqlalchemy import Connection, text

APPEND_ONLY = (
    "transitions", "contents", "requests", "access_log", "workflows", "workflow_edges", "region_settings",
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
)
TRIGGERS = {
    "sqlite": frozenset((*_BOTH, *(f"{table}_no_replace" for table in (*APPEND_ONLY, *KEPT)))),
    "postgresql": frozenset((*_BOTH, *(f"{table}_no_truncate" for table in (*APPEND_ONLY, *KEPT)))),
}
_PRAGMAS = {"foreign_keys": 1, "recursive_triggers": 1, "synchronous": 2}


class Unprotected(RuntimeError):
    """The database would let a history be changed: what is missing, by name."""


def insist(connection: Connection) -> None:
    """Raises Unprotected when a protection is missing or switched off."""
    engine = connection.dialect.name
    missing = sorted(TRIGGERS[engine] - _present(connection))
    if engine == "sqlite":
        for name, wanted in _PRAGMAS.items():
            if connection.exec_driver_sql(f"PRAGMA {name}").scalar() != wanted:
                missing.append(f"PRAGMA {name}")
    if missing:
        raise Unprotected("the database does not protect its history; missing: " + ", ".join(missing))


def _present(connection: Connection) -> set[str]:
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    else:
        # 'A': fires always, also where replication has switched ordinary triggers off.
        found = connection.execute(text("SELECT tgname FROM pg_trigger WHERE tgenabled = 'A' AND NOT tgisinternal"))
    return set(found.scalars())
