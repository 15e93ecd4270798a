"""/v1/cases/{caseId}/retention: until when the file is kept."""

from datetime import date
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response

from service.database.transaction import Transaction
from service.http.context import TheCaller, TheHouse
from service.http.json_models import InTwoLanguages, View
from service.http.openapi import may_refuse
from service.http.request_faults import CheckedRoute
from service.http.responses import answer
from service.retention.rules.terms import RetentionClass
from service.retention.use_cases.terms import Kept, read_retention
from service.vocabulary.messages import say

router = APIRouter(tags=["cases"], route_class=CheckedRoute)


class RetentionView(View):
    """How long the file is kept, counted from where, and on which ground."""

    retention_class: RetentionClass
    counted_from: Literal["last_change", "majority"]
    starts_on: date
    keep_until: date
    ground: InTwoLanguages


@router.get("/cases/{case_id}/retention", response_model=RetentionView, responses=may_refuse(400, 401, 404, 503))
async def get_retention(case_id: UUID, house: TheHouse, caller: TheCaller) -> Response:
    """Until when the file is kept."""

    def work(transaction: Transaction) -> Response:
        return answer(retention_view(read_retention(transaction, caller, case_id, house.rules)))

    return await house.database.write(work)


def retention_view(kept: Kept) -> RetentionView:
    found, settings = kept.retention, kept.settings
    years = {"years": settings.retention_years, "after_majority": settings.retention_years_after_majority}
    return RetentionView(
        retention_class=found.retention_class,
        counted_from=found.counted_from,
        starts_on=found.starts_on,
        keep_until=found.keep_until,
        ground=InTwoLanguages.of(say("retention", found.retention_class, years)),
    )
