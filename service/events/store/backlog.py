"""Figures of the outbox and the deliveries, for readiness and metrics."""

from sqlalchemy import func, select

from service.cases.store.tables import outbox, transitions
from service.database.transaction import Transaction
from service.database.worker_threads import Database
from service.events.store.tables import deliveries
from service.vocabulary.calendar import to_microseconds
from service.vocabulary.refusals import Unavailable

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


def outbox_age(transaction: Transaction) -> float:
    """Returns the age in seconds of the oldest outbox row that is not published, 0 without one."""
    transaction.allow_all_rows("readiness")
    since = transaction.connection.execute(_WAITING_SINCE).scalar()
    return 0.0 if since is None else max(0.0, (to_microseconds(transaction.now) - since) / 1e6)


def read_gauges(database: Database) -> dict[str, float]:
    """Returns the values of the gauges by name: open deliveries, outbox age, and whether the database answers."""
    try:
        return database.monitor_sync(_read_figures)
    except Unavailable:
        return {"database_up": 0}


def _read_figures(transaction: Transaction) -> dict[str, float]:
    transaction.allow_all_rows("metrics")
    waiting, dead = (transaction.connection.execute(query).scalar_one() for query in _DELIVERIES)
    counts = {"deliveries_waiting": waiting, "deliveries_dead": dead}
    return {"database_up": 1, "outbox_seconds": outbox_age(transaction), **counts}
