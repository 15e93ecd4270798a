"""What is looked for often, or looked for in everything, is found along an index, however long the history grows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, event

from api_tests.support.sabotages import broken_by
from api_tests.support.servers import Running
from service.cases.store.cases import Cases
from service.database.transaction import Transaction
from service.events.store.deliveries import Deliveries
from service.events.store.feeds import Feeds
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.roles import Role
from service.workflow_versions.store import Plans

CARLA = Actor(uuid4(), (Membership(Role.COORDINATOR, uuid4()),))
# What is asked, of which table, and the index that it goes along.
ASKED: dict[str, tuple[Callable[[Transaction], Any], str, str]] = {
    "whom there is something to tell": (
        lambda transaction: Deliveries(transaction).with_work(),
        "deliveries",
        "ix_deliveries_",
    ),
    "the next event for a webhook": (
        lambda transaction: Deliveries(transaction).claim(uuid4()),
        "deliveries",
        "ix_deliveries_",
    ),
    "dead letters": (lambda transaction: Deliveries(transaction).dead(uuid4()), "deliveries", "ix_deliveries_dead"),
    "what is not in the feeds": (lambda transaction: Feeds(transaction).waits(), "outbox", "ix_outbox_unpublished"),
    "what a region misses": (lambda transaction: Cases(transaction).gaps("JZ10"), "transitions", "ix_transitions_gaps"),
    "the parts of one case": (
        lambda transaction: Cases(transaction).parts(uuid4(), seen_by=CARLA),
        "parts",
        "ix_parts_case_id",
    ),
    "how far a plan is": (
        lambda transaction: Plans(transaction).adopted("0" * 64),
        "transitions",
        "ix_transitions_adopted",
    ),
}


@broken_by(
    "Issue 3 point 9: what waits for a webhook is found however much was delivered before",
    "migrations/versions/0004_events.py",
    'comment="what each webhook was told or still has to be told; never content",',
    'comment="what each webhook was told or still has to be told; never content", sqlite_with_rowid=False,',
    case="sqlite-whom there is something to tell",
)
@broken_by(
    "Issue 3: the parts of a case are found along the case, not along everything its team ever had",
    "service/cases/store/cases.py",
    "visible(seen_by).is_(true())",
    "visible(seen_by)",
    case="sqlite-the parts of one case",
)
@pytest.mark.parametrize("asked", ASKED)
def test_what_waits_among_all_that_ever_was_is_found_along_an_index(service: Running, asked: str) -> None:
    """Otherwise a relay with a long backlog holds the database up for minutes, and a sum reads every history."""
    ask, table, index = ASKED[asked]

    said = service.built.database.read_now(lambda transaction: _plans(transaction, ask))

    assert index in said, said
    assert f"SCAN {table}\n" not in said, said
    assert f"Seq Scan on {table}" not in said, said


def _plans(transaction: Transaction, ask: Callable[[Transaction], Any]) -> str:
    """How the database means to find it. PostgreSQL reads a short table whole, unless it is told not to."""
    postgresql = transaction.connection.dialect.name == "postgresql"
    if postgresql:
        transaction.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    with _statements(transaction.connection) as found:
        ask(transaction)
    explain = "EXPLAIN" if postgresql else "EXPLAIN QUERY PLAN"
    told = [transaction.connection.exec_driver_sql(f"{explain} {statement}", given).all() for statement, given in found]
    return "\n".join(str(row[-1]) for rows in told for row in rows) + "\n"


@contextmanager
def _statements(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    found: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, given: Any, *_: object) -> None:
        found.append((statement, given))

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(connection, "before_cursor_execute", note)
