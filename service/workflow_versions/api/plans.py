"""/v1/workflow-plans: moving running cases to another workflow, by administrators."""

from functools import partial

from fastapi import APIRouter, Request, Response
from pydantic import Field, TypeAdapter

from service.database.idempotency import Outcome
from service.database.transaction import Transaction
from service.http.context import House, OnceOnly, TheCaller, TheHouse, read_body
from service.http.json_models import Body, Named, Utc, View
from service.http.openapi import may_refuse, takes
from service.http.request_faults import CheckedRoute
from service.http.responses import answer, answer_once
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


class WorkflowPlanBody(Body):
    """From which workflow to which. A state of the same name needs no mapping."""

    kind: KindOfPart
    from_: Hash = Field(alias="from", description="The workflow that parts run on.")
    to: Hash | None = Field(default=None, description="A known workflow; the one in force when left out.")
    mapping: States = Field(default_factory=dict)


class WorkflowAdoptionBody(Body):
    """How many parts to move now, and why; the rest can be moved by further requests."""

    limit: int = Field(default=100, ge=1, le=1000)
    grounds: FreeText = Field(description="Why (onderbouwing): stands in the history of every case that is moved.")


WORKFLOW_PLAN = TypeAdapter(WorkflowPlanBody)


WORKFLOW_ADOPTION = TypeAdapter(WorkflowAdoptionBody)

router = APIRouter(tags=["administration"], route_class=CheckedRoute)


class PlanView(View):
    """A plan: every open state with the one that takes its place."""

    hash: str
    kind: KindOfPart
    from_: str = Field(alias="from")
    to: str
    mapping: dict[str, str]
    made_at: Utc
    made_by: Named


class ProgressView(View):
    """How far a plan is: parts moved along it, those that can still be moved, and those that cannot, with reasons."""

    plan: PlanView
    adopted: int
    left: int
    refused: list[VerdictView]


class Plans(View):
    """Every plan, the newest first, with how far it is."""

    items: list[ProgressView]


@router.post(
    "/workflow-plans", status_code=201, response_model=PlanView, openapi_extra=takes("workflow_plan"),
    responses=may_refuse(400, 401, 403, 409, 413, 415),
)  # fmt: skip
async def add_plan(request: Request, house: TheHouse, caller: TheCaller, once: OnceOnly) -> Response:
    """Plan how running cases go from one workflow to another, or back. The same plan made twice is one plan."""
    body = await read_body(request, WORKFLOW_PLAN)
    intended = Intended(kind=body.kind, old=body.from_, new=body.to, mapping=body.mapping)

    def work(transaction: Transaction) -> Response:
        made = make_plan(transaction, caller, intended, once, rules=house.rules)
        location = f"/workflow-plans/{made.value.definition.hash}"
        return answer_once(made, _plan_view(transaction, made.value), location=location)

    return await house.database.write(work)


@router.get("/workflow-plans", response_model=Plans, responses=may_refuse(400, 401, 403))
async def list_workflow_plans(house: TheHouse, caller: TheCaller) -> Response:
    """The plans that were made, and how far each is."""

    def work(transaction: Transaction) -> Response:
        hashes = [plan.definition.hash for plan in list_plans(transaction, caller)]
        found = [progress(transaction, caller, it, rules=house.rules) for it in hashes]
        return answer(Plans(items=[progress_view(transaction, it) for it in found]))

    return await house.database.read(work)


@router.get("/workflow-plans/{plan}", response_model=ProgressView, responses=may_refuse(400, 401, 403, 404))
async def get_workflow_plan(plan: str, house: TheHouse, caller: TheCaller) -> Response:
    """How far a plan is."""
    return await house.database.read(lambda transaction: answer(_progress(transaction, house, caller, plan)))


@router.post(
    "/workflow-plans/{plan}/adoptions", response_model=ProgressView, openapi_extra=takes("workflow_adoption"),
    responses=may_refuse(400, 401, 403, 404, 409, 413, 415),
)  # fmt: skip
async def add_adoptions(request: Request, plan: str, house: TheHouse, caller: TheCaller, once: OnceOnly) -> Response:
    """Move the next parts along a plan, each in a transaction of its own; again, until nothing is left."""
    body = await read_body(request, WORKFLOW_ADOPTION)
    repeated = await house.database.read(lambda transaction: acted_before(transaction, caller, once))
    if not repeated:
        found = await house.database.read(lambda transaction: progress(transaction, caller, plan, rules=house.rules))
        left = body.limit
        for verdict in found.left:
            moved = partial(
                adopt, caller=caller, plan_hash=plan, part=verdict.part, grounds=body.grounds, rules=house.rules
            )
            left -= await house.database.write(moved)
            if left == 0:
                break
        await house.database.write(lambda transaction: carried_out(transaction, caller, once))
    outcome = Outcome(plan, repeated)
    return await house.database.read(
        lambda transaction: answer_once(outcome, _progress(transaction, house, caller, plan), status=200)
    )


def _progress(transaction: Transaction, house: House, caller: Caller, plan: str) -> ProgressView:
    return progress_view(transaction, progress(transaction, caller, plan, rules=house.rules))


def progress_view(transaction: Transaction, found: Progress) -> ProgressView:
    refused = verdict_views(found.refused)
    return ProgressView(
        plan=_plan_view(transaction, found.plan), adopted=found.adopted, left=len(found.left), refused=refused
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
