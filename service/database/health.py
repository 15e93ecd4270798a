"""Checks of a database before it is served, and again for each readiness request."""

from sqlalchemy import Connection, text

from service.database.engine import SESSION_TIMEOUTS
from service.database.keyring import MasterKeyRefused
from service.database.migrations import current_revision, expected_revision
from service.database.protections import ProtectionMissing, require_protections
from service.database.row_security import RowSecurityNotBinding, require_row_security
from service.database.transaction import Transaction

# Server settings of PostgreSQL that must be on for durable commits (`protections` checks synchronous_commit).
_DURABILITY_SETTINGS = ("fsync", "full_page_writes")
_TIMEOUTS_IN_FORCE = text("SELECT name, setting::int FROM pg_settings WHERE name = ANY(:names)")


class MayLoseData(ProtectionMissing):
    """The database confirms a commit before it is on disk: a power cut would lose confirmed data."""


class TimeoutsMissing(ProtectionMissing):
    """A session of PostgreSQL would wait longer than the service asked for, or without end."""


def require_durable_writes(connection: Connection) -> None:
    """Raises MayLoseData when PostgreSQL is configured without fsync. For SQLite `protections` checks the pragmas."""
    if connection.dialect.name == "postgresql":
        values = {name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in _DURABILITY_SETTINGS}
        if unsafe := ", ".join(f"{name} = {value}" for name, value in values.items() if value != "on"):
            raise MayLoseData(f"the database may lose committed data: {unsafe}")


def require_timeouts(connection: Connection) -> None:
    """Raises TimeoutsMissing when a timeout of this PostgreSQL session is off or longer than it should be."""
    if connection.dialect.name == "postgresql":
        in_force = connection.execute(_TIMEOUTS_IN_FORCE, {"names": [*SESSION_TIMEOUTS]}).all()
        long = sorted(name for name, milliseconds in in_force if not 0 < milliseconds <= SESSION_TIMEOUTS[name])
        if long:
            raise TimeoutsMissing(
                f"a session of the database has no {', '.join(long)} as the service asks: a pooler may drop them. "
                "Let a superuser run what `python -m service roles` prints, and reconnect the pooler"
            )


def _is_read_only(connection: Connection) -> bool:
    """True when PostgreSQL takes no changes, as a standby. SQLite shows it only when something is written."""
    if connection.dialect.name != "postgresql":
        return False
    return connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on"


def failing_database_checks(transaction: Transaction, *, may_lose_data: bool, second_wall: bool) -> tuple[str, ...]:
    """Returns the codes of the failing checks; an empty tuple when this database may be served.

    `may_lose_data`: skip the check of durable writes. `second_wall`: row-level security must bind the role.
    """
    transaction.allow_all_rows("readiness")
    if current_revision(transaction.connection) != expected_revision():
        return ("revision",)  # the other checks do not apply to another schema
    failures = ["read_only"] if _is_read_only(transaction.connection) else []
    try:
        require_protections(transaction.connection)
    except ProtectionMissing:
        failures.append("protections")
    try:
        require_durable_writes(transaction.connection)
    except MayLoseData:
        failures += [] if may_lose_data else ["database_settings"]
    try:
        require_timeouts(transaction.connection)
    except TimeoutsMissing:
        failures.append("timeouts")
    try:
        require_row_security(transaction.connection)
    except RowSecurityNotBinding:
        failures += ["second_wall"] if second_wall else []
    try:
        transaction.keyring.require_matching_master_key(transaction.connection)
    except MasterKeyRefused:
        failures.append("master_key")
    return tuple(failures)
