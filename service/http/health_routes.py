"""/v1/health and /v1/ready: liveness and readiness of this process."""

from typing import Literal

from service.http.app_context import AppContextDependency
from service.http.json_models import View
from service.http.readiness import CHECKS
from service.http.strict_route import StrictRouter
from service.vocabulary.refusals import NotReady

router = StrictRouter("service")


class HealthView(View):
    """This process answers. `status` is always `ready`, for compatibility; readiness itself is at `/ready`."""

    status: Literal["ready"] = "ready"


class ReadyView(View):
    """This process is ready for requests: all of these checks pass."""

    status: Literal["ready"] = "ready"
    checks: list[str]


@router.get("/health")
async def get_health() -> HealthView:
    """Liveness of this process, without a look at its database. For supervisors that restart a hanging process."""
    return HealthView()


@router.get("/ready")
async def get_ready(context: AppContextDependency) -> ReadyView:
    """Readiness of this process for requests. For load balancers; `checks` of a 503 lists the failing checks."""
    if failures := await context.readiness.failing_checks():
        raise NotReady(failures)
    return ReadyView(checks=[*CHECKS])
