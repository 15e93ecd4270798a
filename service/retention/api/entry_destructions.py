"""/v1/cases/{caseId}/entry-destructions: proposes to destroy an entry. Its later steps use the routes of all parts."""

from typing import Literal
from uuid import uuid4

from fastapi import Response
from pydantic import Field

from service.cases.api.step_bodies import StepBody
from service.cases.api.steps import answer_step, step_result_view
from service.cases.api.views import MadeView
from service.database.idempotency import IdempotentResult
from service.database.transaction import Transaction
from service.http.app_context import AppContextDependency
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency, CaseId, IdempotencyKeyHeader
from service.http.strict_route import StrictRouter
from service.retention.rules.entry_destruction import EntryDestruction
from service.retention.use_cases.destroy_content import propose_entry_destruction


class EntryDestructionBody(StepBody):
    """The entry whose content must go, on which ground, and what remains of it."""

    trigger: Literal["propose_destruction"]
    form: EntryDestruction = Field(description="Form entry_destruction@1.")


router = StrictRouter("retention")


@router.post("/cases/{caseId}/entry-destructions", status_code=201, responses=refusal_responses(403))
async def add_entry_destruction(
    case_id: CaseId,
    body: EntryDestructionBody,
    context: AppContextDependency,
    caller: CallerDependency,
    idempotency_key: IdempotencyKeyHeader,
    response: Response,
) -> MadeView:
    """Propose to destroy the content of one entry. The case may have ended. The officer of the team decides on it.

    The steps stay in the history with their facts; only what was written goes, and for good.
    """

    def work(transaction: Transaction) -> IdempotentResult[MadeView]:
        step = body.to_step(transaction.now)
        outcome = propose_entry_destruction(
            transaction, caller, case_id, step, idempotency_key, rules=context.rules, new_id=uuid4
        )
        return step_result_view(transaction, context.rules, outcome)

    return answer_step(response, await context.database.write(work))
