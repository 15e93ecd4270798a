"""/v1/health and /v1/ready: whether this process answers, and whether it should be sent requests."""

from typing import Literal

from fastapi import APIRouter, Response

from service.http.context import TheHouse
from service.http.json_models import View
from service.http.openapi import PUBLIC, may_refuse
from service.http.readiness import CHECKS
from service.http.request_faults import CheckedRoute
from service.http.responses import answer
from service.vocabulary.refusals import NotReady

router = APIRouter(tags=["service"], route_class=CheckedRoute)


class HealthView(View):
    """This process answers. The word is older than the difference with /ready."""

    status: Literal["ready"] = "ready"


class ReadyView(View):
    """Requests can be sent here: each of these checks is in order."""

    status: Literal["ready"] = "ready"
    checks: list[str]


@router.get("/health", response_model=HealthView, responses=may_refuse(400), openapi_extra=PUBLIC)
async def get_health() -> Response:
    """Whether this process answers, whatever its database does. For whoever restarts processes that do not."""
    return answer(HealthView())


@router.get("/ready", response_model=ReadyView, responses=may_refuse(400, 503), openapi_extra=PUBLIC)
async def get_ready(house: TheHouse) -> Response:
    """Whether requests should be sent to this process. For balancers; `checks` of a 503 say what is not in order."""
    if failing := await house.readiness.failing():
        raise NotReady(failing)
    return answer(ReadyView(checks=[*CHECKS]))
