"""I11: an entry that does not continue its case and its part is refused by the database itself, on both engines."""

from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from api_tests.support.forgery import (
    DIGEST,
    Attack,
    Forger,
    KnownCases,
    columns_of,
    entries_of_case,
    entries_of_part,
    first_entry,
    head_of_case,
    head_of_part,
    insert_entry,
    insert_row,
    new_part,
    next_entry,
    parts_of,
)
from api_tests.support.sabotages import broken_by
from service.cases.store.tables import cases, parts, transitions
from service.workflows.store.tables import workflow_edges, workflows

NEW = "00000000-0000-4000-8000-000000000001"
_FACTS = (
    *("facts_salt", "workflow", "settings", "trigger_name", "source", "target", "phase", "region", "occurred_at"),
    *("recorded_at", "actor_id", "role", "organisation_id", "party", "party_id", "assignee_id", "due_on", "line"),
    "addressee_id",
)


def _with(**changes: Any) -> Attack:
    """The next entry of the case itself, with these columns changed."""
    return lambda connection, known: insert_entry(connection, known.advised, **changes)


def _moved(**by: int) -> Attack:
    """The next entry of the case itself, with these numbers moved."""

    def attack(connection: Connection, known: KnownCases) -> None:
        row = next_entry(connection, known.advised)
        insert_entry(connection, known.advised, **{name: row[name] + step for name, step in by.items()})

    return attack


def _copy_of_the_last_entry(connection: Connection, known: KnownCases) -> None:
    insert_row(connection, transitions, columns_of(entries_of_case(connection, known.advised)[-1]))


def _other_story_after(entries_back: int) -> Attack:
    def attack(connection: Connection, known: KnownCases) -> None:
        before, taken = entries_of_case(connection, known.advised)[-entries_back - 1 :][:2]
        insert_entry(
            connection,
            known.advised,
            sequence=taken.sequence,
            prev_sequence=before.sequence,
            prev_digest=before.digest,
        )

    return attack


def _other_story_in_a_part(connection: Connection, known: KnownCases) -> None:
    before, taken = entries_of_part(connection, known.advised)[-2:]
    same = {name: getattr(taken, name) for name in ("part_sequence", "prev_part_sequence", "trigger_name", "target")}
    insert_entry(connection, known.advised, **same, source=before.target)


def _from_another_state(connection: Connection, known: KnownCases) -> None:
    insert_entry(connection, known.advised, source="submitted", target="submitted", phase="referral")


def _part_of_another_case(connection: Connection, known: KnownCases) -> None:
    insert_entry(connection, known.submitted, case_id=known.advised, **_follows_in(connection, known.advised))


def _in_another_case(connection: Connection, known: KnownCases) -> None:
    insert_entry(connection, known.advised, case_id=known.submitted, **_follows_in(connection, known.submitted))


def _follows_in(connection: Connection, case_id: str) -> dict[str, Any]:
    case = head_of_case(connection, case_id)
    return {"sequence": case.sequence + 1, "prev_sequence": case.sequence, "prev_digest": case.digest}


def _under_a_workflow_of_my_own(connection: Connection, known: KnownCases) -> None:
    state = head_of_part(connection, known.advised).state
    workflow = {"hash": DIGEST, "name": "case", "definition": "{}", "edges": 1, "added_at": 0}
    insert_row(connection, workflows, workflow)
    edge = {"workflow": DIGEST, "trigger_name": "add_note", "source": state, "target": "closed"}
    insert_row(connection, workflow_edges, edge)
    insert_entry(connection, known.advised, workflow=DIGEST, target="closed")


def _by_an_edge_added_afterwards(connection: Connection, known: KnownCases) -> None:
    part = head_of_part(connection, known.advised)
    edge = {"workflow": part.workflow, "trigger_name": "add_note", "source": part.state, "target": "closed"}
    insert_row(connection, workflow_edges, edge)
    insert_entry(connection, known.advised, target="closed", phase="ended")


def _new_part_that_begins(**changes: Any) -> Attack:
    def attack(connection: Connection, known: KnownCases) -> None:
        like = parts_of(connection, known.advised, "commitment")[0]
        insert_row(connection, parts, new_part(like, NEW))
        insert_row(connection, transitions, first_entry(connection, like, NEW, **changes))

    return attack


def _case_that_begins_with_a_commitment(connection: Connection, known: KnownCases) -> None:
    like = parts_of(connection, known.advised, "commitment")[0]
    case = columns_of(head_of_case(connection, known.advised))
    insert_row(connection, cases, {**case, "id": NEW, "number": "0000-0000", "sequence": 0, "digest": "0" * 64})
    part_id = NEW.replace("1", "2")
    insert_row(connection, parts, new_part(like, part_id, case_id=NEW))
    alone = {"case_id": NEW, "sequence": 1, "prev_sequence": None, "prev_digest": None}
    insert_row(connection, transitions, first_entry(connection, like, part_id, **alone))


def _in_an_ended_case(**changes: Any) -> Attack:
    return lambda connection, known: insert_entry(connection, known.withdrawn, **changes)


def _earlier_in_life(connection: Connection, known: KnownCases) -> None:
    insert_entry(connection, known.advised, occurred_at=head_of_part(connection, known.advised).occurred_at - 1)


def _recorded_earlier(connection: Connection, known: KnownCases) -> None:
    insert_entry(connection, known.advised, recorded_at=head_of_case(connection, known.advised).recorded_at - 1)


ATTACKS: dict[str, Attack] = {
    "the last entry once more": _copy_of_the_last_entry,
    "a fork after the entry before the last": _other_story_after(1),
    "a fork after the entry before that": _other_story_after(2),
    "a fork in a part": _other_story_in_a_part,
    "a gap in the case": _moved(sequence=1, prev_sequence=1),
    "a gap in the case that names its true predecessor": _moved(sequence=1),
    "a gap in the part": _moved(part_sequence=1, prev_part_sequence=1),
    "a gap in the part that names its true predecessor": _moved(part_sequence=1),
    "a number of nought": _with(sequence=0, prev_sequence=None, prev_digest=None),
    "a source that is not where the part stands": _from_another_state,
    "an edge that the definition does not have": _with(target="closed"),
    "a trigger that the definition does not have": _with(trigger_name="make_it_so"),
    "an edge that was added to the definition afterwards": _by_an_edge_added_afterwards,
    "a workflow that the part does not run on": _under_a_workflow_of_my_own,
    "a second start": _with(
        trigger_name="submit", source="start", target="submitted", part_sequence=1, prev_part_sequence=None
    ),
    "a start in the middle": _with(trigger_name="submit", source="start", target="submitted"),
    "a part that does not begin at the start": _new_part_that_begins(
        trigger_name="add_note", source="requested", target="requested"
    ),
    "a part that begins at its second number": _new_part_that_begins(part_sequence=2, prev_part_sequence=1),
    "a part that begins with a source that is null": _new_part_that_begins(source=None),
    "a part that is caused by what comes later": _new_part_that_begins(cause=10_000),
    "a case that begins with something else than itself": _case_that_begins_with_a_commitment,
    "no predecessor in the case": _with(prev_sequence=None),
    "no digest of the predecessor": _with(prev_digest=None),
    "no predecessor and no digest of it": _with(prev_sequence=None, prev_digest=None),
    "no predecessor in the part": _with(prev_part_sequence=None),
    "a source that is null": _with(source=None),
    "a source and a predecessor in the part that are null": _with(source=None, prev_part_sequence=None),
    "a target that is null": _with(target=None),
    "a workflow that is null": _with(workflow=None),
    "a trigger that is null": _with(trigger_name=None),
    "a time in life that is null": _with(occurred_at=None),
    "a time of recording that is null": _with(recorded_at=None),
    "an entry that was destroyed before it was there": _with(**dict.fromkeys(_FACTS)),
    "a digest that is not that of the entry before": _with(prev_digest=DIGEST),
    "an entry of a part of another case": _part_of_another_case,
    "an entry in another case": _in_another_case,
    "an entry of a part that is not there": _with(part_id=NEW),
    "an entry of a case that is not there": _with(case_id=NEW),
    "another kind of part": _with(part_kind="placement"),
    "a line that the part does not answer": _with(line="L9"),
    "somebody that the part is not put to": _with(addressee_id=NEW),
    "a time in life before that of the entry before": _earlier_in_life,
    "a time of recording before that of the entry before": _recorded_earlier,
    "a note in an ended case": _in_an_ended_case(),
    "triage in an ended case": _in_an_ended_case(trigger_name="start_triage", target="in_triage"),
    "triage in an ended case, as if it had just been submitted": _in_an_ended_case(
        trigger_name="start_triage", source="submitted", target="in_triage"
    ),
    "an ended case reopened into a state of choice": _in_an_ended_case(trigger_name="reopen", target="help_started"),
}
# Refused by the newest migration only.
OTHER_PHASES: dict[str, Attack] = {
    "an open state in the phase of an end, which would hide the case": _with(phase="ended"),
    "an open state in another phase": _with(phase="referral"),
    "a phase that is none": _with(phase="limbo"),
    "a phase that is null": _with(phase=None),
    "the first entry of a part in another phase": _new_part_that_begins(phase="ended"),
}
NAMES_NOBODY: dict[str, Attack] = {
    "a person who is not there": _with(actor_id=NEW),
    "an organisation that is not there": _with(organisation_id=NEW),
    "settings that are not there": _with(settings=DIGEST),
}


def test_the_entry_that_truly_comes_next_is_taken(forger: Forger) -> None:
    """A genuine row is accepted: the refusals below are due to the forgery."""
    with forger.at_work() as connection:
        insert_entry(connection, forger.cases.advised)
        _new_part_that_begins()(connection, forger.cases)

        assert head_of_case(connection, forger.cases.advised).digest == DIGEST
        assert head_of_part(connection, NEW).state == "requested"


@broken_by(
    "I11: SQLite refuses an entry whose source is not the state of its part, also without foreign keys",
    "migrations/sql/0002-sqlite.sql",
    "AND coalesce(p.state, 'start') = NEW.source",
    "",
    case="sqlite undermined",
)
@broken_by(
    "I11: PostgreSQL refuses an entry whose source is not the state of its part, also under replication",
    "migrations/sql/0002-postgresql.sql",
    "AND coalesce(p.state, 'start') = NEW.source",
    "",
    case="postgresql undermined",
)
@broken_by(
    "I11: SQLite refuses new edges of a complete workflow definition",
    "migrations/sql/0001-sqlite.sql",
    "AND w.edges > (SELECT count(*) FROM workflow_edges e WHERE e.workflow = NEW.workflow)",
    "",
    case="sqlite afterwards",
)
@broken_by(
    "PostgreSQL refuses an entry that happened before the last entry of its part",
    "migrations/sql/0002-postgresql.sql",
    "AND coalesce(p.occurred_at, NEW.occurred_at) <= NEW.occurred_at",
    "",
    case="postgresql life",
)
@broken_by(
    "SQLite refuses an entry that was recorded before the last entry of its case",
    "migrations/sql/0002-sqlite.sql",
    "AND c.recorded_at <= NEW.recorded_at",
    "",
    case="sqlite recording",
)
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_i11_a_forged_entry_is_refused(forger: Forger, attack: Attack) -> None:
    with forger.at_work() as connection, pytest.raises(IntegrityError):
        attack(connection, forger.cases)


@broken_by(
    "SQLite refuses an entry whose phase is not that of its state",
    "migrations/sql/0010-sqlite.sql",
    "WHERE w.hash = NEW.workflow AND json_extract(w.definition, '$.states.' || NEW.target || '.phase') = NEW.phase",
    "WHERE w.hash = NEW.workflow",
    case="sqlite hide",
)
@broken_by(
    "PostgreSQL refuses an entry whose phase is not that of its state",
    "migrations/sql/0010-postgresql.sql",
    "WHERE w.hash = NEW.workflow AND w.definition::json -> 'states' -> NEW.target ->> 'phase' = NEW.phase",
    "WHERE w.hash = NEW.workflow",
    case="postgresql hide",
)
@pytest.mark.parametrize("attack", OTHER_PHASES.values(), ids=OTHER_PHASES.keys())
def test_an_entry_in_another_phase_than_that_of_its_state_is_refused(forger: Forger, attack: Attack) -> None:
    with forger.at_work() as connection, pytest.raises(IntegrityError):
        attack(connection, forger.cases)


@pytest.mark.parametrize("attack", NAMES_NOBODY.values(), ids=NAMES_NOBODY.keys())
def test_an_entry_that_names_what_is_not_there_is_refused(forger: Forger, attack: Attack) -> None:
    if forger.undermined:
        return  # these are foreign keys alone: start-up refuses a connection on which they are off
    with forger.at_work() as connection, pytest.raises(IntegrityError):
        attack(connection, forger.cases)


@broken_by(
    "SQLite refuses a time that is not a number",
    "migrations/sql/0002-sqlite.sql",
    "OR typeof(NEW.occurred_at) <> 'integer' ",
    "",
)
@pytest.mark.parametrize("column", ["occurred_at", "recorded_at"])
def test_a_time_that_is_a_word_is_refused(forger: Forger, column: str) -> None:
    """SQLite sorts any text after every number: the entry would stay the last for ever."""
    with forger.at_work() as connection, pytest.raises((IntegrityError, DataError)):
        insert_entry(connection, forger.cases.advised, **{column: "zaterdag"})
