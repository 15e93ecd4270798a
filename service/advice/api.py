"""/v1/cases/{caseId}/advices: every version of the advice, as far as one may see it (I13, I17, I23)."""

from uuid import UUID

from fastapi import APIRouter, Response

from service.advice.use_cases import advice_versions, read_advice
from service.cases.api.point_in_time import Dated, TheLooking
from service.database.transaction import Transaction
from service.http.context import TheCaller, TheHouse
from service.http.json_models import Utc, View
from service.http.openapi import may_refuse
from service.http.request_faults import CheckedRoute
from service.workflows.store.definitions import Definitions

router = APIRouter(tags=["advice"], route_class=CheckedRoute)


class AdviceVersionView(View):
    """One version; none is ever changed."""

    version: int
    issued_at: Utc
    recorded_at: Utc


class Advices(Dated):
    """The versions of the advice of a case, the newest last."""

    items: list[AdviceVersionView]


class AdviceView(Dated):
    """A version of the advice. `whole` is false where you see only what is put to your organisation."""

    version: int
    modality: str
    issued_at: Utc
    whole: bool
    advice: dict[str, object]


@router.get("/cases/{case_id}/advices", response_model=Advices, responses=may_refuse(400, 401, 404))
async def list_advices(case_id: UUID, house: TheHouse, caller: TheCaller, looking: TheLooking) -> Response:
    """When each version of the advice was issued."""

    def work(transaction: Transaction) -> Response:
        found = advice_versions(transaction, caller, case_id, looking.when)
        view = Advices(
            items=[
                AdviceVersionView(version=n, issued_at=it.occurred_at, recorded_at=it.recorded_at)
                for n, it in found.issued.items()
            ]
        )
        return looking.answer(view, found.past)

    return await house.database.read(work)


@router.get(
    "/cases/{case_id}/advices/{version}", response_model=AdviceView, responses=may_refuse(400, 401, 403, 404, 503)
)
async def get_advice(case_id: UUID, version: int, house: TheHouse, caller: TheCaller, looking: TheLooking) -> Response:
    """One version of the advice, with dissent and the family's statement beside it. Reading it is logged."""

    def work(transaction: Transaction) -> Response:
        found = read_advice(transaction, caller, case_id, version, looking.when)
        view = AdviceView(
            version=found.version,
            modality=Definitions(transaction).settings(found.entry.settings).advice_modality,
            issued_at=found.entry.occurred_at,
            whole=found.whole,
            advice=dict(found.form),
        )
        return looking.answer(view, found.past)

    return await house.database.write(work)
