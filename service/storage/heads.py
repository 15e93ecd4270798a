"""The heads of all cases, a page at a time, and what a digest of them says against the present."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, or_, select, true, tuple_

from service.domain.heads import Head
from service.storage.tables import cases, transitions

PAGE = 500


@dataclass(frozen=True, slots=True)
class Departure:
    """Where a case is not what a kept head led to: the first entry that is known to differ, and how."""

    case_id: UUID
    sequence: int
    fault: str


class Heads:
    """Of every case of the installation: for whoever verifies it, not for readers of cases."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def after(self, last: UUID | None, limit: int = PAGE) -> list[Head]:
        """The next in order of case."""
        beyond = cases.c.id > str(last) if last else true()
        query = select(cases.c.id, cases.c.sequence, cases.c.digest).where(beyond).order_by(cases.c.id).limit(limit)
        return [Head(UUID(row.id), row.sequence, row.digest) for row in self._connection.execute(query)]

    def all(self) -> Iterator[Head]:
        page = self.after(None)
        while page:
            yield from page
            page = self.after(page[-1].case_id)

    def named(self, number_or_id: str) -> UUID | None:
        """The case with this number or id."""
        wanted = or_(cases.c.id == number_or_id.lower(), cases.c.number == number_or_id.upper())
        found = self._connection.execute(select(cases.c.id).where(wanted)).scalar()
        return UUID(found) if found else None

    def number(self, case_id: UUID) -> str | None:
        return self._connection.execute(select(cases.c.number).where(cases.c.id == str(case_id))).scalar()

    def departures(self, kept: Sequence[Head]) -> Iterator[Departure]:
        """Where the present is not what these heads led to. A history may have gone on; it may not have gone back."""
        ids, t = [str(head.case_id) for head in kept], transitions.c
        places = [(str(head.case_id), head.sequence) for head in kept]
        now = dict(self._connection.execute(select(cases.c.id, cases.c.sequence).where(cases.c.id.in_(ids))).tuples())
        there = select(t.case_id, t.sequence, t.digest).where(tuple_(t.case_id, t.sequence).in_(places))
        digests = {(row.case_id, row.sequence): row.digest for row in self._connection.execute(there)}
        for head, place in zip(kept, places, strict=True):
            if place[0] not in now:
                yield Departure(head.case_id, 1, "case_gone")
            elif place not in digests:
                yield Departure(head.case_id, min(now[place[0]] + 1, head.sequence), "cut_off")
            elif digests[place] != head.digest:
                yield Departure(head.case_id, head.sequence, "rewritten")
