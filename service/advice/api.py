"""/v1/cases/{caseId}/advices: every version of the advice, as far as one may see it (I13, I17, I23)."""

from typing import Annotated
from uuid import UUID

from fastapi import Path
from pydantic import Field

from service.advice.rules.forms import Advice, AdviceRevision
from service.advice.use_cases import advice_versions, read_advice
from service.cases.api.form_shapes import described_as
from service.cases.api.point_in_time import Dated, Looking, TheLooking
from service.database.transaction import Transaction
from service.http.house import TheHouse
from service.http.json_models import Utc, View
from service.http.openapi import may_refuse
from service.http.parameters import CaseId, TheCaller
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.workflows.store.definitions import Definitions

router = StrictRouter("advice")
Version = Annotated[int, Path(description="The number of the version, from 1.")]


class AdviceVersionView(View):
    """One version; none is ever changed."""

    version: int
    issued_at: Utc
    recorded_at: Utc


class Advices(Dated):
    """The versions of the advice of a case, the newest last."""

    items: list[AdviceVersionView]


class AdviceInPart(View):
    """The lines of an advice that are put to your organisation; with their goals if you deliver."""

    lines: list[dict[str, object]]
    goals: list[dict[str, object]] = Field(default_factory=list)


class AdviceView(Dated):
    """A version of the advice. `whole` is false where you see only what is put to your organisation."""

    version: int
    modality: str
    issued_at: Utc
    whole: bool
    advice: Annotated[dict[str, object], described_as(Advice, AdviceRevision, AdviceInPart)]


@router.get("/cases/{caseId}/advices")
async def list_advices(case_id: CaseId, house: TheHouse, caller: TheCaller, looking: TheLooking) -> Advices:
    """When each version of the advice was issued."""
    return await house.database.read(lambda transaction: view_advices(transaction, caller, case_id, looking))


def view_advices(transaction: Transaction, caller: Caller, case_id: UUID, looking: Looking) -> Advices:
    """The versions of the advice, as far as this caller may know of them."""
    versions = advice_versions(transaction, caller, case_id, looking.when)
    items = [
        AdviceVersionView(version=n, issued_at=it.occurred_at, recorded_at=it.recorded_at)
        for n, it in versions.issued.items()
    ]
    return looking.dated(Advices(items=items), versions.past)


@router.get("/cases/{caseId}/advices/{version}", responses=may_refuse(403))
async def get_advice(
    case_id: CaseId, version: Version, house: TheHouse, caller: TheCaller, looking: TheLooking
) -> AdviceView:
    """One version of the advice, with dissent and the family's statement beside it. Reading it is logged."""
    return await house.database.write(lambda transaction: view_advice(transaction, caller, case_id, version, looking))


def view_advice(transaction: Transaction, caller: Caller, case_id: UUID, version: int, looking: Looking) -> AdviceView:
    """As much of this version as this caller may see. The transaction writes: reading is logged."""
    advice = read_advice(transaction, caller, case_id, version, looking.when)
    view = AdviceView(
        version=advice.version,
        modality=Definitions(transaction).settings(advice.entry.settings).advice_modality,
        issued_at=advice.entry.occurred_at,
        whole=advice.whole,
        advice=dict(advice.form),
    )
    return looking.dated(view, advice.past)
