"""Entries of the access log as read, for those who may know who read a file."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, or_, select

from service.audit.store.tables import access_log
from service.cases.store.tables import cases
from service.cases.store.visibility import may_oversee_log
from service.database.paging import Cursors, ListPage
from service.database.transaction import Transaction
from service.vocabulary.actor import Actor
from service.vocabulary.calendar import from_microseconds, to_microseconds
from service.vocabulary.roles import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLogEntry:
    """One logged read of content. `case_id` and `number` of the case are None for an export of many cases."""

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
class AccessLogFilter:
    """Filter and page of the access log; None does not filter. The times run from `since` and end before `before`."""

    case_id: UUID | None = None
    person_id: UUID | None = None
    since: datetime | None = None
    before: datetime | None = None
    emergency: bool | None = None
    excluded_role: Role | None = None
    limit: int | None = None
    cursor: str | None = None


_entry = access_log.c
_ENTRIES = (
    select(access_log, cases.c.number)
    .select_from(access_log.outerjoin(cases, cases.c.id == _entry.case_id))
    .order_by(_entry.id.desc())
)


class AccessLogEntries:
    """Entries of the access log, for reading. The log is written by `audit`."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._cursors = Cursors(transaction.keyring, "access_log")

    def of_case(self, case_id: UUID, filter_: AccessLogFilter) -> ListPage[AccessLogEntry]:
        """The entries about one case. No sight is checked: the use case has checked it."""
        return self._page(filter_, _entry.case_id == str(case_id))

    def of_teams(self, filter_: AccessLogFilter, *, seen_by: Actor) -> ListPage[AccessLogEntry]:
        """The entries about the cases that this officer oversees, and the entries of their own teams about no case."""
        teams = sorted(str(team) for team in seen_by.organisations({Role.DATA_PROTECTION_OFFICER}))
        about_no_case = and_(_entry.case_id.is_(None), _entry.organisation_id.in_(teams))
        return self._page(filter_, or_(may_oversee_log(seen_by), about_no_case))

    def _page(self, filter_: AccessLogFilter, visible: ColumnElement[bool]) -> ListPage[AccessLogEntry]:
        """Raises Invalid for a cursor that was not made here."""
        query = _ENTRIES.where(visible, *_conditions(filter_))
        if filter_.cursor is not None:
            query = query.where(_entry.id < int(self._cursors.position(filter_.cursor)))
        if filter_.limit is None:
            return ListPage(tuple(map(_to_entry, self._connection.execute(query))))
        rows = self._connection.execute(query.limit(filter_.limit + 1)).all()
        return self._cursors.page(rows, filter_.limit, item_of=_to_entry, position_of=lambda row: str(row.id))


def _conditions(filter_: AccessLogFilter) -> Iterator[ColumnElement[bool]]:
    if filter_.case_id is not None:
        yield _entry.case_id == str(filter_.case_id)
    if filter_.person_id is not None:
        yield _entry.user_id == str(filter_.person_id)
    if filter_.since is not None:
        yield _entry.event_at >= to_microseconds(filter_.since)
    if filter_.before is not None:
        yield _entry.event_at < to_microseconds(filter_.before)
    if filter_.emergency is not None:
        yield _entry.emergency.is_(filter_.emergency)
    if filter_.excluded_role is not None:
        yield _entry.role != str(filter_.excluded_role)


def _to_entry(row: Row[Any]) -> AccessLogEntry:
    return AccessLogEntry(
        at=from_microseconds(row.event_at),
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
