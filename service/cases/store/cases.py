"""The store of cases and their history. Reads check sight, and `record` is the only way to change a case."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, insert, literal_column, not_, or_, select, true

from service.cases.rules.amendments import AMENDING_TRIGGERS
from service.cases.rules.history_chain import GENESIS_DIGEST
from service.cases.rules.model import Case, Content, Part, Transition
from service.cases.store.certificates import find_certificate
from service.cases.store.contents import Contents
from service.cases.store.rows import entry_to_row, optional_text, row_to_case, row_to_part, row_to_transition
from service.cases.store.tables import cases, outbox, parts, transitions
from service.cases.store.visibility import main_part, may_oversee_log, may_read_whole_case, may_see_part
from service.database.columns import LARGEST_INTEGER
from service.database.transaction import Transaction
from service.vocabulary.actor import Actor
from service.vocabulary.calendar import from_microseconds, to_microseconds


@dataclass(frozen=True, slots=True)
class VisiblePart:
    """A part that a person may see. `may_read_case`: this person may read the whole case."""

    case: Case
    part: Part
    may_read_case: bool


# Building a statement takes several times as long as running it, so frequent statements are built once.
_LOCK = select(cases.c.id).where(cases.c.id == bindparam("case_id")).with_for_update()
_HISTORY = select(transitions).where(transitions.c.case_id == bindparam("case_id")).order_by(transitions.c.sequence)
# A note changes no fact. Notes in an escalation stay: one of the chair answers the signal of a liaison.
_IS_NOTE = and_(
    transitions.c.trigger_name == "add_note",
    transitions.c.source == transitions.c.target,
    transitions.c.part_kind != "escalation",
)
_HISTORY_WITHOUT_NOTES = _HISTORY.where(or_(transitions.c.trigger_name.is_(None), not_(_IS_NOTE)))
_ENTRIES_AFTER = _HISTORY.where(transitions.c.sequence > bindparam("after")).limit(bindparam("limit"))
_OF_PART = select(transitions).where(
    transitions.c.case_id == bindparam("case_id"), transitions.c.part_id == bindparam("part_id")
)
_ENTRY_OF_PART = _OF_PART.where(transitions.c.part_sequence == bindparam("part_sequence"))
_PART_AFTER = _OF_PART.where(transitions.c.part_sequence > bindparam("after")).order_by(transitions.c.part_sequence)
_PAGE_OF_PART = _PART_AFTER.limit(bindparam("limit"))
_ADD_ENTRY = insert(transitions)
# A literal: with a bound parameter, PostgreSQL could not use the partial index.
_RECORD_GAP: ColumnElement[str] = literal_column("'record_gap'")
_ADD_EVENTS = insert(outbox)


@lru_cache(maxsize=1000)
def _part_statement(seen_by: Actor) -> Select[Any]:
    """Returns the query for one part with its case, for a person with these memberships."""
    return (
        select(cases, parts, may_read_whole_case(seen_by).label("whole"))
        .select_from(
            parts.join(cases, cases.c.id == parts.c.case_id).join(main_part, main_part.c.id == parts.c.case_id)
        )
        .where(parts.c.case_id == bindparam("case_id"), parts.c.id == bindparam("part_id"), may_see_part(seen_by))
    )


@lru_cache(maxsize=1000)
def _other_parts_statement(seen_by: Actor) -> Select[Any]:
    """Returns the query for the parts besides the main part, for a person with these memberships."""
    # "IS true" keeps SQLite from using the index of the team, which would read every part the team ever had.
    is_visible = may_see_part(seen_by).is_(true())
    return (
        select(parts)
        .select_from(parts.join(main_part, main_part.c.id == parts.c.case_id))
        .where(parts.c.case_id == bindparam("case_id"), parts.c.kind != "case", is_visible)
        .order_by(parts.c.kind, parts.c.line, parts.c.id)
    )


class Cases:
    """The only store that opens or changes a case."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._transaction = transaction

    def find_part(self, case_id: UUID, part_id: UUID, *, seen_by: Actor, lock: bool = False) -> VisiblePart | None:
        """Returns the part if this person may see it. `lock` holds the case until the transaction ends.

        Raises CaseDestroyed for a destroyed case that this person could read as a whole.
        """
        if lock:
            # A statement of its own before the read: the step is decided on rows that were read after the lock.
            self._connection.execute(_LOCK, {"case_id": str(case_id)})
        keys = {"case_id": str(case_id), "part_id": str(part_id)}
        row = self._connection.execute(_part_statement(seen_by), keys).first()
        if row is None:
            return None
        if row.state is None:
            self.require_not_destroyed(case_id)
        return VisiblePart(row_to_case(row._mapping), row_to_part(row._mapping), bool(row.whole))  # noqa: SLF001 - public API of Row

    def find_by_number(self, number: str, *, regions: Collection[str]) -> tuple[Case, Part] | None:
        """Returns (case, main part) by case number, locked, if one of these regions owns the case."""
        where = and_(cases.c.number == number, cases.c.region.in_(sorted(regions)))
        if (case_id := self._connection.execute(select(cases.c.id).where(where).with_for_update()).scalar()) is None:
            return None
        joined = parts.join(cases, cases.c.id == parts.c.id)
        statement = select(cases, parts).select_from(joined).where(cases.c.id == case_id, parts.c.state.is_not(None))
        row = self._connection.execute(statement).first()
        if row is None:
            return None
        return row_to_case(row._mapping), row_to_part(row._mapping)  # noqa: SLF001 - public API of Row

    def last_recorded_at(self) -> datetime | None:
        """Returns the latest moment at which any case was recorded."""
        moment = self._connection.execute(select(func.max(cases.c.recorded_at))).scalar()
        return None if moment is None else from_microseconds(moment)

    def find_for_emergency_access(self, number: str) -> Case | None:
        """Returns the case by number, locked. For emergency access only: it checks no sight."""
        row = self._connection.execute(select(cases).where(cases.c.number == number).with_for_update()).first()
        if row is None or find_certificate(self._connection, row.id):
            return None
        return row_to_case(row._mapping)  # noqa: SLF001 - public API of Row

    def find_for_officer(self, case_id: UUID, *, seen_by: Actor) -> Case | None:
        """Returns the head of the case if this person is the data-protection officer of its team."""
        row = self._connection.execute(
            select(cases).where(cases.c.id == str(case_id), may_oversee_log(seen_by))
        ).first()
        return row_to_case(row._mapping) if row else None  # noqa: SLF001 - public API of Row

    def other_parts(self, case_id: UUID, *, seen_by: Actor) -> tuple[Part, ...]:
        """Returns the visible parts besides the main part, by kind, line and id."""
        rows = self._connection.execute(_other_parts_statement(seen_by), {"case_id": str(case_id)})
        return tuple(row_to_part(row._mapping) for row in rows)  # noqa: SLF001 - public API of Row

    def history(self, case_id: UUID) -> tuple[Transition, ...]:
        """Returns every entry in order of sequence, for readers of the whole case."""
        return tuple(map(row_to_transition, self._connection.execute(_HISTORY, {"case_id": str(case_id)}).all()))

    def history_without_notes(self, case_id: UUID) -> tuple[Transition, ...]:
        """Returns every entry that may carry a fact, in order of sequence, for guards, folds and rights.

        A case may have thousands of notes: a step never reads them (decision 0036).
        """
        rows = self._connection.execute(_HISTORY_WITHOUT_NOTES, {"case_id": str(case_id)}).all()
        return tuple(map(row_to_transition, rows))

    def entries_after(self, case_id: UUID, sequence: int, limit: int) -> tuple[Transition, ...]:
        """Returns at most `limit` entries after this one, in order of sequence."""
        keys = {"case_id": str(case_id), "after": sequence, "limit": limit}
        return tuple(map(row_to_transition, self._connection.execute(_ENTRIES_AFTER, keys).all()))

    def entries_of_part(
        self, case_id: UUID, part_id: UUID, after: int, limit: int | None = None
    ) -> tuple[Transition, ...]:
        """Returns the entries of this part after its n-th, at most `limit`, in order of `part_sequence`."""
        statement = _PART_AFTER if limit is None else _PAGE_OF_PART
        keys = {"case_id": str(case_id), "part_id": str(part_id), "after": after, "limit": limit}
        return tuple(map(row_to_transition, self._connection.execute(statement, keys).all()))

    def entry_of_part(self, case_id: UUID, part_id: UUID, part_sequence: int) -> Transition | None:
        """Returns the entry with this number in this part. None also for a number that no column can hold."""
        if not 0 < part_sequence <= LARGEST_INTEGER:
            return None
        keys = {"case_id": str(case_id), "part_id": str(part_id), "part_sequence": part_sequence}
        row = self._connection.execute(_ENTRY_OF_PART, keys).first()
        return row_to_transition(row) if row else None

    def histories(self, regions: Collection[str]) -> tuple[tuple[Transition, ...], ...]:
        """Returns the complete history of each case that these regions own now."""
        rows = self._connection.execute(
            select(transitions)
            .join(cases, cases.c.id == transitions.c.case_id)
            .where(cases.c.region.in_(sorted(regions)), transitions.c.facts_salt.is_not(None))
            .order_by(transitions.c.case_id, transitions.c.sequence)
        )
        return tuple(tuple(map(row_to_transition, group)) for _, group in groupby(rows, key=lambda row: row.case_id))

    def recorded_gaps(self, region: str) -> tuple[Transition, ...]:
        """Returns the gaps in help that were recorded while the region owned the case, and the amendments of that time.

        Checks no sight: use cases may publish only sums, through the disclosure gate of all figures.
        """
        columns, gap = transitions.c, transitions.alias("gap").c
        with_gaps = select(gap.case_id).where(gap.region == region, gap.trigger_name == _RECORD_GAP)
        amended = and_(columns.trigger_name.in_(AMENDING_TRIGGERS), columns.case_id.in_(with_gaps))
        rows = self._connection.execute(
            select(transitions)
            .where(columns.region == region, or_(columns.trigger_name == _RECORD_GAP, amended))
            .order_by(columns.case_id, columns.sequence)
        )
        return tuple(map(row_to_transition, rows))

    def entry_and_effects(self, case_id: UUID, sequence: int) -> tuple[Transition, ...]:
        """Returns an entry and the entries that it caused, in order; nothing for a destroyed case."""
        columns = transitions.c
        rows = self._connection.execute(
            select(transitions)
            .where(columns.case_id == str(case_id), (columns.sequence == sequence) | (columns.cause == sequence))
            .where(columns.facts_salt.is_not(None))
            .order_by(columns.sequence)
        )
        return tuple(row_to_transition(row) for row in rows)

    def part_sequence(self, case_id: UUID, sequence: int) -> int:
        """Returns the number of an entry within its part, also for a destroyed case."""
        columns = transitions.c
        statement = select(columns.part_sequence).where(columns.case_id == str(case_id), columns.sequence == sequence)
        return int(self._connection.execute(statement).scalar_one())

    def require_not_destroyed(self, case_id: UUID) -> None:
        """Raises CaseDestroyed for a destroyed case, whose parts have no state. Only for readers who may know of it."""
        if certificate := find_certificate(self._connection, case_id):
            raise certificate.refusal()

    def digest_of_entry(self, case_id: UUID, sequence: int) -> str:
        """Returns the digest of this entry, which is the head of the chain right after it."""
        columns = transitions.c
        statement = select(columns.digest).where(columns.case_id == str(case_id), columns.sequence == sequence)
        return str(self._connection.execute(statement).scalar_one())

    def case_number(self, case_id: UUID | str) -> str:
        return str(self._connection.execute(select(cases.c.number).where(cases.c.id == str(case_id))).scalar_one())

    def is_free_number(self, number: str) -> bool:
        return self._connection.execute(select(cases.c.id).where(cases.c.number == number)).first() is None

    def open_case(self, case: Case) -> None:
        """Insert the head of a new case. Its first transition must follow in the same transaction."""
        self._connection.execute(
            insert(cases),
            {
                "id": str(case.id),
                "number": case.number,
                "region": case.region,
                "team_id": str(case.team_id),
                "submitter_id": str(case.submitter_id),
                "submitted_at": to_microseconds(case.submitted_at),
                "sequence": 0,
                "digest": GENESIS_DIGEST,
                "recorded_at": to_microseconds(case.recorded_at),
            },
        )

    def record(self, case: Case, entries: Sequence[Transition], content: Content | None) -> None:
        """Append entries to the history and their events to the outbox. Triggers of the database move the heads.

        `content` belongs to the first entry. Raises IntegrityError when another transaction has added entries since.
        """
        if new_parts := [self._new_part_row(case, entry) for entry in entries if entry.part_sequence == 1]:
            self._connection.execute(insert(parts), new_parts)
        previous, contents = case.digest if case.sequence else None, Contents(self._transaction)
        for entry in entries:
            sealed = contents.seal(entry, content) if content else None
            row = entry_to_row(entry, previous, sealed.digest if sealed else None)
            self._connection.execute(_ADD_ENTRY, row)
            if sealed:
                contents.store(sealed)
            content, previous = None, row["digest"]
        self._connection.execute(
            _ADD_EVENTS,
            [
                {
                    "case_id": str(entry.case_id),
                    "sequence": entry.sequence,
                    "type": f"{entry.part_kind}.{entry.trigger}",
                }
                for entry in entries
            ],
        )
        self._transaction.has_new_events = True

    def _new_part_row(self, case: Case, entry: Transition) -> dict[str, Any]:
        return {
            "id": str(entry.part_id),
            "case_id": str(case.id),
            "kind": entry.part_kind,
            "team_id": str(case.team_id),
            "submitter_id": str(case.submitter_id),
            "line": entry.line,
            "addressee_id": optional_text(entry.addressee_id),
            "workflow": entry.workflow,
        }
