"""/v1/cases/{caseId}/file-requests: begins a file request. Its later steps use the routes of all parts."""

from typing import Literal
from uuid import uuid4

from fastapi import Response
from pydantic import Field

from service.cases.api.step_bodies import StepBody
from service.cases.api.steps import answer_step, step_result_view
from service.cases.api.views import MadeView
from service.database.idempotency import IdempotentResult
from service.database.transaction import Transaction
from service.file_rights.rules.request_forms import FileRequest
from service.file_rights.use_cases.file_requests import ask_about_file
from service.http.app_context import AppContextDependency
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency, CaseId, IdempotencyKeyHeader
from service.http.strict_route import StrictRouter


class FileRequestBody(StepBody):
    """A request to exercise a right on the file."""

    trigger: Literal["ask_about_file"]
    form: FileRequest = Field(description="Form file_request@1.")


router = StrictRouter("cases")


@router.post("/cases/{caseId}/file-requests", status_code=201, responses=refusal_responses(403))
async def add_file_request(
    case_id: CaseId,
    body: FileRequestBody,
    context: AppContextDependency,
    caller: CallerDependency,
    idempotency_key: IdempotencyKeyHeader,
    response: Response,
) -> MadeView:
    """Request access to the file, a copy, correction or destruction. The case may have ended."""

    def work(transaction: Transaction) -> IdempotentResult[MadeView]:
        step = body.to_step(transaction.now)
        outcome = ask_about_file(transaction, caller, case_id, step, idempotency_key, rules=context.rules, new_id=uuid4)
        return step_result_view(transaction, context.rules, outcome)

    return answer_step(response, await context.database.write(work))
