"""I11, I12: the head of a case or part equals its last entry; the database refuses to write it in any other way."""

from typing import Any

import pytest
from sqlalchemy import Connection, update
from sqlalchemy.exc import IntegrityError

from api_tests.support.forgery import (
    DIGEST,
    Attack,
    Forger,
    KnownCases,
    columns_of,
    entries_of_case,
    entries_of_part,
    head_of_case,
    insert_row,
    new_part,
    parts_of,
    run_sql,
)
from api_tests.support.sabotages import broken_by
from service.cases.store.tables import cases, parts
from service.database.columns import NO_DUE_DAY
from service.workflows.store.tables import workflows

NEW = "00000000-0000-4000-8000-000000000001"
_BEGINNING = "0" * 64


def _part(**changes: Any) -> Attack:
    """The head of the main part, with these columns set."""

    def attack(connection: Connection, known: KnownCases) -> None:
        connection.execute(update(parts).where(parts.c.id == known.advised).values(changes))

    return attack


def _case(**changes: Any) -> Attack:
    def attack(connection: Connection, known: KnownCases) -> None:
        connection.execute(update(cases).where(cases.c.id == known.advised).values(changes))

    return attack


def _part_set_back(connection: Connection, known: KnownCases) -> None:
    """Set every column to its value in an earlier entry."""
    earlier = entries_of_part(connection, known.advised)[-2]
    names = ("phase", "occurred_at", "party", "party_id", "assignee_id")
    head = {name: getattr(earlier, name) for name in names}
    head |= {"sequence": earlier.part_sequence, "state": earlier.target, "due_on": earlier.due_on or NO_DUE_DAY}
    _part(**head)(connection, known)


def _case_set_back(connection: Connection, known: KnownCases) -> None:
    earlier = entries_of_case(connection, known.advised)[-2]
    names = ("sequence", "digest", "recorded_at", "region")
    _case(**{name: getattr(earlier, name) for name in names})(connection, known)


def _part_set_forward(connection: Connection, known: KnownCases) -> None:
    run_sql(connection, "UPDATE parts SET sequence = sequence + 1 WHERE id = :id", id=known.advised)


def _case_set_forward(connection: Connection, known: KnownCases) -> None:
    run_sql(
        connection, "UPDATE cases SET sequence = sequence + 1, digest = :d WHERE id = :id", id=known.advised, d=DIGEST
    )


def _ended_case_opened(connection: Connection, known: KnownCases) -> None:
    head = {"state": "submitted", "phase": "referral", "party": "coordinator"}
    connection.execute(update(parts).where(parts.c.id == known.withdrawn).values(head))


def _new_case(**changes: Any) -> Attack:
    def attack(connection: Connection, known: KnownCases) -> None:
        like = columns_of(head_of_case(connection, known.advised))
        bare = {"id": NEW, "number": "0000-0000", "sequence": 0, "digest": _BEGINNING}
        insert_row(connection, cases, {**like, **bare, **changes})

    return attack


def _new_part(**changes: Any) -> Attack:
    def attack(connection: Connection, known: KnownCases) -> None:
        insert_row(connection, parts, new_part(parts_of(connection, known.advised, "commitment")[0], NEW, **changes))

    return attack


def _other_workflow(connection: Connection, known: KnownCases) -> None:
    funding = parts_of(connection, known.advised, "funding")[0].workflow
    _new_part(workflow=funding)(connection, known)


def _of_another_team(connection: Connection, known: KnownCases) -> None:
    case = head_of_case(connection, known.advised)
    _new_part(team_id=case.submitter_id)(connection, known)


ATTACKS: dict[str, Attack] = {
    "a part set forward": _part_set_forward,
    "a part set back to what it once was": _part_set_back,
    "a part without a sequence": _part(sequence=None),
    "a part in another state": _part(state="monitored"),
    "a part in no state": _part(state=None),
    "a part in another phase": _part(phase="ended"),
    "a part that somebody else must act on": _part(party="chair"),
    "a part that another organisation must act on": _part(party_id=NEW),
    "a part that another person must act on": _part(assignee_id=NEW),
    "a part that is due on another day": _part(due_on="2031-01-01"),
    "a part that is due on no day": _part(due_on=None),
    "a part that happened at another time": _part(occurred_at=1),
    "a part on another workflow": _part(workflow=DIGEST),
    "a part of another kind": _part(kind="funding"),
    "a part with another identity": _part(id=NEW),
    "a part of another case": _part(case_id=NEW),
    "a part that answers another line": _part(line="L9"),
    "a part that is put to somebody else": _part(addressee_id=NEW),
    "a part of another team": _part(team_id=NEW),
    "a part of another submitter": _part(submitter_id=NEW),
    "an ended case opened by hand": _ended_case_opened,
    "a case set forward": _case_set_forward,
    "a case set back to what it once was": _case_set_back,
    "a case with another digest": _case(digest=DIGEST),
    "a case recorded at another time": _case(recorded_at=1),
    "a case of another region": _case(region="JZ14"),
    "a case with another identity": _case(id=NEW),
    "a case with another number": _case(number="0000-0001"),
    "a case of another team": _case(team_id=NEW),
    "a case of another submitter": _case(submitter_id=NEW),
    "a case that began to wait later": _case(submitted_at=1),
    "a new case that has a history already": _new_case(sequence=3),
    "a new case that goes on from a chain of its own": _new_case(digest=DIGEST),
    "a new part in a state": _new_part(state="accepted"),
    "a new part with a sequence": _new_part(sequence=1),
    "a new part in a phase": _new_part(phase="placement"),
    "a new part with a time": _new_part(occurred_at=1),
    "a new part that somebody must act on": _new_part(party="chair"),
    "a new part that an organisation must act on": _new_part(party_id=NEW),
    "a new part that a person must act on": _new_part(assignee_id=NEW),
    "a new part that is due": _new_part(due_on="2031-01-01"),
    "a second main part": lambda connection, known: _new_part(
        kind="case", workflow=connection.execute(parts.select().where(parts.c.id == known.advised)).one().workflow
    )(connection, known),
    "a new part on the workflow of another kind": _other_workflow,
    "a new part on a workflow that is not there": _new_part(workflow=DIGEST),
    "a new part of another team than its case": _of_another_team,
    "a new part of a case that is not there": _new_part(case_id=NEW),
}


@broken_by(
    "I12: SQLite refuses a state of a part that its history does not give",
    "migrations/sql/0007-sqlite.sql",
    "AND t.target IS NEW.state",
    "",
    case="sqlite state",
)
@broken_by(
    "I12: PostgreSQL refuses to set a case back to an earlier entry",
    "migrations/sql/0007-postgresql.sql",
    "AND NOT EXISTS (SELECT 1 FROM transitions u WHERE u.case_id = NEW.id AND u.sequence = NEW.sequence + 1)",
    "",
    case="postgresql back",
)
@broken_by(
    "I12: PostgreSQL refuses a second main part of a case",
    "migrations/sql/0001-postgresql.sql",
    "OR (NEW.kind = 'case') <> (NEW.id = NEW.case_id)",
    "",
    case="postgresql second",
)
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_i11_i12_a_forged_head_is_refused(forger: Forger, attack: Attack) -> None:
    with forger.at_work() as connection, pytest.raises(IntegrityError):
        attack(connection, forger.cases)


def test_a_new_case_and_a_new_part_without_a_head_are_taken(forger: Forger) -> None:
    """A genuine row is accepted: the refusals above are due to the forgery."""
    with forger.at_work() as connection:
        _new_case()(connection, forger.cases)
        _new_part()(connection, forger.cases)

        assert head_of_case(connection, NEW).sequence == 0
        assert connection.execute(workflows.select()).first() is not None
