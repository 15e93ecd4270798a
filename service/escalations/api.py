"""/v1/escalation-signals and /v1/cases/{caseId}/refusals: what leads beyond the region."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter

from service.cases.api.point_in_time import Dated, TheLooking
from service.cases.api.presenter import Drawing
from service.cases.api.step_bodies import CaseNumber, StepBody
from service.cases.api.steps import made_answer
from service.cases.api.views import MadeView
from service.cases.rules.attention import Refused, refusals
from service.cases.use_cases.case_reading import read_case
from service.database.transaction import Transaction
from service.escalations.rules.forms import EscalationSignal
from service.escalations.use_cases import signal_escalation
from service.http.context import OnceOnly, TheCaller, TheHouse, read_body
from service.http.json_models import Named, Utc, View
from service.http.openapi import may_refuse, takes
from service.http.request_faults import CheckedRoute
from service.people.use_cases.identify import identify
from service.workflows.rules.rulebook import Rulebook


class SignalBody(StepBody):
    """A liaison's signal: the number of the case, as it was told her, and what she heard."""

    trigger: Literal["signal_escalation"]
    number: CaseNumber
    form: EscalationSignal


SIGNAL = TypeAdapter(SignalBody)

router = APIRouter(tags=["cases"], route_class=CheckedRoute)


class RefusalView(View):
    """A provider's refusal of a line of the advice. It ends nothing (I6)."""

    line: str | None
    provider: Named
    reasons: list[str]
    refused_at: Utc
    part_id: UUID
    part_sequence: int
    alternative: bool = False


class Refusals(Dated):
    """Every refusal, in order; `alternative` tells that somebody was found for the line, or is asked now."""

    items: list[RefusalView]


@router.get("/cases/{case_id}/refusals", response_model=Refusals, responses=may_refuse(400, 401, 404))
async def list_refusals(case_id: UUID, house: TheHouse, caller: TheCaller, looking: TheLooking) -> Response:
    """The ledger of refusals, which stays with the case. Facts, no content."""

    def work(transaction: Transaction) -> Response:
        reading = read_case(transaction, identify(transaction, caller), case_id, looking.when)
        reading.whole()
        return looking.answer(_ledger(transaction, house.rules, refusals(reading.history)), reading.past)

    return await house.database.read(work)


def _ledger(transaction: Transaction, rules: Rulebook, recorded: Sequence[Refused]) -> Refusals:
    drawing = Drawing.of(transaction, rules, [it.organisation_id for it in recorded])
    items = [
        RefusalView(
            line=it.line,
            provider=drawing.named(it.organisation_id),
            reasons=list(it.reasons),
            refused_at=it.entry.occurred_at,
            part_id=it.entry.part_id,
            part_sequence=it.entry.part_sequence,
            alternative=it.alternative,
        )
        for it in recorded
    ]
    return Refusals(items=items)


@router.post(
    "/escalation-signals",
    status_code=201,
    response_model=MadeView,
    openapi_extra=takes("signal"),
    responses=may_refuse(400, 401, 403, 404, 409, 413, 415),
)
async def add_escalation_signal(request: Request, house: TheHouse, caller: TheCaller, once: OnceOnly) -> Response:
    """Signal as CCE liaison that a case of your regions is stuck. You name it by its number; its chair is informed."""
    body = await read_body(request, SIGNAL)

    def work(transaction: Transaction) -> Response:
        made = signal_escalation(
            transaction, caller, body.number, body.to_step(transaction.now), once, rules=house.rules, new_id=uuid4
        )
        return made_answer(transaction, house.rules, made)

    return await house.database.write(work)
