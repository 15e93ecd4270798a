"""Work lists: parts by due date or by id, one SQL statement per page."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, RowMapping, Select, and_, or_, select, tuple_

from service.cases.rules.model import Part
from service.cases.store.rows import row_to_part
from service.cases.store.tables import cases, parts
from service.cases.store.visibility import main_part, may_read_whole_case, may_see_part
from service.database.columns import NO_DUE_DAY
from service.database.paging import Cursors, ListPage
from service.database.transaction import Transaction
from service.vocabulary.actor import Actor
from service.vocabulary.calendar import from_microseconds
from service.vocabulary.roles import TEAM_ROLES

_DAY = len(NO_DUE_DAY)
WorkListScope = Literal["mine", "organisation", "team", "all"]
WorkListOrder = Literal["due", "id"]
# A cursor of one order is refused in the other.
_CURSOR_KINDS = {"due": "cursor", "id": "cursor-by-id"}
_OF_MAIN = (main_part.c.state.label("case_state"), main_part.c.workflow.label("case_workflow"))


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkListFilter:
    """Filter of a work list. None, and an empty tuple, do not filter."""

    scope: WorkListScope = "all"
    kinds: tuple[str, ...] = ()
    state: str | None = None
    party: str | None = None
    due_before: date | None = None
    open_only: bool = True
    number: str | None = None
    order: WorkListOrder = "due"
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeCase:
    """Data of a case that only a reader of the whole case sees on a list."""

    region: str
    state: str
    workflow: str
    submitted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """A part on a work list, with data of its case. `whole` is None for a reader who sees only the part."""

    part: Part
    number: str
    whole: WholeCase | None


class WorkList:
    """Reads the heads of parts and cases only: no content, no history."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._keyring = transaction.keyring

    def page(self, work_filter: WorkListFilter, *, seen_by: Actor) -> ListPage[WorkItem]:
        """A page of parts that this person may see. Raises Invalid for a cursor of another origin."""
        query = _first_page(replace(work_filter, cursor=None), seen_by)
        cursors, by_id = Cursors(self._keyring, _CURSOR_KINDS[work_filter.order]), work_filter.order == "id"
        if work_filter.cursor is not None:
            place = cursors.position(work_filter.cursor)
            after_due = tuple_(parts.c.due_on, parts.c.id) > tuple_(place[:_DAY], place[_DAY:])
            query = query.where(parts.c.id > place if by_id else after_due)
        rows = self._connection.execute(query).all()
        return cursors.page(
            rows,
            work_filter.limit,
            item_of=_to_item,
            position_of=lambda row: str(row.id if by_id else row.due_on + row.id),
        )


@lru_cache(maxsize=1000)
def _first_page(work_filter: WorkListFilter, seen_by: Actor) -> Select[Any]:
    """Cached per person and filter: SQLAlchemy needs more time to build the statement than the database to run it."""
    return (
        select(
            parts,
            cases.c.number,
            cases.c.region,
            cases.c.submitted_at,
            *_OF_MAIN,
            may_read_whole_case(seen_by).label("whole"),
        )
        .select_from(
            parts.join(cases, cases.c.id == parts.c.case_id).join(main_part, main_part.c.id == parts.c.case_id)
        )
        .where(may_see_part(seen_by), *_conditions(work_filter, seen_by))
        .order_by(*_order(work_filter.order))
        .limit(work_filter.limit + 1)
    )


def _order(order: WorkListOrder) -> tuple[ColumnElement[Any], ...]:
    return (parts.c.id,) if order == "id" else (parts.c.due_on, parts.c.id)


def _conditions(work_filter: WorkListFilter, actor: Actor) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [parts.c.state.is_not(None), *_whose(work_filter.scope, actor)]
    if work_filter.open_only:
        conditions.append(parts.c.phase != "ended")
    if work_filter.kinds:
        conditions.append(parts.c.kind.in_(sorted(work_filter.kinds)))
    if work_filter.state is not None:
        conditions.append(parts.c.state == work_filter.state)
    if work_filter.party is not None:
        conditions.append(parts.c.party == work_filter.party)
    if work_filter.due_before is not None:
        conditions.append(parts.c.due_on < work_filter.due_before.isoformat())
    if work_filter.number is not None:
        conditions.append(cases.c.number == work_filter.number)
    return conditions


def _whose(whose: WorkListScope, actor: Actor) -> list[ColumnElement[bool]]:
    """The condition of a scope.

    mine: assigned to this person, or unassigned and waiting for one of their memberships; organisation: waiting for one
    of their organisations; team: in the cases of one of their teams; all: no condition.
    """
    if whose == "mine":
        for_membership = [
            and_(parts.c.party == str(membership.role), parts.c.party_id == str(membership.organisation_id))
            for membership in actor.memberships
        ]
        unassigned = and_(parts.c.assignee_id.is_(None), or_(*for_membership)) if for_membership else None
        assigned = parts.c.assignee_id == str(actor.person_id)
        return [assigned if unassigned is None else or_(assigned, unassigned)]
    if whose == "organisation":
        return [parts.c.party_id.in_(sorted({str(membership.organisation_id) for membership in actor.memberships}))]
    if whose == "team":
        return [parts.c.team_id.in_(sorted(str(team_id) for team_id in actor.organisations(TEAM_ROLES)))]
    return []


def _to_item(row: Any) -> WorkItem:
    columns = row._mapping  # noqa: SLF001 - public API of SQLAlchemy
    return WorkItem(
        part=row_to_part(columns),
        number=columns["number"],
        whole=_to_whole_case(columns) if columns["whole"] else None,
    )


def _to_whole_case(columns: RowMapping) -> WholeCase:
    return WholeCase(
        region=columns["region"],
        state=columns["case_state"],
        workflow=columns["case_workflow"],
        submitted_at=from_microseconds(columns["submitted_at"]),
    )
