"""I11, I12: after any steps the heads of a case equal the replay of its history, and its numbers have no gaps."""

from collections.abc import Iterator
from random import Random
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, Engine, select, text

from api_tests.support.case_file import CaseFile
from api_tests.support.forgery import entries_of_case, head_of_case, row_counts, run_sql
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.workflows import workflow_of
from service.cases.store.tables import parts
from service.database.columns import NO_DUE_DAY

STEPS = 10
STARTS = ("submitted", "in_review", "advice_issued", "help_started", "monitored", "withdrawn")
ENDS = ("withdrawn", "transferred", "declined", "closed")
Choice = tuple[dict[str, Any] | None, str, str]


def _choices(case: CaseFile) -> Iterator[Choice]:
    """Every step that the case and its parts know in their states, with the state it leads to."""
    view = case.view()
    for part in (None, *view["parts"]):
        kind, state = (part["kind"], part["state"]["code"]) if part else ("case", view["main"]["state"]["code"])
        for trigger, source, target in sorted(workflow_of(kind).definition.edges()):
            if source == state:
                yield part, trigger, target


def _take_a_step(case: CaseFile, chance: Random) -> httpx.Response:
    """Attempt a random step by a person of its role. An end is chosen rarely, because few steps follow it."""
    choices = list(_choices(case))
    going_on = [choice for choice in choices if choice[2] not in ENDS]
    part, trigger, _ = chance.choice(going_on if going_on and chance.random() < 0.95 else choices)
    return case.attempt(trigger, part=part)


def _heads_by_replay(connection: Connection, case_id: str) -> tuple[tuple[Any, ...], dict[str, tuple[Any, ...]]]:
    """Returns (head of the case, heads by part id) as the history alone gives them; asserts that it has no gaps."""
    case: tuple[Any, ...] = (0, None, 0, None)
    heads: dict[str, tuple[Any, ...]] = {}
    for entry in entries_of_case(connection, case_id):
        number, state, happened = heads.get(entry.part_id, (0, "start", entry.occurred_at))[:3]
        assert (entry.sequence, entry.prev_digest) == (case[0] + 1, case[1])
        assert (entry.part_sequence, entry.source) == (number + 1, state)
        assert entry.recorded_at >= case[2]
        assert entry.occurred_at >= happened
        case = (entry.sequence, entry.digest, entry.recorded_at, entry.region)
        now = (entry.part_sequence, entry.target, entry.occurred_at)
        heads[entry.part_id] = (
            *now,
            entry.phase,
            entry.party,
            entry.party_id,
            entry.assignee_id,
            entry.due_on or NO_DUE_DAY,
        )
    return case, heads


def _stored_heads(connection: Connection, case_id: str) -> tuple[tuple[Any, ...], dict[str, tuple[Any, ...]]]:
    head = head_of_case(connection, case_id)
    return (head.sequence, head.digest, head.recorded_at, head.region), {
        part.id: (
            part.sequence,
            part.state,
            part.occurred_at,
            part.phase,
            part.party,
            part.party_id,
            part.assignee_id,
            part.due_on,
        )
        for part in connection.execute(select(parts).where(parts.c.case_id == case_id))
    }


@broken_by(
    "I11: every entry has its event",
    "service/cases/store/cases.py",
    "for entry in entries\n            ],",
    "for entry in entries[:1]\n            ],",
)
@broken_by(
    "I12: a head equals the replay of its history",
    "migrations/sql/0002-sqlite.sql",
    "    due_on = coalesce(NEW.due_on, '9999-12-31')",
    "    due_on = coalesce(NEW.due_on, due_on)",
)
@pytest.mark.parametrize("start", STARTS)
def test_i11_i12_after_every_step_of_a_walk_the_heads_are_the_replay_of_the_history(
    people: People, database: Engine, start: str
) -> None:
    case = CaseFile.submitted(people).go_to(start)
    chance = Random(start)
    statuses: list[int] = []

    for _ in range(STEPS):
        with database.connect() as connection:
            before = row_counts(connection)
        answer = _take_a_step(case, chance)
        statuses.append(answer.status_code)
        verification = people.esra.get(f"{case.path}/verification").json()
        with database.connect() as connection:
            head, heads = _heads_by_replay(connection, case.id)
            assert _stored_heads(connection, case.id) == (head, heads)
            after = row_counts(connection)

        assert answer.status_code in (201, 400, 403, 404, 409), answer.text
        assert (after == before) == (answer.status_code != 201)
        assert after["outbox"] == after["transitions"]
        assert (verification["sound"], verification["entries"], verification["head"]) == (True, head[0], head[1]), (
            verification
        )
        view = case.view()
        assert {part["id"]: part["state"]["code"] for part in (view["main"], *view["parts"])} == {
            id_: state for id_, (_, state, *_) in heads.items()
        }

    assert statuses.count(201) >= STEPS // 4, f"too little happened: {statuses}"


def test_i11_verification_names_an_entry_that_was_changed_behind_the_back_of_the_service(
    case: CaseFile, database: Engine
) -> None:
    case.fire("start_triage")
    case.fire("add_note")
    truth = case.history()[1]["by"]["role"]

    _change_role_unprotected(database, case.id, 2, role="chair")
    verification = case.people.esra.get(f"{case.path}/verification").json()
    _change_role_unprotected(database, case.id, 2, role=truth)
    again = case.people.esra.get(f"{case.path}/verification").json()

    assert (verification["sound"], verification["firstBadSequence"]) == (False, 2)
    assert verification["reason"] == "its facts have changed since they were recorded"
    assert (again["sound"], again["firstBadSequence"], again["reason"]) == (True, None, None)


def _change_role_unprotected(database: Engine, case_id: str, sequence: int, *, role: str) -> None:
    """Change a role as the owner of the database can: the protection is off during the change only."""
    with database.begin() as connection:
        if connection.dialect.name == "sqlite":
            query = text("SELECT sql FROM sqlite_master WHERE name = 'transitions_no_update'")
            off, on = "DROP TRIGGER transitions_no_update", str(connection.execute(query).scalar_one())
        else:
            off, on = (
                f"ALTER TABLE transitions {how} TRIGGER transitions_no_update" for how in ("DISABLE", "ENABLE ALWAYS")
            )
        run_sql(connection, off)
        change = "UPDATE transitions SET role = :role WHERE case_id = :case_id AND sequence = :sequence"
        run_sql(connection, change, role=role, case_id=case_id, sequence=sequence)
        run_sql(connection, on)
