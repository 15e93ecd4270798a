"""/v1/emergency-accesses: where emergency access begins; its steps are those of any part."""

from typing import Literal
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from pydantic import Field, TypeAdapter

from service.cases.api.step_bodies import CaseNumber, StepBody
from service.cases.api.steps import made_answer
from service.cases.api.views import MadeView
from service.database.transaction import Transaction
from service.file_rights.rules.emergency_forms import EmergencyAccess
from service.file_rights.use_cases.emergency_access import take_emergency_access
from service.http.context import OnceOnly, TheCaller, TheHouse, read_body
from service.http.openapi import may_refuse, takes
from service.http.request_faults import CheckedRoute

router = APIRouter(tags=["cases"], route_class=CheckedRoute)


class EmergencyBody(StepBody):
    """The number of the case, as somebody told you, and why you must read it now; a date is not looked at."""

    trigger: Literal["take_emergency_access"]
    number: CaseNumber
    form: EmergencyAccess = Field(description="Form emergency_access@1.")


EMERGENCY = TypeAdapter(EmergencyBody)


@router.post(
    "/emergency-accesses",
    status_code=201,
    response_model=MadeView,
    openapi_extra=takes("new_emergency_access"),
    responses=may_refuse(400, 401, 403, 404, 409, 413, 415),
)
async def add_emergency_access(request: Request, house: TheHouse, caller: TheCaller, once: OnceOnly) -> Response:
    """Read one case in an emergency (noodtoegang), by its number, for some hours. Everybody around it sees it.

    You say why; the data-protection officer of its team looks into it afterwards. For people, not for systems.
    """
    body = await read_body(request, EMERGENCY)

    def work(transaction: Transaction) -> Response:
        step = body.to_step(transaction.now)
        made = take_emergency_access(transaction, caller, body.number, step, once, rules=house.rules, new_id=uuid4)
        return made_answer(transaction, house.rules, made)

    return await house.database.write(work)
