"""Routes GET /v1/work-items and GET /v1/cases: lists of parts and cases, first due on top or by id."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field

from service.caseload.rules import require_known_state
from service.caseload.store import WholeCase, WorkItem, WorkList, WorkListFilter, WorkListOrder
from service.cases.api.presenter import Presenter, ids_of_part, labelled_view
from service.cases.api.views import PartView
from service.database.transaction import Transaction
from service.http.app_context import AppContextDependency
from service.http.json_models import Labelled, UtcDateTime, View
from service.http.parameters import CallerDependency, PageQuery
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.kinds import KindOfPart
from service.people.use_cases.identify import identify
from service.vocabulary.fields import CaseNumber, Day
from service.vocabulary.roles import Role
from service.workflows.rules.rulebook import Rulebook

cases_router = StrictRouter("cases")
work_router = StrictRouter("work")
OF_WHOLE_CASE = "Null for readers who see only a part of the case."


class WorkItemView(View):
    """A part on a work list, with the number of its case. A reader of only the part learns no more of the case."""

    case_id: UUID
    number: str
    region: str | None = Field(description=OF_WHOLE_CASE)
    case_state: Labelled | None = Field(description=OF_WHOLE_CASE)
    waiting_since: UtcDateTime | None = Field(description=OF_WHOLE_CASE)
    part: PartView


class ListQuery(PageQuery):
    """Filters of a list. No filter shows more than you may see."""

    state: str | None = None
    party: Role | None = None
    due_before: Day | None = None
    number: CaseNumber | None = None
    include_ended: bool = False
    order: WorkListOrder = Field(
        default="due",
        description="`due`: first due on top, for people who work along it. `id`: an order that never changes, for "
        "programs that read all pages: nothing that is on the list during the whole walk is skipped or repeated, also "
        "when dates move meanwhile. What begins meanwhile may be missed: `/v1/events` tells of it. A cursor keeps to "
        "its order.",
    )


class WorkQuery(ListQuery):
    """Filters of a work list.

    `whose`: `mine` for parts assigned to you, or to nobody and waiting for a role of yours; `organisation` for parts
    that wait for your organisation; `team` for parts in your team's cases; `all` for all parts that you may see.
    """

    whose: Literal["mine", "organisation", "team", "all"] = "mine"
    kind: KindOfPart | None = None


class WorkItemPage(View):
    """A page of a work list, in the order that was asked. `nextCursor` is null on the last page."""

    items: list[WorkItemView]
    next_cursor: str | None


@cases_router.get("/cases")
async def list_cases(
    context: AppContextDependency, caller: CallerDependency, query: Annotated[ListQuery, Query()]
) -> WorkItemPage:
    """The open cases that you may read as a whole, first due on top or by id."""
    return await context.database.read(
        lambda transaction: view_work_list(transaction, caller, query, kinds=("case",), rules=context.rules)
    )


@work_router.get("/work-items")
async def list_work_items(
    context: AppContextDependency, caller: CallerDependency, query: Annotated[WorkQuery, Query()]
) -> WorkItemPage:
    """Cases and parts that wait for you, your organisation or your team, first due on top or by id."""
    kinds = (query.kind,) if query.kind else ()
    return await context.database.read(
        lambda transaction: view_work_list(transaction, caller, query, kinds=kinds, rules=context.rules)
    )


def view_work_list(
    transaction: Transaction, caller: Caller, query: ListQuery, *, kinds: tuple[str, ...], rules: Rulebook
) -> WorkItemPage:
    """A page of the work list of this caller. Runs a fixed number of SQL statements, whatever the size of the page."""
    actor = identify(transaction, caller)
    require_known_state(query.state, (workflow.definition for workflow in rules.by_hash.values()), kinds)
    work_filter = WorkListFilter(
        scope=query.whose if isinstance(query, WorkQuery) else "all",
        kinds=kinds,
        state=query.state,
        party=query.party,
        due_before=query.due_before,
        number=query.number,
        open_only=not query.include_ended,
        order=query.order,
        limit=query.limit,
        cursor=query.cursor,
    )
    page = WorkList(transaction).page(work_filter, seen_by=actor)
    presenter = Presenter.of(transaction, rules, [id_ for item in page.items for id_ in ids_of_part(item.part)])
    return WorkItemPage(items=[_work_item(presenter, item) for item in page.items], next_cursor=page.next_cursor)


def _work_item(presenter: Presenter, item: WorkItem) -> WorkItemView:
    whole = item.whole
    return WorkItemView(
        case_id=item.part.case_id,
        number=item.number,
        region=None if whole is None else whole.region,
        case_state=None if whole is None else _state_of_case(presenter, whole),
        waiting_since=None if whole is None else whole.submitted_at,
        part=presenter.part_view(item.part),
    )


def _state_of_case(presenter: Presenter, whole: WholeCase) -> Labelled:
    return labelled_view(presenter.rules.pinned(whole.workflow).definition.states[whole.state])
