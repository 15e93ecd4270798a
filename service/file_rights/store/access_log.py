"""The lines of the access log, for whoever may know who read a file."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, or_, select

from service.audit.store.tables import access_log
from service.cases.store.tables import cases
from service.cases.store.visibility import overseen
from service.database.paging import Cursors, Page
from service.database.transaction import Transaction
from service.vocabulary.actor import Actor
from service.vocabulary.calendar import microseconds, moment
from service.vocabulary.roles import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One look at content as it was written down. `number` is that of the case; None for an export of many."""

    at: datetime
    action: str
    activity: str
    purpose: str
    person_id: UUID
    role: Role
    organisation_id: UUID
    case_id: UUID | None
    number: str | None
    detail: str
    emergency: bool
    trace_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines somebody wants; None means whatever it is. From `since` on and before `before`."""

    case_id: UUID | None = None
    person_id: UUID | None = None
    since: datetime | None = None
    before: datetime | None = None
    emergency: bool | None = None
    beside_role: Role | None = None
    limit: int | None = None
    cursor: str | None = None


_c = access_log.c


_LINES = (
    select(access_log, cases.c.number)
    .select_from(access_log.outerjoin(cases, cases.c.id == _c.case_id))
    .order_by(_c.id.desc())
)


class AccessLines:
    """Reads the access log; the log itself is written with each reading (audit)."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._cursors = Cursors(transaction.keyring, "access_log")

    def of_case(self, case_id: UUID, wanted: Wanted) -> Page[Line]:
        """The lines about one case, for whoever may know who read it."""
        return self._page(wanted, _c.case_id == str(case_id))

    def page(self, wanted: Wanted, *, seen_by: Actor) -> Page[Line]:
        """The lines about the cases that this data-protection officer watches, and about no case but by their own."""
        own = sorted(str(it) for it in seen_by.organisations({Role.DATA_PROTECTION_OFFICER}))
        about_none = and_(_c.case_id.is_(None), _c.organisation_id.in_(own))
        return self._page(wanted, or_(overseen(seen_by), about_none))

    def _page(self, wanted: Wanted, seen: ColumnElement[bool]) -> Page[Line]:
        """Raises Invalid for a cursor that was not made here."""
        query = _LINES.where(seen, *_conditions(wanted))
        if wanted.cursor is not None:
            query = query.where(_c.id < int(self._cursors.place(wanted.cursor)))
        if wanted.limit is None:
            return Page(tuple(map(_to_line, self._connection.execute(query))))
        rows = self._connection.execute(query.limit(wanted.limit + 1)).all()
        return self._cursors.page(rows, wanted.limit, read=_to_line, place=lambda row: str(row.id))


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.case_id is not None:
        yield _c.case_id == str(wanted.case_id)
    if wanted.person_id is not None:
        yield _c.user_id == str(wanted.person_id)
    if wanted.since is not None:
        yield _c.event_at >= microseconds(wanted.since)
    if wanted.before is not None:
        yield _c.event_at < microseconds(wanted.before)
    if wanted.emergency is not None:
        yield _c.emergency.is_(wanted.emergency)
    if wanted.beside_role is not None:
        yield _c.role != str(wanted.beside_role)


def _to_line(row: Row[Any]) -> Line:
    return Line(
        at=moment(row.event_at),
        action=row.action,
        activity=row.processing_activity,
        purpose=row.purpose,
        person_id=UUID(row.user_id),
        role=Role(row.role),
        organisation_id=UUID(row.organisation_id),
        case_id=row.case_id and UUID(row.case_id),
        number=row.number,
        detail=row.object_detail,
        emergency=row.emergency,
        trace_id=row.trace_id,
    )
