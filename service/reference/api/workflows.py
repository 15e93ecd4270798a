"""/v1/workflows: the workflows in force, as data for clients."""

from service.http.house import TheHouse
from service.http.json_models import InTwoLanguages, Labelled, View
from service.http.strict_route import StrictRouter
from service.vocabulary.refusals import NotFound
from service.vocabulary.roles import Role
from service.workflows.rules.definition import Definition
from service.workflows.rules.kinds import event_type
from service.workflows.rules.rulebook import Rulebook

router = StrictRouter("reference")


class StateView(Labelled):
    """A state: who must act, within which term of the region's settings, and the one next action."""

    phase: str
    party: Role | None
    term: str | None
    next: str | None


class MoveView(View):
    """From one state to another, or to itself."""

    source: str
    target: str


class TriggerView(Labelled):
    """What somebody may do, from where to where, in which roles; `eventType` is how the outside hears of it."""

    event_type: str
    moves: list[MoveView]
    roles: list[Role]
    form: str | None
    grounds_required: bool
    guards: list[str]
    opens: list[str]


class WorkflowView(View):
    """A definition; `hash` is its identity, which every entry of a history names."""

    name: str
    hash: str
    label: InTwoLanguages
    states: list[StateView]
    triggers: list[TriggerView]


class Workflows(View):
    """The workflows on which new cases and parts begin."""

    items: list[WorkflowView]


@router.get("/workflows")
async def list_workflows(house: TheHouse) -> Workflows:
    """The workflows in force, one per kind of part."""
    return view_workflows(rules=house.rules)


def view_workflows(*, rules: Rulebook) -> Workflows:
    """Every workflow in force."""
    return Workflows(items=[_workflow(it.definition) for it in rules.newest.values()])


@router.get("/workflows/{name}")
async def get_workflow(name: str, house: TheHouse) -> WorkflowView:
    """The workflow in force for a kind of part, or any definition ever used, by its hash."""
    return view_workflow(name, rules=house.rules)


def view_workflow(name: str, *, rules: Rulebook) -> WorkflowView:
    """The workflow of a kind of part, or with this hash. Raises NotFound."""
    found = next((it for kind, it in rules.newest.items() if kind == name), rules.by_hash.get(name))
    if found is None:
        raise NotFound
    return _workflow(found.definition)


def _workflow(it: Definition) -> WorkflowView:
    states = [
        StateView(
            code=state.name,
            label=InTwoLanguages.of(state.label),
            phase=state.phase,
            party=state.party,
            term=state.term,
            next=state.next,
        )
        for state in it.states.values()
    ]
    triggers = [
        TriggerView(
            code=trigger.name,
            label=InTwoLanguages.of(trigger.label),
            event_type=event_type(it.name, trigger.name),
            moves=[MoveView(source=source, target=target) for source, target in trigger.edges],
            roles=list(trigger.roles),
            form=trigger.form,
            grounds_required=trigger.grounds == "required",
            guards=list(trigger.guards),
            opens=list(trigger.opens),
        )
        for trigger in it.triggers.values()
    ]
    return WorkflowView(name=it.name, hash=it.hash, label=InTwoLanguages.of(it.label), states=states, triggers=triggers)
