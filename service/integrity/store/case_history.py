"""Verification of a stored history: recomputes every digest, number and edge, and the heads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Connection, Row, bindparam, select

from service.cases.rules.history_chain import GENESIS_DIGEST, content_digest, entry_digest, facts_digest
from service.cases.rules.model import Case, Transition
from service.cases.store.rows import facts_to_row, row_to_case, row_to_transition
from service.cases.store.tables import cases, content_destructions, contents, destructions, parts, transitions
from service.database.columns import NO_DUE_DAY
from service.integrity.rules.recorded_steps import RecordedSteps
from service.integrity.rules.register import Register
from service.integrity.store.destroyed_case import DestroyedCaseCheck, EntryFault
from service.integrity.store.destroyed_content import DestroyedContentCheck
from service.integrity.store.references import read_references
from service.kinds import KINDS
from service.vocabulary.messages import MESSAGES
from service.workflows.rules.kinds import START

# Errors that reading a damaged row may raise: an invalid identifier, time or code.
_UNREADABLE = (ValueError, TypeError, AttributeError, OverflowError, OSError)
# Built once for thousands of cases: building a statement takes several times as long as running it.
_ID: BindParameter[str] = bindparam("case_id")
_CASE = select(cases).where(cases.c.id == _ID)
_CERTIFICATE = select(destructions).where(destructions.c.case_id == _ID)
_HISTORY = select(transitions).where(transitions.c.case_id == _ID).order_by(transitions.c.sequence)
_CONTENTS = select(contents).where(contents.c.case_id == _ID).order_by(contents.c.sequence)
_CONTENT_CERTIFICATES = select(content_destructions).where(content_destructions.c.case_id == _ID)
_PARTS = select(parts).where(parts.c.case_id == _ID)


@dataclass(frozen=True, slots=True)
class Verification:
    """The result for one case. `fault` is the code of the first fault, `first_bad_sequence` its entry."""

    sound: bool
    entries: int
    head: str
    first_bad_sequence: int | None = None
    fault: str | None = None
    destroyed: bool = False

    @property
    def reason(self) -> str | None:
        return self.fault and MESSAGES["verification"][self.fault].en


def verify_history(
    connection: Connection, case_id: UUID | str, register: Register | None = None, *, until: datetime | None = None
) -> Verification:
    """Verify one history. When the case changes during a run that finds a fault, the run is repeated.

    `register` is what was read for earlier cases. A fault is looked at again with an empty one, since people and
    relations may be newer than what was read. `until`: the moment of verification, UTC.
    """
    while True:
        head = case, certificate = _head_and_certificate(connection, case_id)
        rows = connection.execute(_HISTORY, {"case_id": case.id}).all()
        faults = _faults(connection, case, certificate, rows, Register() if register is None else register, until)
        sequence, fault = next(faults, (None, None))
        if fault is None or (register is None and head == _head_and_certificate(connection, case_id)):
            return Verification(fault is None, len(rows), case.digest, sequence, fault, certificate is not None)
        register = None


def _head_and_certificate(connection: Connection, case_id: UUID | str) -> tuple[Row[Any], Row[Any] | None]:
    """Returns (row of the case, certificate of its destruction or None)."""
    parameters = {"case_id": str(case_id)}
    return connection.execute(_CASE, parameters).one(), connection.execute(_CERTIFICATE, parameters).one_or_none()


def _faults(
    connection: Connection,
    case: Row[Any],
    certificate: Row[Any] | None,
    rows: Sequence[Row[Any]],
    register: Register,
    until: datetime | None,
) -> Iterator[EntryFault]:
    content_rows = {row.sequence: row for row in connection.execute(_CONTENTS, {"case_id": case.id})}
    last: dict[str, Row[Any]] = {}
    check: DestroyedCaseCheck | _LivingCaseCheck
    if certificate:
        check = DestroyedCaseCheck(certificate)
    else:
        entries = {row.sequence: entry for row in rows if (entry := _read_entry(row))}
        whole_case = _read_case(case)
        read_references(connection, register, whole_case, tuple(entries.values()))
        emptied = {row.sequence: row for row in connection.execute(_CONTENT_CERTIFICATES, {"case_id": case.id})}
        check = _LivingCaseCheck(whole_case, entries, register, until, DestroyedContentCheck(emptied, rows))
    previous = GENESIS_DIGEST
    for expected, row in enumerate(rows, 1):
        before = last.get(row.part_id)
        yield from _faults_of_entry(row, expected, previous, before)
        yield from check.faults_of(row, content_rows.pop(row.sequence, None), before)
        last[row.part_id], previous = row, row.digest
    for sequence in content_rows:
        yield sequence, "content_alone"
    if not rows or (isinstance(case.sequence, int) and case.sequence > len(rows)):
        yield len(rows) + 1, "entry_missing"
    stored = {row.id: row for row in connection.execute(_PARTS, {"case_id": case.id})}
    if stored.keys() != last.keys():
        yield len(rows), "parts"
    yield from check.faults_of_heads(case, stored, last, rows)


def _faults_of_entry(row: Row[Any], expected: int, previous: str, before: Row[Any] | None) -> Iterator[EntryFault]:
    """Faults of the numbers and digests of an entry, destroyed or not."""
    if row.sequence != expected:
        yield expected, "entry_missing"
    if (row.prev_sequence or 0, row.prev_digest or GENESIS_DIGEST) != (expected - 1, previous):
        yield row.sequence, "not_following"
    if entry_digest(previous, row.sequence, row.facts_digest, row.content_digest) != row.digest:
        yield row.sequence, "digest"
    number = before.part_sequence if before else 0
    if (row.part_sequence, row.prev_part_sequence or 0) != (number + 1, number):
        yield row.sequence, "part_not_continued"


class _LivingCaseCheck:
    """Checks a case that is not destroyed: facts, content, and the path of each part through its workflow."""

    def __init__(
        self,
        case: Case | None,
        entries: Mapping[int, Transition],
        register: Register,
        until: datetime | None,
        destroyed: DestroyedContentCheck,
    ) -> None:
        self._entries, self._definitions = entries, register.definitions
        self._steps = RecordedSteps(case, KINDS, register, until) if case else None
        self._destroyed = destroyed
        self._runs_on: dict[str, str] = {}

    def faults_of(self, row: Row[Any], content: Row[Any] | None, before: Row[Any] | None) -> Iterator[EntryFault]:
        entry = self._entries.get(row.sequence)
        if row.facts_salt is None:
            yield row.sequence, "emptied"
        if entry is None or not _facts_hold(row, entry):
            yield row.sequence, "facts"
        if (content is None) != (row.content_digest is None):
            yield row.sequence, "content_missing"
        yield from self._destroyed.faults_of(row, content)
        is_destroyed = row.sequence in self._destroyed.certificates
        if content is not None and not is_destroyed and not _content_holds(content, row.content_digest):
            yield row.sequence, "content"
        if row.source != (before.target if before else START):
            yield row.sequence, "part_not_continued"
        definition = self._definitions.get(row.workflow)
        if definition is None or not definition.has_edge(row.trigger_name, row.source, row.target):
            yield row.sequence, "no_such_step"
        # An entry of a workflow plan takes a part to another workflow; every other entry stays in that of the part.
        from_workflow, to_workflow = (definition and definition.adopts) or (row.workflow, row.workflow)
        if self._runs_on.get(row.part_id, from_workflow) != from_workflow:
            yield row.sequence, "other_workflow"
        self._runs_on[row.part_id] = to_workflow
        for fault in self._faults_of_step(entry, content):
            yield row.sequence, fault

    def _faults_of_step(self, entry: Transition | None, content: Row[Any] | None) -> Sequence[str]:
        if entry is None or self._steps is None:
            return ()
        try:
            # The form of destroyed content went with it; the entry still names it.
            is_destroyed = entry.sequence in self._destroyed.certificates
            form = entry.form if is_destroyed else content.form if content else None
            return tuple(self._steps.faults_of(entry, form, has_content=content is not None))
        except _UNREADABLE:
            return ("facts",)

    def faults_of_heads(
        self, case: Row[Any], stored: Mapping[str, Row[Any]], last: Mapping[str, Row[Any]], rows: Sequence[Row[Any]]
    ) -> Iterator[EntryFault]:
        if _head_of_case(case) != _head_by_history(rows):
            yield len(rows), "case_head"
        for part_id, entry in last.items():
            by_history = _part_by_history(case, entry, self._runs_on[part_id])
            if part_id in stored and _head_of_part(stored[part_id]) != by_history:
                yield entry.sequence, "part_head"


def _read_entry(row: Row[Any]) -> Transition | None:
    """Returns the entry of a row; None for a damaged row."""
    try:
        return row_to_transition(row)
    except _UNREADABLE:
        return None


def _read_case(row: Row[Any]) -> Case | None:
    """Returns the case of a row; None for a damaged row, which does not match its history."""
    try:
        return row_to_case(row._mapping)  # noqa: SLF001 - its API
    except _UNREADABLE:
        return None


def _facts_hold(row: Row[Any], entry: Transition) -> bool:
    try:
        same = facts_to_row(entry).items() <= row._mapping.items()  # noqa: SLF001 - its API
        return same and bool(facts_digest(row.facts_salt, entry) == row.facts_digest)
    except _UNREADABLE:
        return False


def _content_holds(content: Row[Any], digest: str) -> bool:
    try:
        actual = content_digest(content.salt, content.nonce, content.content_class, content.form, content.ciphertext)
    except _UNREADABLE:
        return False
    return bool(actual == digest)


def _head_of_case(case: Row[Any]) -> tuple[Any, ...]:
    return case.sequence, case.digest, case.recorded_at, case.region, case.submitted_at, case.submitter_id


def _head_by_history(rows: Sequence[Row[Any]]) -> tuple[Any, ...]:
    """The expected head. `submitted_at` is when the first entry occurred, `submitter_id` its organisation."""
    first, last = rows[0], rows[-1]
    return len(rows), last.digest, last.recorded_at, last.region, first.occurred_at, first.organisation_id


def _head_of_part(part: Row[Any]) -> tuple[Any, ...]:
    head = (part.sequence, part.state, part.phase, part.occurred_at)
    duty = (part.party, part.party_id, part.assignee_id, part.due_on)
    fixed = (part.kind, part.workflow, part.line, part.addressee_id, part.team_id, part.submitter_id)
    return *head, *duty, *fixed


def _part_by_history(case: Row[Any], entry: Row[Any], workflow: str) -> tuple[Any, ...]:
    head = (entry.part_sequence, entry.target, entry.phase, entry.occurred_at)
    duty = (entry.party, entry.party_id, entry.assignee_id, entry.due_on or NO_DUE_DAY)
    fixed = (entry.part_kind, workflow, entry.line, entry.addressee_id, case.team_id, case.submitter_id)
    return *head, *duty, *fixed
