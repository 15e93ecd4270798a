"""/v1/escalation-signals and /v1/cases/{caseId}/refusals: what leads beyond the region."""

from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response

from service.api.answers import answer
from service.api.bodies import SIGNAL
from service.api.dependencies import OnceOnly, TheAsker, TheHouse, read_body
from service.api.drawing import Drawing
from service.api.faults import CheckedRoute
from service.api.looking import TheLooking
from service.api.making import made_answer
from service.api.openapi import may_refuse, takes
from service.api.views import Dated, MadeView, Named, Utc, View
from service.domain.attention import refusals
from service.storage.unit import Unit
from service.use_cases.asking import known
from service.use_cases.looking_back import looked_at
from service.use_cases.reading import whole_case
from service.use_cases.signalling import signal_escalation

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

    def work(unit: Unit) -> Response:
        actor = known(unit, asker)
        whole_case(unit, actor, case_id)
        history, then = looked_at(unit, actor, case_id, looking.when)
        found = refusals(history)
        drawing = Drawing.of(unit, house.rules, [it.organisation_id for it in found])
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

    def work(unit: Unit) -> Response:
        made = signal_escalation(
            unit, asker, body.number, body.to_step(unit.now), once, rules=house.rules, new_id=uuid4
        )
        return made_answer(unit, house.rules, made)

    return await house.database.write(work)
