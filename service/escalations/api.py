"""/v1/escalation-signals and /v1/cases/{caseId}/refusals: what leads beyond the region."""

from typing import Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter

from service.cases.api.point_in_time import TheLooking
from service.cases.api.presenter import Drawing
from service.cases.api.step_bodies import CaseNumber, StepBody
from service.cases.api.steps import made_answer
from service.cases.api.views import Dated, MadeView
from service.cases.rules.attention import refusals
from service.cases.use_cases.look_back import looked_at
from service.cases.use_cases.read import whole_case
from service.database.transaction import Transaction
from service.escalations.rules.forms import EscalationSignal
from service.escalations.use_cases import signal_escalation
from service.http.context import OnceOnly, TheAsker, TheHouse, read_body
from service.http.json_models import Named, Utc, View
from service.http.openapi import may_refuse, takes
from service.http.request_faults import CheckedRoute
from service.http.responses import answer
from service.people.use_cases.identify import known


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
async def list_refusals(case_id: UUID, house: TheHouse, asker: TheAsker, looking: TheLooking) -> Response:
    """The ledger of refusals, which stays with the case. Facts, no content."""

    def work(transaction: Transaction) -> Response:
        actor = known(transaction, asker)
        whole_case(transaction, actor, case_id)
        history, then = looked_at(transaction, actor, case_id, looking.when)
        found = refusals(history)
        drawing = Drawing.of(transaction, house.rules, [it.organisation_id for it in found])
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
            for it in found
        ]
        return answer(looking.dated(Refusals(items=items), then))

    return await house.database.read(work)


@router.post(
    "/escalation-signals",
    status_code=201,
    response_model=MadeView,
    openapi_extra=takes("signal"),
    responses=may_refuse(400, 401, 403, 404, 409, 413, 415),
)
async def add_escalation_signal(request: Request, house: TheHouse, asker: TheAsker, once: OnceOnly) -> Response:
    """Signal as CCE liaison that a case of your regions is stuck. You name it by its number; its chair is informed."""
    body = await read_body(request, SIGNAL)

    def work(transaction: Transaction) -> Response:
        made = signal_escalation(
            transaction, asker, body.number, body.to_step(transaction.now), once, rules=house.rules, new_id=uuid4
        )
        return made_answer(transaction, house.rules, made)

    return await house.database.write(work)
