"""/v1/work-items: work lists, mine, my organisation's and my team's."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from service.caseload.api.lists import WorkItemPage, WorkQuery, page_of
from service.http.context import TheAsker, TheHouse
from service.http.openapi import may_refuse
from service.http.request_faults import CheckedRoute

router = APIRouter(tags=["work"], route_class=CheckedRoute)


@router.get("/work-items", response_model=WorkItemPage, responses=may_refuse(400, 401))
async def list_work_items(house: TheHouse, asker: TheAsker, wanted: Annotated[WorkQuery, Query()]) -> Response:
    """What waits for you, your organisation or your team: the case and each of its parts, the first due on top."""
    kinds = (wanted.kind,) if wanted.kind else ()
    return await house.database.read(lambda transaction: page_of(transaction, asker, house.rules, wanted, kinds=kinds))
