"""The heads of all cases, a page at a time, and what a digest of them says against the present."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, true, tuple_

from service.cases.store.tables import cases, destructions, transitions
from service.database.transaction import Transaction
from service.integrity.rules import Head
from service.vocabulary.calendar import moment

PAGE = 500


@dataclass(frozen=True, slots=True)
class Departure:
    """Where a case is not what a kept head led to: the first entry that is known to differ, and how."""

    case: str
    sequence: int
    fault: str


class Heads:
    """Of every case of the installation: for whoever verifies it, not for readers of cases."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection

    def after(self, last: str | None, limit: int = PAGE) -> list[Head]:
        """The next in order of case."""
        beyond = true() if last is None else cases.c.id > last
        query = select(cases.c.id, cases.c.sequence, cases.c.digest).where(beyond).order_by(cases.c.id).limit(limit)
        return [Head(row.id, row.sequence, row.digest) for row in self._connection.execute(query)]

    def all(self) -> Iterator[Head]:
        page = self.after(None)
        while page:
            yield from page
            page = self.after(page[-1].case)

    def last_recorded(self) -> datetime | None:
        """The newest moment that any living case knows of."""
        last = self._connection.execute(select(func.max(transitions.c.recorded_at))).scalar()
        return None if last is None else moment(last)

    def named(self, number_or_id: str) -> str | None:
        """The id of the case with this number or id."""
        wanted = or_(cases.c.id == number_or_id, cases.c.number == number_or_id)
        return self._connection.execute(select(cases.c.id).where(wanted)).scalar()

    def departures(self, kept: Sequence[Head]) -> Iterator[Departure]:
        """Where the present is not what these heads led to. A history may have gone on; it may not have gone back."""
        ids, t = [head.case for head in kept], transitions.c
        places = [(head.case, head.sequence) for head in kept]
        heads = self._connection.execute(select(cases.c.id, cases.c.sequence).where(cases.c.id.in_(ids)))
        now = {row.id: row.sequence for row in heads}
        there = select(t.case_id, t.sequence, t.digest).where(tuple_(t.case_id, t.sequence).in_(places))
        # A database that came back follows the list of destructions, also where it knows less of a case than the list.
        d = destructions.c
        replayed = select(d.case_id, d.entries).where(d.case_id.in_(ids), d.replayed_at.is_not(None))
        gone = {row.case_id: row.entries for row in self._connection.execute(replayed)}
        digests = {(row.case_id, row.sequence): row.digest for row in self._connection.execute(there)}
        for head, place in zip(kept, places, strict=True):
            if head.case not in now:
                yield Departure(head.case, 1, "case_gone")
            elif place not in digests and gone.get(head.case, 0) < head.sequence:
                yield Departure(head.case, min(now[head.case] + 1, head.sequence), "cut_off")
            elif digests.get(place, head.digest) != head.digest:
                yield Departure(head.case, head.sequence, "rewritten")
