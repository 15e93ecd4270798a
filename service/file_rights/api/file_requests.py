"""/v1/cases/{caseId}/file-requests and /v1/emergency-accesses: where they begin; their steps are those of any part."""

from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response

from service.cases.api.steps import made_answer
from service.cases.api.views import MadeView
from service.database.transaction import Transaction
from service.file_rights.use_cases.file_requests import ask_about_file, take_emergency_access
from service.http.bodies import EMERGENCY, FILE_REQUEST
from service.http.context import OnceOnly, TheAsker, TheHouse, read_body
from service.http.openapi import may_refuse, takes
from service.http.request_faults import CheckedRoute

router = APIRouter(tags=["cases"], route_class=CheckedRoute)


@router.post(
    "/cases/{case_id}/file-requests",
    status_code=201,
    response_model=MadeView,
    openapi_extra=takes("new_file_request"),
    responses=may_refuse(400, 401, 403, 404, 409, 413, 415),
)
async def add_file_request(
    request: Request, case_id: UUID, house: TheHouse, asker: TheAsker, once: OnceOnly
) -> Response:
    """Ask about the file: access, a copy, correction, destruction. Also on a case that has ended."""
    body = await read_body(request, FILE_REQUEST)

    def work(transaction: Transaction) -> Response:
        made = ask_about_file(
            transaction, asker, case_id, body.to_step(transaction.now), once, rules=house.rules, new_id=uuid4
        )
        return made_answer(transaction, house.rules, made)

    return await house.database.write(work)


@router.post(
    "/emergency-accesses",
    status_code=201,
    response_model=MadeView,
    openapi_extra=takes("new_emergency_access"),
    responses=may_refuse(400, 401, 403, 404, 409, 413, 415),
)
async def add_emergency_access(request: Request, house: TheHouse, asker: TheAsker, once: OnceOnly) -> Response:
    """Read one case in an emergency (noodtoegang), by its number, for some hours. Everybody around it sees it.

    You say why; the data-protection officer of its team looks into it afterwards. For people, not for systems.
    """
    body = await read_body(request, EMERGENCY)

    def work(transaction: Transaction) -> Response:
        step = body.to_step(transaction.now)
        made = take_emergency_access(transaction, asker, body.number, step, once, rules=house.rules, new_id=uuid4)
        return made_answer(transaction, house.rules, made)

    return await house.database.write(work)
