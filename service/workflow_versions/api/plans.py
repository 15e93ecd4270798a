"""/v1/workflow-plans: plans that move running cases to another workflow, for administrators."""

from functools import partial

from fastapi import Response
from pydantic import Field

from service.database.idempotency import Outcome
from service.database.transaction import Transaction
from service.http.house import House, TheHouse
from service.http.json_models import Body, Named, Utc, View
from service.http.openapi import may_refuse
from service.http.parameters import OnceOnly, TheCaller
from service.http.responses import answer_once
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.kinds import KindOfPart
from service.people.store.people import People
from service.vocabulary.language import FreeText
from service.workflow_versions.api.verdicts import Hash, States, VerdictView, verdict_views
from service.workflow_versions.store import Plan
from service.workflow_versions.use_cases import (
    Intended,
    Progress,
    acted_before,
    adopt,
    carried_out,
    list_plans,
    make_plan,
    progress,
)
from service.workflows.rules.definition import ADOPT
from service.workflows.rules.rulebook import Rulebook


class WorkflowPlanBody(Body):
    """The old and the new workflow, and the mapping of states. A state of the same name needs no mapping."""

    kind: KindOfPart
    from_: Hash = Field(alias="from", description="The workflow that parts run on now.")
    to: Hash | None = Field(default=None, description="A known workflow; the one in force when omitted.")
    mapping: States = Field(default_factory=dict)


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
    made_at: Utc
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


@router.post("/workflow-plans", status_code=201, responses=may_refuse(403))
async def add_plan(
    body: WorkflowPlanBody, house: TheHouse, caller: TheCaller, once: OnceOnly, response: Response
) -> PlanView:
    """Plan the move of running cases from one workflow to another, or back. The same plan made twice is one plan."""
    planned = Intended(kind=body.kind, old=body.from_, new=body.to, mapping=body.mapping)

    def work(transaction: Transaction) -> Outcome[PlanView]:
        outcome = make_plan(transaction, caller, planned, once, rules=house.rules)
        return Outcome(_plan_view(transaction, outcome.value), outcome.repeated)

    outcome = await house.database.write(work)
    return answer_once(response, outcome, location=f"/workflow-plans/{outcome.value.hash}")


@router.get("/workflow-plans", responses=may_refuse(403))
async def list_workflow_plans(house: TheHouse, caller: TheCaller) -> Plans:
    """List all plans with their progress."""
    return await house.database.read(lambda transaction: view_plans(transaction, caller, rules=house.rules))


def view_plans(transaction: Transaction, caller: Caller, *, rules: Rulebook) -> Plans:
    """All plans with their progress, for an administrator."""
    hashes = [plan.definition.hash for plan in list_plans(transaction, caller)]
    return Plans(items=[view_plan(transaction, caller, plan_hash, rules=rules) for plan_hash in hashes])


@router.get("/workflow-plans/{plan}", responses=may_refuse(403))
async def get_workflow_plan(plan: str, house: TheHouse, caller: TheCaller) -> ProgressView:
    """Get the progress of a plan."""
    return await house.database.read(lambda transaction: view_plan(transaction, caller, plan, rules=house.rules))


def view_plan(transaction: Transaction, caller: Caller, plan: str, *, rules: Rulebook) -> ProgressView:
    """Progress of the plan with this hash. Raises NotFound."""
    return progress_view(transaction, progress(transaction, caller, plan, rules=rules))


@router.post("/workflow-plans/{plan}/adoptions", responses=may_refuse(403))
async def add_adoptions(
    plan: str, body: WorkflowAdoptionBody, house: TheHouse, caller: TheCaller, once: OnceOnly, response: Response
) -> ProgressView:
    """Move the next parts along a plan, one transaction per part. Repeat with a new key until `left` is 0."""
    repeated = await house.database.read(lambda transaction: acted_before(transaction, caller, once))
    if not repeated:
        await _adopt_next(house, caller, plan, body)
        await house.database.write(lambda transaction: carried_out(transaction, caller, once))
    view = await house.database.read(lambda transaction: view_plan(transaction, caller, plan, rules=house.rules))
    return answer_once(response, Outcome(view, repeated))


async def _adopt_next(house: House, caller: Caller, plan: str, body: WorkflowAdoptionBody) -> None:
    plan_progress = await house.database.read(
        lambda transaction: progress(transaction, caller, plan, rules=house.rules)
    )
    remaining = body.limit
    for verdict in plan_progress.left:
        unit_of_work = partial(
            adopt, caller=caller, plan_hash=plan, part=verdict.part, grounds=body.grounds, rules=house.rules
        )
        remaining -= await house.database.write(unit_of_work)
        if remaining == 0:
            break


def progress_view(transaction: Transaction, plan_progress: Progress) -> ProgressView:
    return ProgressView(
        plan=_plan_view(transaction, plan_progress.plan),
        adopted=plan_progress.adopted,
        left=len(plan_progress.left),
        refused=verdict_views(plan_progress.refused),
    )


def _plan_view(transaction: Transaction, plan: Plan) -> PlanView:
    return PlanView(
        hash=plan.definition.hash,
        kind=plan.definition.name,
        from_=plan.passage.old,
        to=plan.passage.new,
        mapping=dict(plan.definition.triggers[ADOPT.name].edges),
        made_at=plan.made_at,
        made_by=Named(id=plan.actor_id, name=People(transaction).names({plan.actor_id})[plan.actor_id]),
    )
