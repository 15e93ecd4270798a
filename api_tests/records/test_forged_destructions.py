"""I11, I21: the database empties a case only for a destruction that two people signed, whole and once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import IntegrityError

from api_tests.support.destroyed_case import DestructionStory
from api_tests.support.forgery import Changes, columns_of, engine_for, head_of_part, insert_row, next_entry, run_sql
from api_tests.support.sabotages import broken_by
from service.cases.store.tables import contents, destructions, parts, transitions
from service.retention.store.tables import destruction_proposals, destruction_signatures, legal_holds
from service.workflows.store.tables import workflows

pytestmark = pytest.mark.server


@dataclass(frozen=True)
class PendingDestruction:
    """A living case that two people agreed to destroy, in rows that a forger may change."""

    connection: Connection
    case_id: str
    proposal_id: str

    def row(self, **changes: Any) -> Changes:
        case = self.connection.execute(select(parts).where(parts.c.id == self.case_id)).one()
        head = self.connection.exec_driver_sql(f"SELECT sequence, digest FROM cases WHERE id = '{case.id}'").one()
        whole = {"ground": "retention", "policy": "p", "signed": "[]", "destroyed_at": 1, "day": "2026-01-01"}
        counts = {"entries": head.sequence, "contents": 1, "head": head.digest, "certificate": "c"}
        return {"case_id": self.case_id, "proposal_id": self.proposal_id, **whole, **counts, **changes}

    def sign(self, capacity: str, person: str) -> None:
        signature = {"proposal_id": self.proposal_id, "capacity": capacity, "role": "chair", "person_id": person}
        insert_row(self.connection, destruction_signatures, {**signature, "organisation_id": "o", "signed_at": 1})

    def hold(self, until: str | None) -> None:
        row = columns_of(self.connection.execute(select(legal_holds)).first())  # type: ignore[arg-type]  # there is one
        insert_row(
            self.connection,
            legal_holds,
            {**row, "id": str(uuid4()), "case_id": self.case_id, "reason": "complaint", "until": until},
        )


@pytest.fixture(scope="module", params=["as the service connects", "undermined"])
def forger_engine(request: pytest.FixtureRequest, story: DestructionStory) -> Iterator[Engine]:
    engine = engine_for(story.service.settings.database_url, undermined=request.param == "undermined")
    yield engine
    engine.dispose()


@contextmanager
def pending_destruction(
    engine: Engine, story: DestructionStory, *, signatures: bool = True
) -> Iterator[PendingDestruction]:
    """A proposal with its signatures, rolled back afterwards, so that a forgery that succeeds harms no other test."""
    with engine.connect() as connection:
        destruction = PendingDestruction(connection, story.other_cases[1].id, str(uuid4()))
        proposal = {
            "id": destruction.proposal_id,
            "case_id": destruction.case_id,
            "ground": "retention",
            "sequence": 3,
            "policy": "p",
        }
        insert_row(connection, destruction_proposals, {**proposal, "recorded_at": 1})
        if signatures:
            destruction.sign("team", "a")
            destruction.sign("data_protection", "b")
        try:
            yield destruction
        finally:
            connection.rollback()


def test_the_row_of_a_destruction_that_two_people_signed_empties_the_case_whole(
    forger_engine: Engine, story: DestructionStory
) -> None:
    """A genuine row is accepted: the refusals below are due to the forgery."""
    with pending_destruction(forger_engine, story) as destruction:
        insert_row(destruction.connection, destructions, destruction.row())

        remains = [
            {name for name, value in columns_of(row).items() if value is not None}
            for table in (transitions, contents, parts)
            for row in destruction.connection.execute(select(table).where(table.c.case_id == destruction.case_id))
        ]

    numbers = {"case_id", "sequence", "prev_sequence", "part_id", "part_kind", "part_sequence", "prev_part_sequence"}
    digests = {"prev_digest", "digest", "facts_digest", "content_digest"}
    around = {"id", "kind", "team_id", "submitter_id", "workflow", "content_class"}
    assert len(remains) > 5
    assert {name for names in remains for name in names} <= numbers | digests | around


REFUSED_DESTRUCTIONS = {
    "of one signature": lambda destruction: destruction.sign("team", "a"),
    "of two signatures of one capacity and person": lambda destruction: (
        destruction.sign("team", "a"),
        destruction.sign("team", "a"),
    ),
    "of one person in both capacities": lambda destruction: (
        destruction.sign("team", "a"),
        destruction.sign("data_protection", "a"),
    ),
    "in a capacity that is none": lambda destruction: (destruction.sign("team", "a"), destruction.sign("friend", "b")),
    "while a hold stands": lambda destruction: (
        destruction.sign("team", "a"),
        destruction.sign("data_protection", "b"),
        destruction.hold(None),
    ),
    "on the last day of a hold": lambda destruction: (
        destruction.sign("team", "a"),
        destruction.sign("data_protection", "b"),
        destruction.hold("2026-01-01"),
    ),
}


@broken_by(
    "SQLite refuses every destruction of a case under a legal hold",
    "migrations/sql/0007-sqlite.sql",
    "coalesce(h.until, '9999-12-31') >= NEW.day",
    "0",
    case="sqlite-as the service connects-while a hold stands",
)
@pytest.mark.parametrize("signing", REFUSED_DESTRUCTIONS.values(), ids=REFUSED_DESTRUCTIONS.keys())
def test_a_destruction_is_refused(forger_engine: Engine, story: DestructionStory, signing: Any) -> None:
    with pending_destruction(forger_engine, story, signatures=False) as destruction, pytest.raises(IntegrityError):
        _destroy(destruction, signing)


def _destroy(destruction: PendingDestruction, signing: Any) -> None:
    signing(destruction)
    insert_row(destruction.connection, destructions, destruction.row())


@pytest.mark.parametrize(
    "changes",
    [{"entries": 2}, {"head": "d" * 64}, {"entries": 99}, {"proposal_id": str(uuid4())}, {"ground": "request"}],
)
def test_a_destruction_of_something_else_than_was_decided_is_refused(
    forger_engine: Engine, story: DestructionStory, changes: Changes
) -> None:
    with pending_destruction(forger_engine, story) as destruction, pytest.raises(IntegrityError):
        insert_row(destruction.connection, destructions, destruction.row(**changes))


NUMBERS = ("prev_sequence", "prev_part_sequence", "prev_digest", "content_digest")
FACTS = [f"{column.name} = NULL" for column in transitions.columns if column.nullable and column.name not in NUMBERS]
# Statements on a case with a pending destruction (:living) and on the destroyed case (:gone).
EMPTYING = [
    f"UPDATE transitions SET part_kind = 'case', {', '.join(FACTS)} WHERE case_id = :living",
    "UPDATE transitions SET codes = NULL WHERE case_id = :living",
    "UPDATE transitions SET actor_id = NULL, facts_salt = NULL WHERE case_id = :living AND sequence = 1",
    "UPDATE contents SET ciphertext = NULL WHERE case_id = :living",
    "UPDATE contents SET content_class = 'destroyed', form = NULL, salt = NULL, nonce = NULL, ciphertext = NULL",
    "UPDATE parts SET state = NULL WHERE case_id = :living",
    "UPDATE cases SET submitted_at = 0, recorded_at = 0 WHERE id = :living",
    "UPDATE legal_holds SET reason = NULL WHERE reason IS NOT NULL",
    "UPDATE transitions SET trigger_name = 'submit' WHERE case_id = :gone",
    "UPDATE transitions SET digest = digest WHERE case_id = :gone",
    "UPDATE contents SET ciphertext = '' WHERE case_id = :gone",
    "UPDATE contents SET content_class = 'notes' WHERE case_id = :gone",
    "UPDATE parts SET state = 'submitted' WHERE case_id = :gone",
    "UPDATE parts SET addressee_id = team_id WHERE case_id = :gone",
    "UPDATE cases SET submitted_at = 1 WHERE id = :gone",
    "UPDATE cases SET digest = 'd' WHERE id = :gone",
    "UPDATE legal_holds SET reason = 'complaint' WHERE case_id = :gone",
    "UPDATE destructions SET certificate = 'other'",
    "DELETE FROM destructions",
    "DELETE FROM destruction_signatures",
    "UPDATE destruction_proposals SET ground = 'retention'",
    "DELETE FROM legal_hold_endings",
]


@broken_by(
    "I11, I21: PostgreSQL refuses to empty a history without a destruction",
    "migrations/sql/0007-postgresql.sql",
    "IF OLD.facts_salt IS NULL OR NOT EXISTS (SELECT 1 FROM destructions d WHERE d.case_id = OLD.case_id)",
    "IF OLD.facts_salt IS NULL",
    case="postgresql connects",
)
@pytest.mark.parametrize("statement", EMPTYING)
def test_nothing_is_emptied_in_part_or_beside_a_destruction_and_nothing_comes_back(
    forger_engine: Engine, story: DestructionStory, statement: str
) -> None:
    with pending_destruction(forger_engine, story) as destruction:
        destruction.hold(None)
        ids = {"living": destruction.case_id, "gone": story.case.id}
        with pytest.raises(IntegrityError):
            run_sql(destruction.connection, statement, **{name: ids[name] for name in ids if f":{name}" in statement})


def test_a_destroyed_case_takes_no_entry_and_no_part(forger_engine: Engine, story: DestructionStory) -> None:
    with forger_engine.connect() as connection:
        entry = next_entry(connection, story.other_cases[0].id)
        head = head_of_part(connection, story.case.id)
        placement = connection.execute(select(workflows.c.hash).where(workflows.c.name == "placement")).scalar()
        part = {"id": str(uuid4()), "case_id": head.case_id, "kind": "placement", "workflow": placement}

        with pytest.raises(IntegrityError):
            insert_row(connection, transitions, {**entry, "case_id": story.case.id, "part_id": story.case.id})
        connection.rollback()
        with pytest.raises(IntegrityError, match="the case was destroyed"):
            insert_row(connection, parts, {**part, "team_id": head.team_id, "submitter_id": head.submitter_id})
        connection.rollback()
