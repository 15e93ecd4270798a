"""Recomputing a stored history: every digest, number and edge, and the heads that it leads to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from service.domain.case import START
from service.domain.chain import BEGINNING, content_digest, entry_digest, facts_digest
from service.domain.definition import Definition
from service.storage.rows import to_transition
from service.storage.tables import NO_DAY, cases, contents, parts, transitions, workflows

# What a damaged row may do to whoever reads it: a text that is no identifier, a time that is none, codes that are none.
_UNREADABLE = (ValueError, TypeError, AttributeError, OverflowError, OSError)


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
    case = connection.execute(select(cases).where(cases.c.id == str(case_id))).one()
    fault = next(_faults(connection, case, rows), None)
    if fault is None:
        return Verification(True, len(rows), case.digest)
    return Verification(False, len(rows), case.digest, fault[0], fault[1])


Fault = tuple[int, str]


def _faults(connection: Connection, case: Row[Any], rows: Sequence[Row[Any]]) -> Iterator[Fault]:
    sealed = {row.sequence: row for row in connection.execute(select(contents).where(contents.c.case_id == case.id))}
    known = _definitions(connection, {row.workflow for row in rows})
    edges = {(hash_, *edge) for hash_, definition in known.items() for edge in definition.edges()}
    runs_on: dict[str, str] = {}
    last: dict[str, Row[Any]] = {}
    previous = BEGINNING
    for expected, row in enumerate(rows, 1):
        yield from _faults_of_entry(row, expected, previous, sealed.pop(row.sequence, None))
        yield from _faults_of_path(row, last.get(row.part_id), edges)
        # A plan takes a part from one workflow to another; any other step is one of the workflow that the part is on.
        plan = known[row.workflow].adopts if row.workflow in known else None
        left, reached = plan or (row.workflow, row.workflow)
        if runs_on.get(row.part_id, left) != left:
            yield row.sequence, "its workflow is not that of its part"
        last[row.part_id], runs_on[row.part_id] = row, reached
        previous = row.digest
    for sequence in sorted(sealed):
        yield sequence, "its content is there without it"
    if case.sequence > len(rows):
        yield len(rows) + 1, "an entry is missing"
    if _head_of_case(case) != _head_by_history(case, rows):
        yield len(rows), "the head of the case is not its last entry"
    yield from _faults_of_parts(connection, case, last, runs_on, len(rows))


def _faults_of_entry(row: Row[Any], expected: int, previous: str, content: Row[Any] | None) -> Iterator[Fault]:
    if row.sequence != expected:
        yield expected, "an entry is missing"
    if (row.prev_sequence or 0, row.prev_digest or BEGINNING) != (expected - 1, previous):
        yield row.sequence, "it does not follow the entry before"
    if not _facts_hold(row):
        yield row.sequence, "its facts are not as they were recorded"
    if (content is None) != (row.content_digest is None):
        yield row.sequence, "its content is not there, or was not part of it"
    if content is not None and not _content_holds(content, row.content_digest):
        yield row.sequence, "its content is not as it was recorded"
    if entry_digest(previous, row.sequence, row.facts_digest, row.content_digest) != row.digest:
        yield row.sequence, "its digest is not that of its facts and content"


def _facts_hold(row: Row[Any]) -> bool:
    try:
        return bool(facts_digest(row.facts_salt, to_transition(row)) == row.facts_digest)
    except _UNREADABLE:
        return False


def _content_holds(content: Row[Any], digest: str) -> bool:
    try:
        found = content_digest(content.salt, content.nonce, content.content_class, content.form, content.ciphertext)
    except _UNREADABLE:
        return False
    return bool(found == digest)


def _faults_of_path(row: Row[Any], before: Row[Any] | None, edges: set[tuple[str, str, str, str]]) -> Iterator[Fault]:
    number, state = (before.part_sequence, before.target) if before else (0, START)
    if (row.part_sequence, row.prev_part_sequence or 0, row.source) != (number + 1, number, state):
        yield row.sequence, "it does not continue its part"
    if (row.workflow, row.trigger_name, row.source, row.target) not in edges:
        yield row.sequence, "its workflow has no such step"


def _definitions(connection: Connection, hashes: set[str]) -> dict[str, Definition]:
    """The definitions and plans, under the hash that their text really has."""
    texts = connection.execute(select(workflows.c.definition).where(workflows.c.hash.in_(hashes))).scalars()
    found = {}
    for text in texts:
        try:
            definition = Definition.from_stored(text)
            found[definition.hash] = definition
        except _UNREADABLE:
            continue
    return found


def _head_of_case(case: Row[Any]) -> tuple[Any, ...]:
    return case.sequence, case.digest, case.recorded_at, case.region, case.submitted_at, case.submitter_id


def _head_by_history(case: Row[Any], rows: Sequence[Row[Any]]) -> tuple[Any, ...]:
    """What the head must be. A case waits from its submission in life on, for the organisation that made it."""
    if not rows:
        return 0, BEGINNING, *_head_of_case(case)[2:]
    first, last = rows[0], rows[-1]
    return len(rows), last.digest, last.recorded_at, last.region, first.occurred_at, first.organisation_id


def _faults_of_parts(
    connection: Connection, case: Row[Any], last: dict[str, Row[Any]], runs_on: dict[str, str], entries: int
) -> Iterator[Fault]:
    stored = {row.id: row for row in connection.execute(select(parts).where(parts.c.case_id == case.id))}
    if stored.keys() != last.keys():
        yield entries, "the parts of the case are not those of its history"
    for part_id, entry in last.items():
        if part_id in stored and _head_of_part(stored[part_id]) != _part_by_history(case, entry, runs_on[part_id]):
            yield entry.sequence, "the head of a part is not its last entry"


def _head_of_part(part: Row[Any]) -> tuple[Any, ...]:
    head = (part.sequence, part.state, part.phase, part.occurred_at)
    ours = (part.party, part.party_id, part.assignee_id, part.due_on)
    fixed = (part.kind, part.workflow, part.line, part.addressee_id, part.team_id, part.submitter_id)
    return *head, *ours, *fixed


def _part_by_history(case: Row[Any], entry: Row[Any], workflow: str) -> tuple[Any, ...]:
    head = (entry.part_sequence, entry.target, entry.phase, entry.occurred_at)
    theirs = (entry.party, entry.party_id, entry.assignee_id, entry.due_on or NO_DAY)
    fixed = (entry.part_kind, workflow, entry.line, entry.addressee_id, case.team_id, case.submitter_id)
    return *head, *theirs, *fixed
