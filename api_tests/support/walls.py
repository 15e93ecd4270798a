"""A service on PostgreSQL with cases on both sides of row-level security, and the tables that it protects."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import PERSON_IDS
from api_tests.support.people import People
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import SUBMITTERS, advised_case, referral_of
from service.database.transaction import Transaction
from service.events.store.feeds import Feeds

# Tables about cases, or about requests and drafts of people. Written by hand.
WALLED = (
    "cases", "parts", "transitions", "contents", "keys.case_keys", "access_log", "outbox", "feed", "deliveries",
    "requests", "drafts", "legal_holds", "legal_hold_endings", "destruction_proposals", "destruction_signatures",
    "destruction_withdrawals", "destructions", "content_destructions",
)  # fmt: skip
# Tables about rules, organisations, people and offers, and the tables that row-level security reads itself: memberships
# and emergency access.
OPEN = (
    "regions", "municipalities", "organisations", "people", "memberships", "coverages", "emergency_accesses",
    "administrative_changes", "workflows", "workflow_edges", "workflow_plans", "region_settings",
    "dated_region_settings", "offers", "offer_statements", "offer_endings", "subscriptions", "kept_figures",
    "access_log_seals", "administration_seals", "municipality_changes", "organisation_successions",
)  # fmt: skip


@dataclass(frozen=True)
class WalledCases:
    """`ours` was advised on in Zuid-Kennemerland, `theirs` was submitted in Twente. Nobody has a part in both."""

    service: RunningService
    people: People
    ours: CaseFile
    theirs: CaseFile

    @contextmanager
    def transaction_with(self, **settings: str) -> Iterator[Connection]:
        """A transaction of the application with only these settings of row-level security, rolled back at the end."""
        with self.service.built.database.engine.connect() as connection:
            assert connection.scalar(text("SELECT current_user")) == "casusroute_application"
            for name, value in settings.items():
                set_row_setting(connection, name, value)
            yield connection
            connection.rollback()


def set_row_setting(connection: Connection, name: str, value: str) -> None:
    connection.execute(text("SELECT set_config(:name, :value, true)"), {"name": f"casusroute.{name}", "value": value})


def new_walled_cases(service: RunningService, people: People) -> WalledCases:
    ours = advised_case(people)
    ours.fire("start_arranging")
    theirs = CaseFile.submitted(people, by=SUBMITTERS["JZ14"], **referral_of("JZ14"))
    destroyed_case = CaseFile.submitted(people, by="otto", **referral_of("JZ14"))
    assert people.anna.post("/drafts", {"form": {}}).status_code == 201
    service.built.database.write_sync(_publish)
    with service.tables.begin() as connection:
        for statement in _DECISIONS:
            connection.execute(
                text(statement), {"ours": ours.id, "gone": destroyed_case.id, "quint": str(PERSON_IDS["quint"])}
            )
    return WalledCases(service, people, ours, theirs)


# Rows that only the owner of the tables can insert directly: one case held, one destroyed, and an event to deliver.
_BY = "0, :quint, (SELECT id FROM organisations LIMIT 1)"
_DECISIONS = (
    f"INSERT INTO legal_holds VALUES (:ours, :ours, 'other', 'x', NULL, {_BY})",
    f"INSERT INTO legal_hold_endings VALUES (:ours, {_BY})",
    *(
        f"INSERT INTO destruction_proposals VALUES (:{case}, :{case}, 'retention', NULL, 1, 'p', NULL, {_BY})"
        for case in ("ours", "gone")
    ),
    f"INSERT INTO destruction_withdrawals VALUES (:ours, 'other', 'x', {_BY})",
    "INSERT INTO destruction_signatures VALUES (:gone, 'team', 'chair', :ours, :ours, 0)",
    "INSERT INTO destruction_signatures VALUES (:gone, 'data_protection', 'chair', :quint, :ours, 0)",
    """
    INSERT INTO subscriptions VALUES (:ours, (SELECT organisation_id FROM feed LIMIT 1), 'https://x.example', NULL,
                                      NULL, 'paused', NULL, 1, 'x', NULL, :quint, 0, NULL, 0)
    """,
    "INSERT INTO deliveries SELECT :ours, position, case_id, 'delivered', 1, 0, 200, NULL FROM feed LIMIT 1",
    """
    INSERT INTO destructions
    SELECT id, id, 'retention', NULL, 'p', '[]', 1, '2026-01-01', sequence, 1, digest, 'c', NULL
    FROM cases WHERE id = :gone
    """,
    """
    INSERT INTO content_destructions
    SELECT case_id, sequence, digest, case_id, 'safety', NULL, '[]', 1, 1, '2026-01-01', 'c', 1
    FROM transitions WHERE case_id = :ours AND sequence = (SELECT max(sequence) FROM contents WHERE case_id = :ours)
    """,
)


def _publish(transaction: Transaction) -> None:
    transaction.allow_all_rows("the relay of this test")
    Feeds(transaction).publish(1000)


def count(connection: Connection, table: str) -> int:
    number: Any = connection.scalar(text(f"SELECT count(*) FROM {table}"))
    return int(number)
