"""/v1/health and /v1/ready: whether this process answers, and whether it should be sent requests."""

from typing import Literal

from service.http.house import TheHouse
from service.http.json_models import View
from service.http.readiness import CHECKS
from service.http.strict_route import StrictRouter
from service.vocabulary.refusals import NotReady

router = StrictRouter("service")


class HealthView(View):
    """This process answers. The word is older than the difference with /ready."""

    status: Literal["ready"] = "ready"


class ReadyView(View):
    """Requests can be sent here: each of these checks is in order."""

    status: Literal["ready"] = "ready"
    checks: list[str]


@router.get("/health")
async def get_health() -> HealthView:
    """Whether this process answers, whatever its database does. For whoever restarts processes that do not."""
    return HealthView()


@router.get("/ready")
async def get_ready(house: TheHouse) -> ReadyView:
    """Whether requests should be sent to this process. For balancers; `checks` of a 503 say what is not in order."""
    if failing := await house.readiness.failing():
        raise NotReady(failing)
    return ReadyView(checks=[*CHECKS])
