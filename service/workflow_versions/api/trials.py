"""/v1/workflow-trials: trials of a workflow on all running cases, for administrators."""

from itertools import groupby
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from service.database.transaction import Transaction
from service.http.app_context import AppContextDependency
from service.http.json_models import Body, View
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.kinds import KindOfPart
from service.workflow_versions.api.verdicts import MappedStates, ReasonView, VerdictView, WorkflowHash, verdict_views
from service.workflow_versions.use_cases import VersionTrial, VersionTrialResult, try_version
from service.workflows.rules.definition import Diagnostic
from service.workflows.rules.rulebook import Rulebook
from service.workflows.rules.workflow_file import MAX_CHARACTERS

router = StrictRouter("administration")


class WorkflowTrialBody(Body):
    """The workflow to try on all running cases: a file, a known workflow, or the one in force."""

    kind: KindOfPart
    mapping: MappedStates = Field(default_factory=dict)
    to: WorkflowHash | None = Field(default=None, description="A known workflow; the one in force when omitted.")
    definition: Annotated[str, StringConstraints(max_length=MAX_CHARACTERS)] | None = Field(
        default=None, description="The text of a workflow file (TOML). `to` is then ignored."
    )


class WorkflowVersionView(View):
    """A workflow that parts run on, with the verdict on each part."""

    workflow: str
    fits: int
    needs_a_mapping: int
    impossible: int
    parts: list[VerdictView]


class DiagnosticView(ReasonView):
    """A fault of the file. `path`: place in the file. `witness`: triggers that lead to the fault."""

    path: str
    witness: list[str]
    severity: Literal["error", "warning"]
    settings: str | None


class TrialView(View):
    """The result of a trial. `workflow` is null when the file cannot be used; `diagnostics` give the reasons."""

    workflow: str | None
    diagnostics: list[DiagnosticView]
    versions: list[WorkflowVersionView]


@router.post("/workflow-trials", responses=refusal_responses(403))
async def try_workflow(body: WorkflowTrialBody, context: AppContextDependency, caller: CallerDependency) -> TrialView:
    """Try a version of a workflow on all cases that run on other versions. Changes nothing."""
    trial = VersionTrial(kind=body.kind, mapping=body.mapping, to=body.to, definition=body.definition)
    return await context.database.read(lambda transaction: view_trial(transaction, caller, trial, rules=context.rules))


def view_trial(transaction: Transaction, caller: Caller, trial: VersionTrial, *, rules: Rulebook) -> TrialView:
    """The result of a trial, for an administrator."""
    return trial_view(try_version(transaction, caller, trial, rules=rules))


def trial_view(result: VersionTrialResult) -> TrialView:
    by_version = sorted(result.verdicts, key=lambda verdict: verdict.part.workflow)
    versions = []
    for workflow, verdicts in groupby(by_version, key=lambda verdict: verdict.part.workflow):
        parts = verdict_views(verdicts)
        counts: dict[str, int] = {fit: sum(part.verdict == fit for part in parts) for fit in _FITS}
        versions.append(WorkflowVersionView(workflow=workflow, parts=parts, **counts))
    diagnostics = [_diagnostic_view(diagnostic) for diagnostic in result.diagnostics]
    return TrialView(workflow=result.workflow, diagnostics=diagnostics, versions=versions)


_FITS = ("fits", "needs_a_mapping", "impossible")


def _diagnostic_view(diagnostic: Diagnostic) -> DiagnosticView:
    return DiagnosticView(
        code=diagnostic.code,
        nl=diagnostic.words.nl,
        en=diagnostic.words.en,
        path=diagnostic.path,
        witness=list(diagnostic.witness),
        severity=diagnostic.severity,
        settings=diagnostic.settings,
    )
