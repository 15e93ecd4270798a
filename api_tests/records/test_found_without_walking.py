"""Frequent queries and queries over all cases use an index, however long the history grows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, event

from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from service.cases.store.cases import Cases
from service.database.transaction import Transaction
from service.events.store.deliveries import Deliveries
from service.events.store.feeds import Feeds
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.roles import Role
from service.workflow_versions.store import WorkflowPlans

CARLA = Actor(uuid4(), (Membership(Role.COORDINATOR, uuid4()),))
# Per query: its call, its table, and the index that it uses.
QUERIES: dict[str, tuple[Callable[[Transaction], Any], str, str]] = {
    "whom there is something to tell": (
        lambda transaction: Deliveries(transaction).subscriptions_due(),
        "deliveries",
        "ix_deliveries_",
    ),
    "the next event for a webhook": (
        lambda transaction: Deliveries(transaction).claim(uuid4()),
        "deliveries",
        "ix_deliveries_",
    ),
    "dead letters": (
        lambda transaction: Deliveries(transaction).dead_letters(uuid4()),
        "deliveries",
        "ix_deliveries_dead",
    ),
    "what is not in the feeds": (
        lambda transaction: Feeds(transaction).has_unpublished(),
        "outbox",
        "ix_outbox_unpublished",
    ),
    "what a region misses": (
        lambda transaction: Cases(transaction).recorded_gaps("JZ10"),
        "transitions",
        "ix_transitions_gaps",
    ),
    "the parts of one case": (
        lambda transaction: Cases(transaction).other_parts(uuid4(), seen_by=CARLA),
        "parts",
        "ix_parts_case_id",
    ),
    "how far a plan is": (
        lambda transaction: WorkflowPlans(transaction).count_adopted("0" * 64),
        "transitions",
        "ix_transitions_adopted",
    ),
}


@broken_by(
    "The relay finds waiting deliveries through an index",
    "migrations/versions/0004_events.py",
    'comment="what each webhook was told or still has to be told; never content",',
    'comment="what each webhook was told or still has to be told; never content", sqlite_with_rowid=False,',
    case="sqlite-whom there is something to tell",
)
@broken_by(
    "A query finds the parts of a case by the case, not by its team",
    "service/cases/store/cases.py",
    "may_see_part(seen_by).is_(true())",
    "may_see_part(seen_by)",
    case="sqlite-the parts of one case",
)
@pytest.mark.parametrize("query", QUERIES)
def test_a_query_uses_an_index_of_its_table(service: RunningService, query: str) -> None:
    """Without an index a relay with a long backlog blocks the database for minutes, and a sum reads every history."""
    call, table, index = QUERIES[query]

    plan = service.built.database.read_sync(lambda transaction: _query_plan(transaction, call))

    assert index in plan, plan
    assert f"SCAN {table}\n" not in plan, plan
    assert f"Seq Scan on {table}" not in plan, plan


def _query_plan(transaction: Transaction, call: Callable[[Transaction], Any]) -> str:
    """The query plan as text. PostgreSQL scans a short table whole unless that is switched off."""
    postgresql = transaction.connection.dialect.name == "postgresql"
    if postgresql:
        transaction.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    with _statements(transaction.connection) as statements:
        call(transaction)
    explain = "EXPLAIN" if postgresql else "EXPLAIN QUERY PLAN"
    results = [
        transaction.connection.exec_driver_sql(f"{explain} {statement}", parameters).all()
        for statement, parameters in statements
    ]
    return "\n".join(str(row[-1]) for rows in results for row in rows) + "\n"


@contextmanager
def _statements(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    statements: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        statements.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(connection, "before_cursor_execute", note)
