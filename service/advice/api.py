"""/v1/cases/{caseId}/advices: the versions of the advice, limited to what the caller may see (I13, I17, I23)."""

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
    """A version of the advice. An issued version never changes."""

    version: int
    issued_at: Utc
    recorded_at: Utc


class Advices(Dated):
    """The versions of the advice of a case, the newest last."""

    items: list[AdviceVersionView]


class AdviceInPart(View):
    """The lines of an advice that are addressed to your organisation; with their goals if you are the provider."""

    lines: list[dict[str, object]]
    goals: list[dict[str, object]] = Field(default_factory=list)


class AdviceView(Dated):
    """A version of the advice. `whole` is false if you see only the lines addressed to your organisation."""

    version: int
    modality: str
    issued_at: Utc
    whole: bool
    advice: Annotated[dict[str, object], described_as(Advice, AdviceRevision, AdviceInPart)]


@router.get("/cases/{caseId}/advices")
async def list_advices(case_id: CaseId, house: TheHouse, caller: TheCaller, looking: TheLooking) -> Advices:
    """The versions of the advice, with the moment at which each was issued."""
    return await house.database.read(lambda transaction: view_advices(transaction, caller, case_id, looking))


def view_advices(transaction: Transaction, caller: Caller, case_id: UUID, looking: Looking) -> Advices:
    """Returns the versions of the advice that the caller may see."""
    versions = advice_versions(transaction, caller, case_id, looking.when)
    items = [
        AdviceVersionView(version=number, issued_at=entry.occurred_at, recorded_at=entry.recorded_at)
        for number, entry in versions.issued.items()
    ]
    return looking.dated(Advices(items=items), versions.past)


@router.get("/cases/{caseId}/advices/{version}", responses=may_refuse(403))
async def get_advice(
    case_id: CaseId, version: Version, house: TheHouse, caller: TheCaller, looking: TheLooking
) -> AdviceView:
    """A version of the advice, with dissent and the family's statement. Reading it is logged."""
    return await house.database.write(lambda transaction: view_advice(transaction, caller, case_id, version, looking))


def view_advice(transaction: Transaction, caller: Caller, case_id: UUID, version: int, looking: Looking) -> AdviceView:
    """Returns the part of this version that the caller may see. Logs the reading, so the transaction must write."""
    advice = read_advice(transaction, caller, case_id, version, looking.when)
    view = AdviceView(
        version=advice.version,
        modality=Definitions(transaction).settings(advice.entry.settings).advice_modality,
        issued_at=advice.entry.occurred_at,
        whole=advice.whole,
        advice=dict(advice.form),
    )
    return looking.dated(view, advice.past)
