"""/v1/regions, municipalities, organisations, code-lists and workflows: what the rest refers to."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from service.database.transaction import Transaction
from service.http.context import TheAsker, TheHouse
from service.http.json_models import InTwoLanguages, Labelled, RegionParameter, View
from service.http.openapi import PUBLIC, may_refuse
from service.http.request_faults import CheckedRoute
from service.http.responses import answer
from service.people.store.people import People
from service.people.store.regions import Reference
from service.people.use_cases.identify import known
from service.vocabulary.code_lists import CODE_LISTS, CodeList
from service.vocabulary.organisation_kinds import OrganisationKind
from service.vocabulary.refusals import NotFound
from service.vocabulary.roles import Role
from service.workflows.rules.definition import Definition
from service.workflows.rules.kinds import event_type

router = APIRouter(tags=["reference"], route_class=CheckedRoute)


class RegionView(View):
    """A youth region (CBS 2025). The network area is inferred from publications of 2020."""

    code: str
    name: str
    expertise_network: str


class Regions(View):
    """The 42 youth regions."""

    items: list[RegionView]


class MunicipalityView(View):
    """A municipality; its region is derived by area (division of 2023-2025)."""

    code: str
    name: str
    region: str


class Municipalities(View):
    """Municipalities, by name."""

    items: list[MunicipalityView]


class OrganisationView(View):
    """An organisation that can be addressed; `regions` are those it covers today."""

    id: UUID
    kind: str
    name: str
    municipality: str | None
    regions: list[str]


class Organisations(View):
    """Organisations, by name."""

    items: list[OrganisationView]


class CodeListView(View):
    """A code list; `source` says who owns it. Every list has "other", with a text."""

    name: str
    source: str
    label: InTwoLanguages
    codes: list[Labelled]


class CodeLists(View):
    """All code lists."""

    items: list[CodeListView]


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


class MembershipView(View):
    """A role of yours at an organisation; `regions` are those that the organisation covers today."""

    role: Role
    organisation: UUID
    regions: list[str]


class MeView(View):
    """Who you are here."""

    id: UUID
    name: str
    memberships: list[MembershipView]


class MunicipalityQuery(BaseModel):
    """Narrows the list down to a region."""

    model_config = ConfigDict(extra="forbid")
    region: RegionParameter | None = None


class OrganisationQuery(MunicipalityQuery):
    """Narrows the list down to a kind, and to those that cover a region today."""

    kind: OrganisationKind | None = None


@router.get("/me", response_model=MeView, responses=may_refuse(400, 401), tags=["service"])
async def get_me(house: TheHouse, asker: TheAsker) -> Response:
    """Who you are here, and in which roles you may act."""

    def work(transaction: Transaction) -> Response:
        actor = known(transaction, asker)
        name = People(transaction).names({actor.person_id})[actor.person_id]
        held = [
            MembershipView(role=it.role, organisation=it.organisation_id, regions=sorted(it.regions))
            for it in actor.memberships
        ]
        return answer(MeView(id=actor.person_id, name=name, memberships=held))

    return await house.database.read(work)


@router.get("/regions", response_model=Regions, responses=may_refuse(400), openapi_extra=PUBLIC)
async def list_regions(house: TheHouse) -> Response:
    """The 42 youth regions."""
    found = await house.database.read(lambda transaction: Reference(transaction).regions())
    items = [RegionView(code=it.code, name=it.name, expertise_network=it.expertise_network) for it in found]
    return answer(Regions(items=items))


@router.get("/municipalities", response_model=Municipalities, responses=may_refuse(400), openapi_extra=PUBLIC)
async def list_municipalities(house: TheHouse, wanted: Annotated[MunicipalityQuery, Query()]) -> Response:
    """The municipalities, of one region or of all."""
    found = await house.database.read(lambda transaction: Reference(transaction).municipalities(region=wanted.region))
    return answer(
        Municipalities(items=[MunicipalityView(code=it.code, name=it.name, region=it.region) for it in found])
    )


@router.get("/organisations", response_model=Organisations, responses=may_refuse(400, 401))
async def list_organisations(
    house: TheHouse, asker: TheAsker, wanted: Annotated[OrganisationQuery, Query()]
) -> Response:
    """The organisations that can be addressed in an advice, and those that can be asked. Administrators see all."""

    def work(transaction: Transaction) -> Response:
        actor = known(transaction, asker)
        found = People(transaction).organisations(kind=wanted.kind, region=wanted.region)
        if not actor.holding(Role.ADMINISTRATOR):
            # A child's family is known to those around its case, and to nobody else.
            found = tuple(it for it in found if it.kind != OrganisationKind.FAMILY)
        items = [
            OrganisationView(
                id=it.id, kind=it.kind, name=it.name, municipality=it.municipality, regions=list(it.regions)
            )
            for it in found
        ]
        return answer(Organisations(items=items))

    return await house.database.read(work)


@router.get("/code-lists", response_model=CodeLists, responses=may_refuse(400), openapi_extra=PUBLIC)
async def list_code_lists() -> Response:
    """Every code list, with its owner and its labels."""
    return answer(CodeLists(items=[_code_list(it) for it in CODE_LISTS.values()]))


@router.get("/code-lists/{name}", response_model=CodeListView, responses=may_refuse(400, 404), openapi_extra=PUBLIC)
async def get_code_list(name: str) -> Response:
    """One code list."""
    if name not in CODE_LISTS:
        raise NotFound
    return answer(_code_list(CODE_LISTS[name]))


@router.get("/workflows", response_model=Workflows, responses=may_refuse(400), openapi_extra=PUBLIC)
async def list_workflows(house: TheHouse) -> Response:
    """The workflows in force, one per kind of part."""
    return answer(Workflows(items=[_workflow(it.definition) for it in house.rules.newest.values()]))


@router.get("/workflows/{name}", response_model=WorkflowView, responses=may_refuse(400, 404), openapi_extra=PUBLIC)
async def get_workflow(name: str, house: TheHouse) -> Response:
    """The workflow in force for a kind of part, or any definition ever used, by its hash."""
    found = next((it for kind, it in house.rules.newest.items() if kind == name), house.rules.by_hash.get(name))
    if found is None:
        raise NotFound
    return answer(_workflow(found.definition))


def _code_list(it: CodeList) -> CodeListView:
    codes = [Labelled.of(code, words) for code, words in it.codes.items()]
    return CodeListView(name=it.name, source=it.source, label=InTwoLanguages.of(it.label), codes=codes)


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
