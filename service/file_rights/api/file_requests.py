"""/v1/cases/{caseId}/file-requests: where a request begins; its steps are those of any part."""

from typing import Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from pydantic import Field, TypeAdapter

from service.cases.api.step_bodies import StepBody
from service.cases.api.steps import made_answer
from service.cases.api.views import MadeView
from service.database.transaction import Transaction
from service.file_rights.rules.request_forms import FileRequest
from service.file_rights.use_cases.file_requests import ask_about_file
from service.http.context import OnceOnly, TheCaller, TheHouse, read_body
from service.http.openapi import may_refuse, takes
from service.http.request_faults import CheckedRoute


class FileRequestBody(StepBody):
    """A right that is used over the file."""

    trigger: Literal["ask_about_file"]
    form: FileRequest = Field(description="Form file_request@1.")


FILE_REQUEST = TypeAdapter(FileRequestBody)


router = APIRouter(tags=["cases"], route_class=CheckedRoute)


@router.post(
    "/cases/{case_id}/file-requests",
    status_code=201,
    response_model=MadeView,
    openapi_extra=takes("new_file_request"),
    responses=may_refuse(400, 401, 403, 404, 409, 413, 415),
)
async def add_file_request(
    request: Request, case_id: UUID, house: TheHouse, caller: TheCaller, once: OnceOnly
) -> Response:
    """Ask about the file: access, a copy, correction, destruction. Also on a case that has ended."""
    body = await read_body(request, FILE_REQUEST)

    def work(transaction: Transaction) -> Response:
        made = ask_about_file(
            transaction, caller, case_id, body.to_step(transaction.now), once, rules=house.rules, new_id=uuid4
        )
        return made_answer(transaction, house.rules, made)

    return await house.database.write(work)
