"""/v1/workflow-trials: what a workflow would do to the cases that run."""

from itertools import groupby
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from service.database.transaction import Transaction
from service.http.house import TheHouse
from service.http.json_models import Body, View
from service.http.openapi import may_refuse
from service.http.parameters import TheCaller
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.kinds import KindOfPart
from service.workflow_versions.api.verdicts import Hash, ReasonView, States, VerdictView, verdict_views
from service.workflow_versions.use_cases import Trial, Tried, try_version
from service.workflows.rules.definition import Diagnostic
from service.workflows.rules.rulebook import Rulebook
from service.workflows.rules.workflow_file import MAX_CHARACTERS

router = StrictRouter("administration")


class WorkflowTrialBody(Body):
    """What to hold against all running cases: a file as you would deploy it, a known workflow, or the one in force."""

    kind: KindOfPart
    mapping: States = Field(default_factory=dict)
    to: Hash | None = Field(default=None, description="A known workflow; the one in force when left out.")
    definition: Annotated[str, StringConstraints(max_length=MAX_CHARACTERS)] | None = Field(
        default=None, description="The text of a workflow file (TOML); then `to` is not looked at."
    )


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


@router.post("/workflow-trials", responses=may_refuse(403))
async def try_workflow(body: WorkflowTrialBody, house: TheHouse, caller: TheCaller) -> TrialView:
    """Hold a version of a workflow against all cases that run on others. Changes nothing."""
    trial = Trial(kind=body.kind, mapping=body.mapping, to=body.to, definition=body.definition)
    return await house.database.read(lambda transaction: view_trial(transaction, caller, trial, rules=house.rules))


def view_trial(transaction: Transaction, caller: Caller, trial: Trial, *, rules: Rulebook) -> TrialView:
    """The outcome of a trial, for an administrator."""
    return trial_view(try_version(transaction, caller, trial, rules=rules))


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
