"""/v1/emergency-accesses: begins emergency access. Its later steps use the routes of all parts."""

from typing import Literal
from uuid import uuid4

from fastapi import Response
from pydantic import Field

from service.cases.api.numbers import write_by_number
from service.cases.api.step_bodies import CaseNumber, StepBody
from service.cases.api.steps import answer_step, step_result_view
from service.cases.api.views import MadeView
from service.database.idempotency import IdempotentResult
from service.database.transaction import Transaction
from service.file_rights.rules.emergency_forms import EmergencyAccess
from service.file_rights.use_cases.emergency_access import take_emergency_access
from service.http.app_context import AppContextDependency
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency, IdempotencyKeyHeader
from service.http.strict_route import StrictRouter

router = StrictRouter("cases")


class EmergencyBody(StepBody):
    """The number of the case, and why you must read it now. A date is ignored: access begins when it is recorded."""

    trigger: Literal["take_emergency_access"]
    number: CaseNumber
    form: EmergencyAccess = Field(description="Form emergency_access@1.")


@router.post("/emergency-accesses", status_code=201, responses=refusal_responses(403, 404))
async def add_emergency_access(
    body: EmergencyBody,
    context: AppContextDependency,
    caller: CallerDependency,
    idempotency_key: IdempotencyKeyHeader,
    response: Response,
) -> MadeView:
    """Read one case in an emergency (noodtoegang) for a number of hours. Everybody involved in the case sees this.

    The data-protection officer of its team reviews the access afterwards. For people, not for systems.
    """

    def work(transaction: Transaction) -> IdempotentResult[MadeView]:
        step = body.to_step(transaction.now)
        outcome = take_emergency_access(
            transaction, caller, body.number, step, idempotency_key, rules=context.rules, new_id=uuid4
        )
        return step_result_view(transaction, context.rules, outcome)

    return answer_step(response, await write_by_number(context, caller, work))
