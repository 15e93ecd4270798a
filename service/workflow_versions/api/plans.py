"""/v1/workflow-plans: plans that move running cases to another workflow, for administrators."""

from functools import partial

from fastapi import Response
from pydantic import Field

from service.database.idempotency import IdempotentResult
from service.database.transaction import Transaction
from service.http.app_context import AppContext, AppContextDependency
from service.http.json_models import Body, Named, UtcDateTime, View
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency, IdempotencyKeyHeader
from service.http.responses import answer_idempotently
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.kinds import KindOfPart
from service.people.store.people import People
from service.vocabulary.language import FreeText
from service.workflow_versions.api.verdicts import MappedStates, VerdictView, WorkflowHash, verdict_views
from service.workflow_versions.store import WorkflowPlan
from service.workflow_versions.use_cases import (
    PlannedMove,
    PlanProgress,
    adopt_part,
    is_completed,
    list_plans,
    make_plan,
    read_progress,
    record_completion,
)
from service.workflows.rules.definition import ADOPT_TRIGGER
from service.workflows.rules.rulebook import Rulebook


class WorkflowPlanBody(Body):
    """The old and the new workflow, and the mapping of states. A state of the same name needs no mapping."""

    kind: KindOfPart
    from_: WorkflowHash = Field(alias="from", description="The workflow that parts run on now.")
    to: WorkflowHash | None = Field(default=None, description="A known workflow; the one in force when omitted.")
    mapping: MappedStates = Field(default_factory=dict)


class WorkflowAdoptionBody(Body):
    """Maximum number of parts to move now, and the grounds. Further requests move the remaining parts."""

    limit: int = Field(default=100, ge=1, le=1000)
    grounds: FreeText = Field(
        description="Grounds (onderbouwing), recorded in the history of every case that is moved."
    )


router = StrictRouter("administration")


class PlanView(View):
    """A plan. `mapping`: every open state of the old workflow with the state that replaces it."""

    hash: str
    kind: KindOfPart
    from_: str = Field(alias="from")
    to: str
    mapping: dict[str, str]
    made_at: UtcDateTime
    made_by: Named


class ProgressView(View):
    """Progress of a plan. `adopted`: parts that were moved. `left`: parts that can be moved. `refused`: others."""

    plan: PlanView
    adopted: int
    left: int
    refused: list[VerdictView]


class Plans(View):
    """All plans with their progress, the newest first."""

    items: list[ProgressView]


@router.post("/workflow-plans", status_code=201, responses=refusal_responses(403))
async def add_plan(
    body: WorkflowPlanBody,
    context: AppContextDependency,
    caller: CallerDependency,
    idempotency_key: IdempotencyKeyHeader,
    response: Response,
) -> PlanView:
    """Plan the move of running cases from one workflow to another, or back. The same plan made twice is one plan."""
    planned = PlannedMove(kind=body.kind, old=body.from_, new=body.to, mapping=body.mapping)

    def work(transaction: Transaction) -> IdempotentResult[PlanView]:
        outcome = make_plan(transaction, caller, planned, idempotency_key, rules=context.rules)
        return IdempotentResult(_plan_view(transaction, outcome.value), outcome.repeated)

    outcome = await context.database.write(work)
    return answer_idempotently(response, outcome, location=f"/workflow-plans/{outcome.value.hash}")


@router.get("/workflow-plans", responses=refusal_responses(403))
async def list_workflow_plans(context: AppContextDependency, caller: CallerDependency) -> Plans:
    """List all plans with their progress."""
    return await context.database.read(lambda transaction: view_plans(transaction, caller, rules=context.rules))


def view_plans(transaction: Transaction, caller: Caller, *, rules: Rulebook) -> Plans:
    """All plans with their progress, for an administrator."""
    hashes = [plan.definition.hash for plan in list_plans(transaction, caller)]
    return Plans(items=[view_plan(transaction, caller, plan_hash, rules=rules) for plan_hash in hashes])


@router.get("/workflow-plans/{plan}", responses=refusal_responses(403))
async def get_workflow_plan(plan: str, context: AppContextDependency, caller: CallerDependency) -> ProgressView:
    """Get the progress of a plan."""
    return await context.database.read(lambda transaction: view_plan(transaction, caller, plan, rules=context.rules))


def view_plan(transaction: Transaction, caller: Caller, plan: str, *, rules: Rulebook) -> ProgressView:
    """Progress of the plan with this hash. Raises NotFound."""
    return progress_view(transaction, read_progress(transaction, caller, plan, rules=rules))


@router.post("/workflow-plans/{plan}/adoptions", responses=refusal_responses(403))
async def add_adoptions(
    plan: str,
    body: WorkflowAdoptionBody,
    context: AppContextDependency,
    caller: CallerDependency,
    idempotency_key: IdempotencyKeyHeader,
    response: Response,
) -> ProgressView:
    """Move the next parts along a plan, one transaction per part. Repeat with a new key until `left` is 0."""
    repeated = await context.database.read(lambda transaction: is_completed(transaction, caller, idempotency_key))
    if not repeated:
        await _adopt_next(context, caller, plan, body)
        await context.database.write(lambda transaction: record_completion(transaction, caller, idempotency_key))
    view = await context.database.read(lambda transaction: view_plan(transaction, caller, plan, rules=context.rules))
    return answer_idempotently(response, IdempotentResult(view, repeated))


async def _adopt_next(context: AppContext, caller: Caller, plan: str, body: WorkflowAdoptionBody) -> None:
    plan_progress = await context.database.read(
        lambda transaction: read_progress(transaction, caller, plan, rules=context.rules)
    )
    remaining = body.limit
    for verdict in plan_progress.movable:
        unit_of_work = partial(
            adopt_part, caller=caller, plan_hash=plan, part=verdict.part, grounds=body.grounds, rules=context.rules
        )
        remaining -= await context.database.write(unit_of_work)
        if remaining == 0:
            break


def progress_view(transaction: Transaction, plan_progress: PlanProgress) -> ProgressView:
    return ProgressView(
        plan=_plan_view(transaction, plan_progress.plan),
        adopted=plan_progress.adopted,
        left=len(plan_progress.movable),
        refused=verdict_views(plan_progress.immovable),
    )


def _plan_view(transaction: Transaction, plan: WorkflowPlan) -> PlanView:
    return PlanView(
        hash=plan.definition.hash,
        kind=plan.definition.name,
        from_=plan.passage.old,
        to=plan.passage.new,
        mapping=dict(plan.definition.triggers[ADOPT_TRIGGER.name].edges),
        made_at=plan.made_at,
        made_by=Named(id=plan.actor_id, name=People(transaction).names({plan.actor_id})[plan.actor_id]),
    )
