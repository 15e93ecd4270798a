"""Pages of work: what waits for whom, the first due on top, with a cursor to the next page."""

from typing import Annotated, Literal

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from service.caseload.store import Wanted, WorkList
from service.cases.api.presenter import Drawing, ids_of_part
from service.cases.api.views import View, WorkItemView
from service.cases.rules.model import PartKind
from service.database.transaction import Transaction
from service.http.responses import answer
from service.people.use_cases.identify import Asker, known
from service.vocabulary.fields import Day
from service.vocabulary.roles import Role
from service.workflows.rules.rulebook import Rulebook

MOST = 200


class ListQuery(BaseModel):
    """Everything narrows the list down; nothing widens what you may see."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    state: Annotated[str | None, Field(pattern=r"^[a-z_]{1,60}$")] = None
    party: Role | None = None
    due_before: Day | None = None
    number: Annotated[str | None, Field(pattern=r"^[0-9]{4}-[0-9]{4}$")] = None
    include_ended: bool = False
    limit: Annotated[int, Field(ge=1, le=MOST)] = 50
    cursor: Annotated[str | None, Field(max_length=200)] = None


class WorkQuery(ListQuery):
    """`whose`: mine (put to me, or to my role and to nobody yet), my organisation's, my team's cases, or all I see."""

    whose: Literal["mine", "organisation", "team", "all"] = "mine"
    kind: PartKind | None = None


class WorkItemPage(View):
    """A page, in order of (due, id). `nextCursor` is null on the last page."""

    items: list[WorkItemView]
    next_cursor: str | None


def page_of(
    transaction: Transaction, asker: Asker, rules: Rulebook, query: ListQuery, *, kinds: tuple[str, ...] = ()
) -> Response:
    """Two statements for the asker and their page, one for the names; the same however long the list."""
    actor = known(transaction, asker)
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
    return answer(WorkItemPage(items=[drawing.work_item(it) for it in page.items], next_cursor=page.next_cursor))
