"""/v1/work-items and the list of /v1/cases: what waits for whom, the first due on top."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field

from service.caseload.rules import insist_on_state
from service.caseload.store import Wanted, WorkItem, WorkList
from service.cases.api.presenter import Drawing, ids_of_part, labelled
from service.cases.api.views import PartView
from service.database.transaction import Transaction
from service.http.house import TheHouse
from service.http.json_models import Labelled, Utc, View
from service.http.parameters import PageQuery, TheCaller
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.kinds import KindOfPart
from service.people.use_cases.identify import identify
from service.vocabulary.fields import CaseNumber, Day
from service.vocabulary.roles import Role
from service.workflows.rules.rulebook import Rulebook

cases_router = StrictRouter("cases")
work_router = StrictRouter("work")


class WorkItemView(View):
    """A part on a work list, with what is needed of its case."""

    case_id: UUID
    number: str
    region: str
    case_state: Labelled | None = Field(description="Told to whoever may read the whole case.")
    waiting_since: Utc
    part: PartView


class ListQuery(PageQuery):
    """Everything narrows the list down; nothing widens what you may see."""

    state: str | None = None
    party: Role | None = None
    due_before: Day | None = None
    number: CaseNumber | None = None
    include_ended: bool = False


class WorkQuery(ListQuery):
    """`whose`: mine (put to me, or to my role and to nobody yet), my organisation's, my team's cases, or all I see."""

    whose: Literal["mine", "organisation", "team", "all"] = "mine"
    kind: KindOfPart | None = None


class WorkItemPage(View):
    """A page, in order of (due, id). `nextCursor` is null on the last page."""

    items: list[WorkItemView]
    next_cursor: str | None


@cases_router.get("/cases")
async def list_cases(house: TheHouse, caller: TheCaller, wanted: Annotated[ListQuery, Query()]) -> WorkItemPage:
    """The cases that you may read as a whole, the first due on top."""
    return await house.database.read(
        lambda transaction: view_work(transaction, caller, wanted, kinds=("case",), rules=house.rules)
    )


@work_router.get("/work-items")
async def list_work_items(house: TheHouse, caller: TheCaller, wanted: Annotated[WorkQuery, Query()]) -> WorkItemPage:
    """What waits for you, your organisation or your team: the case and each of its parts, the first due on top."""
    kinds = (wanted.kind,) if wanted.kind else ()
    return await house.database.read(
        lambda transaction: view_work(transaction, caller, wanted, kinds=kinds, rules=house.rules)
    )


def view_work(
    transaction: Transaction, caller: Caller, query: ListQuery, *, kinds: tuple[str, ...], rules: Rulebook
) -> WorkItemPage:
    """Two statements for the caller and their page, one for the names; the same however long the list."""
    actor = identify(transaction, caller)
    insist_on_state(query.state, (it.definition for it in rules.by_hash.values()), kinds)
    wanted = Wanted(
        whose=query.whose if isinstance(query, WorkQuery) else "all",
        kinds=kinds,
        state=query.state,
        party=query.party,
        due_before=query.due_before,
        number=query.number,
        open_only=not query.include_ended,
        limit=query.limit,
        cursor=query.cursor,
    )
    page = WorkList(transaction).page(wanted, seen_by=actor)
    drawing = Drawing.of(transaction, rules, [id_ for item in page.items for id_ in ids_of_part(item.part)])
    return WorkItemPage(items=[_work_item(drawing, it) for it in page.items], next_cursor=page.next_cursor)


def _work_item(drawing: Drawing, item: WorkItem) -> WorkItemView:
    return WorkItemView(
        case_id=item.part.case_id,
        number=item.number,
        region=item.region,
        case_state=_state_of_case(drawing, item),
        waiting_since=item.submitted_at,
        part=drawing.part(item.part),
    )


def _state_of_case(drawing: Drawing, item: WorkItem) -> Labelled | None:
    """None for whoever sees no more of the case than a part."""
    if item.case_state is None:
        return None
    return labelled(drawing.rules.pinned(item.case_workflow).definition.states[item.case_state])
