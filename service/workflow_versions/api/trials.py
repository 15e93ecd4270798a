"""/v1/workflow-trials: what a workflow would do to the cases that run."""

from itertools import groupby
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field, StringConstraints, TypeAdapter

from service.http.context import TheCaller, TheHouse, read_body
from service.http.json_models import Body, View
from service.http.openapi import may_refuse, takes
from service.http.request_faults import CheckedRoute
from service.http.responses import answer
from service.kinds import KindOfPart
from service.workflow_versions.api.verdicts import Hash, ReasonView, States, VerdictView, verdict_views
from service.workflow_versions.use_cases import Trial, Tried, try_version
from service.workflows.rules.definition import Diagnostic
from service.workflows.rules.workflow_file import MAX_CHARACTERS

router = APIRouter(tags=["administration"], route_class=CheckedRoute)


class WorkflowTrialBody(Body):
    """What to hold against all running cases: a file as you would deploy it, a known workflow, or the one in force."""

    kind: KindOfPart
    mapping: States = Field(default_factory=dict)
    to: Hash | None = Field(default=None, description="A known workflow; the one in force when left out.")
    definition: Annotated[str, StringConstraints(max_length=MAX_CHARACTERS)] | None = Field(
        default=None, description="The text of a workflow file (TOML); then `to` is not looked at."
    )


WORKFLOW_TRIAL = TypeAdapter(WorkflowTrialBody)


class WorkflowVersionView(View):
    """A workflow that parts run on, and what would become of each of them."""

    workflow: str
    fits: int
    needs_a_mapping: int
    impossible: int
    parts: list[VerdictView]


class DiagnosticView(ReasonView):
    """Something wrong with the file: where, and the triggers that lead to the trouble."""

    path: str
    witness: list[str]
    severity: Literal["error", "warning"]
    settings: str | None


class TrialView(View):
    """The outcome of a trial. `workflow` is null when the file cannot be used; `diagnostics` say why."""

    workflow: str | None
    diagnostics: list[DiagnosticView]
    versions: list[WorkflowVersionView]


@router.post(
    "/workflow-trials", response_model=TrialView, openapi_extra=takes("workflow_trial"),
    responses=may_refuse(400, 401, 403, 413, 415),
)  # fmt: skip
async def try_workflow(request: Request, house: TheHouse, caller: TheCaller) -> Response:
    """Hold a version of a workflow against all cases that run on others. Changes nothing."""
    body = await read_body(request, WORKFLOW_TRIAL)
    trial = Trial(kind=body.kind, mapping=body.mapping, to=body.to, definition=body.definition)
    tried = await house.database.read(lambda transaction: try_version(transaction, caller, trial, rules=house.rules))
    return answer(trial_view(tried))


def trial_view(tried: Tried) -> TrialView:
    by_version = sorted(tried.verdicts, key=lambda it: it.part.workflow)
    versions = []
    for workflow, some in groupby(by_version, key=lambda it: it.part.workflow):
        parts = verdict_views(some)
        counts: dict[str, int] = {fit: sum(it.verdict == fit for it in parts) for fit in _FITS}
        versions.append(WorkflowVersionView(workflow=workflow, parts=parts, **counts))
    diagnostics = [_diagnostic_view(it) for it in tried.diagnostics]
    return TrialView(workflow=tried.workflow, diagnostics=diagnostics, versions=versions)


_FITS = ("fits", "needs_a_mapping", "impossible")


def _diagnostic_view(it: Diagnostic) -> DiagnosticView:
    return DiagnosticView(
        code=it.code,
        nl=it.words.nl,
        en=it.words.en,
        path=it.path,
        witness=list(it.witness),
        severity=it.severity,
        settings=it.settings,
    )
