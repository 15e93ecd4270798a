"""Cases and their history: found by who may see them, changed through one door, `record`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, insert, literal_column, or_, select, true

from service.cases.rules.history_chain import BEGINNING
from service.cases.rules.model import Case, Content, Part, Transition
from service.cases.store.certificates import certificate_of
from service.cases.store.contents import Contents
from service.cases.store.rows import text_of, to_case, to_part, to_row, to_transition
from service.cases.store.tables import cases, outbox, parts, transitions
from service.cases.store.visibility import main, overseen, visible, whole
from service.database.transaction import Transaction
from service.vocabulary.actor import Actor
from service.vocabulary.calendar import microseconds


@dataclass(frozen=True, slots=True)
class Sight:
    """A part as one person may see it: `whole` tells whether they may read the case around it."""

    case: Case
    part: Part
    whole: bool


# Building a statement takes several times as long as running it: those of every request are built once.
_LOCK = select(cases.c.id).where(cases.c.id == bindparam("case_id")).with_for_update()
_HISTORY = select(transitions).where(transitions.c.case_id == bindparam("case_id")).order_by(transitions.c.sequence)
_ADD_ENTRY = insert(transitions)
RECORD_GAP: ColumnElement[str] = literal_column("'record_gap'")  # written out, as in the index: see deliveries
_ADD_NEWS = insert(outbox)


@lru_cache(maxsize=1000)
def _one(seen_by: Actor) -> Select[Any]:
    """One part with its case, for a person with these memberships."""
    return (
        select(cases, parts, whole(seen_by).label("whole"))
        .select_from(parts.join(cases, cases.c.id == parts.c.case_id).join(main, main.c.id == parts.c.case_id))
        .where(parts.c.case_id == bindparam("case_id"), parts.c.id == bindparam("part_id"), visible(seen_by))
    )


@lru_cache(maxsize=1000)
def _beside(seen_by: Actor) -> Select[Any]:
    """The parts beside the main one, for a person with these memberships."""
    # "is true": else SQLite may walk along the index of the team, through every part that it ever had.
    seen = visible(seen_by).is_(true())
    return (
        select(parts)
        .select_from(parts.join(main, main.c.id == parts.c.case_id))
        .where(parts.c.case_id == bindparam("case_id"), parts.c.kind != "case", seen)
        .order_by(parts.c.kind, parts.c.line, parts.c.id)
    )


class Cases:
    """The only door through which a case is opened or changed."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._transaction = transaction

    def find(self, case_id: UUID, part_id: UUID, *, seen_by: Actor, lock: bool = False) -> Sight | None:
        """The part, when this person may see it. `lock` holds the case until the transaction ends.

        Raises CaseDestroyed for whoever could see all of a case that is no more.
        """
        if lock:
            # The lock comes first and alone: what is read after it is what the step is decided on.
            self._connection.execute(_LOCK, {"case_id": str(case_id)})
        row = self._connection.execute(_one(seen_by), {"case_id": str(case_id), "part_id": str(part_id)}).first()
        if row is None:
            return None
        if row.state is None:
            self.insist_living(case_id)
        return Sight(to_case(row._mapping), to_part(row._mapping), bool(row.whole))  # noqa: SLF001 - its API

    def by_number(self, number: str, *, regions: Collection[str]) -> tuple[Case, Part] | None:
        """The case with this number and its main part, locked, when one of these regions owns it."""
        where = and_(cases.c.number == number, cases.c.region.in_(sorted(regions)))
        if (case_id := self._connection.execute(select(cases.c.id).where(where).with_for_update()).scalar()) is None:
            return None
        of = parts.join(cases, cases.c.id == parts.c.id)
        main_part = select(cases, parts).select_from(of).where(cases.c.id == case_id, parts.c.state.is_not(None))
        row = self._connection.execute(main_part).first()
        if row is None:
            return None
        return to_case(row._mapping), to_part(row._mapping)  # noqa: SLF001 - its API

    def numbered(self, number: str) -> Case | None:
        """The case with this number, locked, for an emergency alone: whoever is told it need not see it yet."""
        row = self._connection.execute(select(cases).where(cases.c.number == number).with_for_update()).first()
        if row is None or certificate_of(self._connection, row.id):
            return None
        return to_case(row._mapping)  # noqa: SLF001 - its API

    def watched(self, case_id: UUID, *, seen_by: Actor) -> Case | None:
        """The case, when this person is the data-protection officer of its team; nothing of what it says."""
        row = self._connection.execute(select(cases).where(cases.c.id == str(case_id), overseen(seen_by))).first()
        return to_case(row._mapping) if row else None  # noqa: SLF001 - its API

    def parts(self, case_id: UUID, *, seen_by: Actor) -> tuple[Part, ...]:
        """The parts beside the main one, in the order in which they began in life."""
        rows = self._connection.execute(_beside(seen_by), {"case_id": str(case_id)})
        return tuple(to_part(row._mapping) for row in rows)  # noqa: SLF001 - its API

    def history(self, case_id: UUID) -> tuple[Transition, ...]:
        """Every entry in order of sequence. For whoever may see the whole case, and for guards."""
        return tuple(map(to_transition, self._connection.execute(_HISTORY, {"case_id": str(case_id)}).all()))

    def histories(self, regions: Collection[str]) -> tuple[tuple[Transition, ...], ...]:
        """The whole histories of the cases that these regions own now."""
        rows = self._connection.execute(
            select(transitions)
            .join(cases, cases.c.id == transitions.c.case_id)
            .where(cases.c.region.in_(sorted(regions)), transitions.c.facts_salt.is_not(None))
            .order_by(transitions.c.case_id, transitions.c.sequence)
        )
        return tuple(tuple(map(to_transition, own)) for _, own in groupby(rows, key=lambda row: row.case_id))

    def gaps(self, region: str) -> tuple[Transition, ...]:
        """What was recorded as missing while a case was this region's, with what was amended there, in order.

        Names no reader: a use case lets only a sum of it out, through the gate of all figures.
        """
        t, gap = transitions.c, transitions.alias("gap").c
        missed = select(gap.case_id).where(gap.region == region, gap.trigger_name == RECORD_GAP)
        amended = and_(t.trigger_name == "amend", t.case_id.in_(missed))
        rows = self._connection.execute(
            select(transitions)
            .where(t.region == region, or_(t.trigger_name == RECORD_GAP, amended))
            .order_by(t.case_id, t.sequence)
        )
        return tuple(map(to_transition, rows))

    def entries_from(self, case_id: UUID, sequence: int) -> tuple[Transition, ...]:
        """An entry and, after it, those that it caused; none of a case that was destroyed."""
        t = transitions.c
        rows = self._connection.execute(
            select(transitions)
            .where(t.case_id == str(case_id), (t.sequence == sequence) | (t.cause == sequence))
            .where(t.facts_salt.is_not(None))
            .order_by(t.sequence)
        )
        return tuple(to_transition(row) for row in rows)

    def part_sequence(self, case_id: UUID, sequence: int) -> int:
        """The number of an entry within its part; it outlives a destruction."""
        t = transitions.c
        of_entry = select(t.part_sequence).where(t.case_id == str(case_id), t.sequence == sequence)
        return int(self._connection.execute(of_entry).scalar_one())

    def insist_living(self, case_id: UUID) -> None:
        """For whoever may know of the case. Raises CaseDestroyed: then its parts have no state any more."""
        if certificate := certificate_of(self._connection, case_id):
            raise certificate.refusal()

    def digest(self, case_id: UUID, sequence: int) -> str:
        """The head of the chain as this entry left it."""
        t = transitions.c
        of_entry = select(t.digest).where(t.case_id == str(case_id), t.sequence == sequence)
        return str(self._connection.execute(of_entry).scalar_one())

    def number(self, case_id: UUID | str) -> str:
        return str(self._connection.execute(select(cases.c.number).where(cases.c.id == str(case_id))).scalar_one())

    def number_is_free(self, number: str) -> bool:
        return self._connection.execute(select(cases.c.id).where(cases.c.number == number)).first() is None

    def open(self, case: Case) -> None:
        """Make room for a case. It becomes one with its first transition, in the same transaction."""
        self._connection.execute(
            insert(cases),
            {
                "id": str(case.id),
                "number": case.number,
                "region": case.region,
                "team_id": str(case.team_id),
                "submitter_id": str(case.submitter_id),
                "submitted_at": microseconds(case.submitted_at),
                "sequence": 0,
                "digest": BEGINNING,
                "recorded_at": microseconds(case.recorded_at),
            },
        )

    def record(self, case: Case, moved: Sequence[Transition], content: Content | None) -> None:
        """Append to the history: the database moves the heads, and the news goes to the outbox with it.

        `content` belongs to the first entry. Raises IntegrityError when the history has moved on meanwhile.
        """
        if begun := [self._to_new_part(case, entry) for entry in moved if entry.part_sequence == 1]:
            self._connection.execute(insert(parts), begun)
        previous, contents = case.digest if case.sequence else None, Contents(self._transaction)
        for entry in moved:
            sealed = contents.seal(entry, content) if content else None
            row = to_row(entry, previous, sealed.digest if sealed else None)
            self._connection.execute(_ADD_ENTRY, row)
            if sealed:
                contents.store(sealed)
            content, previous = None, row["digest"]
        self._connection.execute(
            _ADD_NEWS,
            [{"case_id": str(e.case_id), "sequence": e.sequence, "type": f"{e.part_kind}.{e.trigger}"} for e in moved],
        )
        self._transaction.recorded = True

    def _to_new_part(self, case: Case, entry: Transition) -> dict[str, Any]:
        return {
            "id": str(entry.part_id),
            "case_id": str(case.id),
            "kind": entry.part_kind,
            "team_id": str(case.team_id),
            "submitter_id": str(case.submitter_id),
            "line": entry.line,
            "addressee_id": text_of(entry.addressee_id),
            "workflow": entry.workflow,
        }
