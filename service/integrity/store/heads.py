"""Heads of all cases, and their comparison with an earlier digest."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select, true, tuple_

from service.cases.store.tables import cases, destructions, transitions
from service.database.transaction import Transaction
from service.integrity.rules.digest import Head
from service.vocabulary.calendar import from_microseconds

PAGE_SIZE = 500
_HEADS = select(cases.c.id, cases.c.sequence, cases.c.digest).order_by(cases.c.id)


@dataclass(frozen=True, slots=True)
class HeadMismatch:
    """A difference between a case and its head in a digest: the first entry known to differ, and a fault code."""

    case: str
    sequence: int
    fault: str


class Heads:
    """Heads of cases. For verification only: no sight is checked."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection

    def heads_after(self, last: str | None, limit: int = PAGE_SIZE) -> list[Head]:
        """The heads of the next cases after the case id `last`, ordered by case id."""
        follows = true() if last is None else cases.c.id > last
        query = _HEADS.where(follows).limit(limit)
        return self._read_heads(query)

    def heads_of_teams(self, team_ids: Collection[UUID]) -> list[Head]:
        """The heads of the cases of these teams, ordered by case id."""
        of_teams = cases.c.team_id.in_(sorted(map(str, team_ids)))
        return self._read_heads(_HEADS.where(of_teams))

    def _read_heads(self, query: Select[Any]) -> list[Head]:
        return [Head(row.id, row.sequence, row.digest) for row in self._connection.execute(query)]

    def last_recorded_at(self) -> datetime | None:
        """The latest recording time (UTC) of all entries that are not destroyed."""
        last = self._connection.execute(select(func.max(transitions.c.recorded_at))).scalar()
        return None if last is None else from_microseconds(last)

    def case_id_of(self, number_or_id: str) -> str | None:
        """The id of the case with this number or id."""
        matches = or_(cases.c.id == number_or_id, cases.c.number == number_or_id)
        return self._connection.execute(select(cases.c.id).where(matches)).scalar()

    def mismatches(self, earlier: Sequence[Head]) -> Iterator[HeadMismatch]:
        """The differences between the stored cases and these earlier heads. Entries added since are no difference."""
        ids, places = [head.case for head in earlier], [(head.case, head.sequence) for head in earlier]
        heads = select(cases.c.id, cases.c.sequence).where(cases.c.id.in_(ids))
        entry, destruction = transitions.c, destructions.c
        entries = select(entry.case_id, entry.sequence, entry.digest).where(
            tuple_(entry.case_id, entry.sequence).in_(places)
        )
        # A replayed destruction may name more entries than the restored database had: these are not cut off.
        destroyed = select(destruction.case_id, destruction.entries).where(
            destruction.case_id.in_(ids), destruction.replayed_at.is_not(None)
        )
        current = {row.id: row.sequence for row in self._connection.execute(heads)}
        replayed = {row.case_id: row.entries for row in self._connection.execute(destroyed)}
        digests = {(row.case_id, row.sequence): row.digest for row in self._connection.execute(entries)}
        for head, place in zip(earlier, places, strict=True):
            if head.case not in current:
                yield HeadMismatch(head.case, 1, "case_gone")
            elif place not in digests and replayed.get(head.case, 0) < head.sequence:
                yield HeadMismatch(head.case, min(current[head.case] + 1, head.sequence), "cut_off")
            elif digests.get(place, head.digest) != head.digest:
                yield HeadMismatch(head.case, head.sequence, "rewritten")
