"""The condition of a database: what is looked at before it is served, and again whenever somebody asks."""

from sqlalchemy import Connection, func, select

from service.cases.rules.history_chain import microseconds
from service.database.database import Database
from service.database.keyring import MasterKeyRefused
from service.database.migrations import expected_revision, revision_of
from service.database.protections import Unprotected, insist
from service.database.row_security import NoSecondWall, insist_on_wall
from service.database.transaction import Transaction
from service.tables import deliveries, outbox, transitions
from service.vocabulary.refusals import Unavailable

# What the server must do before it says that something is on disk (synchronous_commit stands among the protections).
_ON_POSTGRESQL = ("fsync", "full_page_writes")
_WAITING_SINCE = (
    select(func.min(transitions.c.recorded_at))
    .select_from(
        outbox.join(
            transitions,
            (transitions.c.case_id == outbox.c.case_id) & (transitions.c.sequence == outbox.c.sequence),
        )
    )
    .where(outbox.c.id == select(func.min(outbox.c.id)).where(outbox.c.published_at.is_(None)).scalar_subquery())
)
_DELIVERIES = [
    select(func.count()).select_from(deliveries).where(deliveries.c.state == state) for state in ("waiting", "dead")
]


class MayLoseData(Unprotected):
    """The database answers before data is on disk: a power cut would take back what was promised."""


def insist_on_disk(connection: Connection) -> None:
    """Raises MayLoseData when the server was told to be quick rather than sure. SQLite: see protections."""
    if connection.dialect.name == "postgresql":
        shown = {name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in _ON_POSTGRESQL}
        if unsafe := ", ".join(f"{name} = {value}" for name, value in shown.items() if value != "on"):
            raise MayLoseData(f"the database may lose what it said it kept: {unsafe}")


def failing(transaction: Transaction, *, may_lose_data: bool, second_wall: bool) -> tuple[str, ...]:
    """What keeps this database from being served, in codes."""
    transaction.allow_all_rows("readiness")
    if revision_of(transaction.connection) != expected_revision():
        return ("revision",)  # of another schema nothing else can be said
    found = []
    try:
        insist(transaction.connection)
    except Unprotected:
        found.append("protections")
    try:
        insist_on_disk(transaction.connection)
    except MayLoseData:
        found += [] if may_lose_data else ["database_settings"]
    try:
        insist_on_wall(transaction.connection)
    except NoSecondWall:
        found += ["second_wall"] if second_wall else []
    try:
        transaction.keyring.insist(transaction.connection)
    except MasterKeyRefused:
        found.append("master_key")
    return tuple(found)


def outbox_age(transaction: Transaction) -> float:
    """The seconds that the oldest news waits for the feeds."""
    transaction.allow_all_rows("readiness")
    since = transaction.connection.execute(_WAITING_SINCE).scalar()
    return 0.0 if since is None else max(0.0, (microseconds(transaction.now) - since) / 1e6)


def figures(database: Database) -> dict[str, float]:
    """What operators watch, by name: what is still to be told, and that the database answers."""
    try:
        return database.watch_now(_figures)
    except Unavailable:
        return {"database_up": 0}


def _figures(transaction: Transaction) -> dict[str, float]:
    transaction.allow_all_rows("metrics")
    waiting, dead = (transaction.connection.execute(query).scalar_one() for query in _DELIVERIES)
    told = {"deliveries_waiting": waiting, "deliveries_dead": dead}
    return {"database_up": 1, "outbox_seconds": outbox_age(transaction), **told}
