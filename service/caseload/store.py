"""Work lists: parts that wait for somebody, the first due on top; one statement a page, whatever its size."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, or_, select, tuple_

from service.cases.rules.model import Part
from service.cases.store.rows import to_part
from service.cases.store.tables import cases, parts
from service.cases.store.visibility import main, visible, whole
from service.database.columns import NO_DAY
from service.database.paging import Cursors, Page
from service.database.transaction import Transaction
from service.vocabulary.actor import Actor
from service.vocabulary.calendar import moment
from service.vocabulary.roles import TEAM_ROLES

_DAY = len(NO_DAY)
Whose = Literal["mine", "organisation", "team", "all"]
_OF_MAIN = (main.c.state.label("case_state"), main.c.workflow.label("case_workflow"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants on their list; None means whatever it is."""

    whose: Whose = "all"
    kinds: tuple[str, ...] = ()
    state: str | None = None
    party: str | None = None
    due_before: date | None = None
    open_only: bool = True
    number: str | None = None
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """A part that waits, with what a reader needs to know of its case; where it stands, if they may read all of it."""

    part: Part
    number: str
    region: str
    case_state: str | None
    case_workflow: str
    submitted_at: datetime


class WorkList:
    """Reads heads only: no content, no history."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._cursors = Cursors(transaction.keyring, "cursor")

    def page(self, wanted: Wanted, *, seen_by: Actor) -> Page[WorkItem]:
        """Raises Invalid for a cursor that was not made here."""
        query = _first_page(replace(wanted, cursor=None), seen_by)
        if wanted.cursor is not None:
            place = self._cursors.place(wanted.cursor)
            query = query.where(tuple_(parts.c.due_on, parts.c.id) > tuple_(place[:_DAY], place[_DAY:]))
        rows = self._connection.execute(query).all()
        return self._cursors.page(rows, wanted.limit, read=_to_item, place=lambda row: str(row.due_on + row.id))


@lru_cache(maxsize=1000)
def _first_page(wanted: Wanted, seen_by: Actor) -> Select[Any]:
    """Built once for a person and what they want: building it takes longer than running it."""
    return (
        select(parts, cases.c.number, cases.c.region, cases.c.submitted_at, *_OF_MAIN, whole(seen_by).label("whole"))
        .select_from(parts.join(cases, cases.c.id == parts.c.case_id).join(main, main.c.id == parts.c.case_id))
        .where(visible(seen_by), *_conditions(wanted, seen_by))
        .order_by(parts.c.due_on, parts.c.id)
        .limit(wanted.limit + 1)
    )


def _conditions(wanted: Wanted, actor: Actor) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [parts.c.state.is_not(None), *_whose(wanted.whose, actor)]
    if wanted.open_only:
        found.append(parts.c.phase != "ended")
    if wanted.kinds:
        found.append(parts.c.kind.in_(sorted(wanted.kinds)))
    if wanted.state is not None:
        found.append(parts.c.state == wanted.state)
    if wanted.party is not None:
        found.append(parts.c.party == wanted.party)
    if wanted.due_before is not None:
        found.append(parts.c.due_on < wanted.due_before.isoformat())
    if wanted.number is not None:
        found.append(cases.c.number == wanted.number)
    return found


def _whose(whose: Whose, actor: Actor) -> list[ColumnElement[bool]]:
    """mine: put to me, or to nobody yet in a role of mine; organisation: mine must act; team: my team's cases."""
    if whose == "mine":
        in_my_role = [
            and_(parts.c.party == str(held.role), parts.c.party_id == str(held.organisation_id))
            for held in actor.memberships
        ]
        unnamed = and_(parts.c.assignee_id.is_(None), or_(*in_my_role)) if in_my_role else None
        named = parts.c.assignee_id == str(actor.person_id)
        return [named if unnamed is None else or_(named, unnamed)]
    if whose == "organisation":
        return [parts.c.party_id.in_(sorted({str(held.organisation_id) for held in actor.memberships}))]
    if whose == "team":
        return [parts.c.team_id.in_(sorted(str(it) for it in actor.organisations(TEAM_ROLES)))]
    return []


def _to_item(row: Any) -> WorkItem:
    at = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    return WorkItem(
        part=to_part(at),
        number=at["number"],
        region=at["region"],
        case_state=at["case_state"] if at["whole"] else None,
        case_workflow=at["case_workflow"],
        submitted_at=moment(at["submitted_at"]),
    )
