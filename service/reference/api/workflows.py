"""Routes of /v1/workflows: the workflows in force, as data for clients."""

from service.http.app_context import AppContextDependency
from service.http.json_models import InTwoLanguages, Labelled, View
from service.http.strict_route import StrictRouter
from service.vocabulary.refusals import NotFound
from service.vocabulary.roles import Role
from service.workflows.rules.kinds import event_type
from service.workflows.rules.machine import Workflow
from service.workflows.rules.rulebook import Rulebook

router = StrictRouter("reference")


class StateView(Labelled):
    """A state: the role that must act, the name of its term in the region's settings, and the next trigger."""

    phase: str
    party: Role | None
    term: str | None
    next: str | None


class MoveView(View):
    """A move from one state to another, or to itself."""

    source: str
    target: str


class TriggerView(Labelled):
    """A trigger: its moves between states and the roles that may fire it. `eventType` is the type of its event."""

    event_type: str
    moves: list[MoveView]
    roles: list[Role]
    form: str | None
    grounds_required: bool
    guards: list[str]
    opens: list[str]


class WorkflowView(View):
    """A workflow definition. `hash` identifies it in every entry of a history."""

    name: str
    hash: str
    label: InTwoLanguages
    states: list[StateView]
    triggers: list[TriggerView]


class Workflows(View):
    """The workflows on which new cases and parts begin."""

    items: list[WorkflowView]


@router.get("/workflows")
async def list_workflows(context: AppContextDependency) -> Workflows:
    """The workflows in force, one per kind of part."""
    return view_workflows(rules=context.rules)


def view_workflows(*, rules: Rulebook) -> Workflows:
    """Every workflow in force."""
    return Workflows(items=[_workflow(workflow) for workflow in rules.newest.values()])


@router.get("/workflows/{name}")
async def get_workflow(name: str, context: AppContextDependency) -> WorkflowView:
    """The workflow in force for a kind of part, or any definition ever used, by its hash."""
    return view_workflow(name, rules=context.rules)


def view_workflow(name: str, *, rules: Rulebook) -> WorkflowView:
    """The workflow in force for the kind `name`, or the one with the hash `name`. Raises NotFound."""
    in_force = (workflow for kind, workflow in rules.newest.items() if kind == name)
    workflow = next(in_force, rules.by_hash.get(name))
    if workflow is None:
        raise NotFound
    return _workflow(workflow)


def _workflow(workflow: Workflow) -> WorkflowView:
    definition = workflow.definition
    states = [
        StateView(
            code=state.name,
            label=InTwoLanguages.of(state.label),
            phase=state.phase,
            party=state.party,
            term=state.term,
            next=state.next,
        )
        for state in definition.states.values()
    ]
    triggers = [
        TriggerView(
            code=trigger.name,
            label=InTwoLanguages.of(trigger.label),
            event_type=event_type(definition.name, trigger.name),
            moves=[MoveView(source=source, target=target) for source, target in trigger.edges],
            roles=list(trigger.roles),
            form=trigger.form,
            grounds_required=trigger.grounds == "required",
            guards=[guard.name for guard in workflow.guards[trigger.name]],
            opens=list(trigger.opens),
        )
        for trigger in definition.triggers.values()
    ]
    return WorkflowView(
        name=definition.name,
        hash=definition.hash,
        label=InTwoLanguages.of(definition.label),
        states=states,
        triggers=triggers,
    )
