"""Recomputing a stored history: every digest, number and edge, and the head that it leads to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from service.domain.chain import BEGINNING, content_digest, entry_digest, facts_digest
from service.storage.rows import to_transition
from service.storage.tables import cases, contents, parts, transitions, workflow_edges


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict on one case; `reason` names the first thing that is not as it was recorded."""

    sound: bool
    entries: int
    head: str
    first_bad_sequence: int | None = None
    reason: str | None = None


def verify(connection: Connection, case_id: UUID) -> Verification:
    rows = connection.execute(
        select(transitions).where(transitions.c.case_id == str(case_id)).order_by(transitions.c.sequence)
    ).all()
    head = connection.execute(select(cases.c.sequence, cases.c.digest).where(cases.c.id == str(case_id))).one()
    fault = next(_faults(connection, case_id, rows, head), None)
    if fault is None:
        return Verification(True, len(rows), head.digest)
    return Verification(False, len(rows), head.digest, fault[0], fault[1])


Fault = tuple[int, str]


def _faults(connection: Connection, case_id: UUID, rows: Sequence[Row[Any]], head: Any) -> Iterator[Fault]:
    sealed = {
        row.sequence: row for row in connection.execute(select(contents).where(contents.c.case_id == str(case_id)))
    }
    edges = _edges(connection, {row.workflow for row in rows})
    states: dict[str, tuple[int, str]] = {}
    previous = BEGINNING
    for expected, row in enumerate(rows, 1):
        yield from _faults_of_entry(row, expected, previous, sealed.get(row.sequence))
        yield from _faults_of_path(row, states, edges)
        states[row.part_id] = (row.part_sequence, row.target)
        previous = row.digest
    if (head.sequence, head.digest) != (len(rows), previous):
        yield len(rows), "the head of the case is not its last entry"
    stored = connection.execute(
        select(parts.c.id, parts.c.sequence, parts.c.state).where(parts.c.case_id == str(case_id))
    )
    if {row.id: (row.sequence, row.state) for row in stored} != states:
        yield len(rows), "the head of a part is not its last entry"


def _faults_of_entry(row: Row[Any], expected: int, previous: str, content: Row[Any] | None) -> Iterator[Fault]:
    if row.sequence != expected:
        yield expected, "an entry is missing"
    if (row.prev_digest or BEGINNING) != previous:
        yield row.sequence, "it does not follow the entry before"
    if row.facts_salt is not None and facts_digest(row.facts_salt, to_transition(row)) != row.facts_digest:
        yield row.sequence, "its facts are not as they were recorded"
    if (content is None) != (row.content_digest is None):
        yield row.sequence, "its content is not there, or was not part of it"
    if content is not None and content.salt is not None and _digest_of(content) != row.content_digest:
        yield row.sequence, "its content is not as it was recorded"
    if entry_digest(previous, row.sequence, row.facts_digest, row.content_digest) != row.digest:
        yield row.sequence, "its digest is not that of its facts and content"


def _digest_of(content: Row[Any]) -> str:
    return content_digest(content.salt, content.ciphertext)


def _faults_of_path(
    row: Row[Any], states: dict[str, tuple[int, str]], edges: set[tuple[str, str, str, str]]
) -> Iterator[Fault]:
    number, state = states.get(row.part_id, (0, "start"))
    if (row.part_sequence, row.source) != (number + 1, state):
        yield row.sequence, "it does not continue its part"
    if (row.workflow, row.trigger_name, row.source, row.target) not in edges:
        yield row.sequence, "its workflow has no such step"


def _edges(connection: Connection, workflows: set[str]) -> set[tuple[str, str, str, str]]:
    e = workflow_edges.c
    query = select(e.workflow, e.trigger_name, e.source, e.target).where(e.workflow.in_(sorted(workflows)))
    return {(row.workflow, row.trigger_name, row.source, row.target) for row in connection.execute(query)}
