"""I11, I12: whatever people do with a case, its heads are the replay of its history and its numbers have no gaps."""

from collections.abc import Iterator
from random import Random
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, Engine, select, text

from api_tests.support.case_file import CaseFile
from api_tests.support.forgery import counted, entries_of_case, head_of_case, say
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.workflows import workflow_of
from service.cases.store.tables import parts
from service.database.columns import NO_DAY

STEPS = 10
STARTS = ("submitted", "in_review", "advice_issued", "help_started", "monitored", "withdrawn")
ENDS = ("withdrawn", "transferred", "declined", "closed")
Choice = tuple[dict[str, Any] | None, str, str]


def _choices(case: CaseFile) -> Iterator[Choice]:
    """Every step that the case and its parts know in their states, with the state it leads to."""
    seen = case.seen()
    for part in (None, *seen["parts"]):
        kind, state = (part["kind"], part["state"]["code"]) if part else ("case", seen["main"]["state"]["code"])
        for trigger, source, target in sorted(workflow_of(kind).definition.edges()):
            if source == state:
                yield part, trigger, target


def _take_a_step(case: CaseFile, chance: Random) -> httpx.Response:
    """Some step by whoever it is for; an end only now and then, because little can be done after one."""
    choices = list(_choices(case))
    going_on = [choice for choice in choices if choice[2] not in ENDS]
    part, trigger, _ = chance.choice(going_on if going_on and chance.random() < 0.95 else choices)
    return case.attempt(trigger, part=part)


def _replayed(connection: Connection, case_id: str) -> tuple[tuple[Any, ...], dict[str, tuple[Any, ...]]]:
    """The heads as the history alone leaves them, checking on the way that it continues itself everywhere."""
    case: tuple[Any, ...] = (0, None, 0, None)
    heads: dict[str, tuple[Any, ...]] = {}
    for it in entries_of_case(connection, case_id):
        number, state, happened = heads.get(it.part_id, (0, "start", it.occurred_at))[:3]
        assert (it.sequence, it.prev_digest) == (case[0] + 1, case[1])
        assert (it.part_sequence, it.source) == (number + 1, state)
        assert it.recorded_at >= case[2]
        assert it.occurred_at >= happened
        case = (it.sequence, it.digest, it.recorded_at, it.region)
        now = (it.part_sequence, it.target, it.occurred_at)
        heads[it.part_id] = (*now, it.phase, it.party, it.party_id, it.assignee_id, it.due_on or NO_DAY)
    return case, heads


def _stored(connection: Connection, case_id: str) -> tuple[tuple[Any, ...], dict[str, tuple[Any, ...]]]:
    head = head_of_case(connection, case_id)
    return (head.sequence, head.digest, head.recorded_at, head.region), {
        it.id: (it.sequence, it.state, it.occurred_at, it.phase, it.party, it.party_id, it.assignee_id, it.due_on)
        for it in connection.execute(select(parts).where(parts.c.case_id == case_id))
    }


@broken_by(
    "I11: every entry has its news",
    "service/cases/store/cases.py",
    "for entry in entries\n            ],",
    "for entry in entries[:1]\n            ],",
)
@broken_by(
    "I12: a head is the replay of its history",
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
    taken: list[int] = []

    for _ in range(STEPS):
        with database.connect() as connection:
            before = counted(connection)
        answer = _take_a_step(case, chance)
        taken.append(answer.status_code)
        found = people.esra.get(f"{case.path}/verification").json()
        with database.connect() as connection:
            head, heads = _replayed(connection, case.id)
            assert _stored(connection, case.id) == (head, heads)
            after = counted(connection)

        assert answer.status_code in (201, 400, 403, 404, 409), answer.text
        assert (after == before) == (answer.status_code != 201)
        assert after["outbox"] == after["transitions"]
        assert (found["sound"], found["entries"], found["head"]) == (True, head[0], head[1]), found
        shown = case.seen()
        assert {it["id"]: it["state"]["code"] for it in (shown["main"], *shown["parts"])} == {
            id_: state for id_, (_, state, *_) in heads.items()
        }

    assert taken.count(201) >= STEPS // 4, f"too little happened: {taken}"


def test_i11_an_entry_that_was_changed_behind_its_back_is_named_to_whoever_verifies_the_case(
    case: CaseFile, database: Engine
) -> None:
    case.fire("start_triage")
    case.fire("add_note")
    truth = case.history()[1]["by"]["role"]

    _changed_quietly(database, case.id, 2, role="chair")
    found = case.people.esra.get(f"{case.path}/verification").json()
    _changed_quietly(database, case.id, 2, role=truth)
    again = case.people.esra.get(f"{case.path}/verification").json()

    assert (found["sound"], found["firstBadSequence"]) == (False, 2)
    assert found["reason"] == "its facts are not as they were recorded"
    assert (again["sound"], again["firstBadSequence"], again["reason"]) == (True, None, None)


def _changed_quietly(database: Engine, case_id: str, sequence: int, *, role: str) -> None:
    """As its owner may change a database: the protection is off for no longer than the change takes."""
    with database.begin() as connection:
        if connection.dialect.name == "sqlite":
            found = text("SELECT sql FROM sqlite_master WHERE name = 'transitions_no_update'")
            off, on = "DROP TRIGGER transitions_no_update", str(connection.execute(found).scalar_one())
        else:
            off, on = (
                f"ALTER TABLE transitions {how} TRIGGER transitions_no_update" for how in ("DISABLE", "ENABLE ALWAYS")
            )
        say(connection, off)
        change = "UPDATE transitions SET role = :role WHERE case_id = :case_id AND sequence = :sequence"
        say(connection, change, role=role, case_id=case_id, sequence=sequence)
        say(connection, on)
