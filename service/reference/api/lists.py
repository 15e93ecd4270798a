"""/v1/me, regions, municipalities, organisations and code lists: what the rest refers to."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from service.database.transaction import Transaction
from service.http.context import TheCaller, TheHouse
from service.http.json_models import InTwoLanguages, Labelled, RegionParameter, View
from service.http.openapi import PUBLIC, may_refuse
from service.http.request_faults import CheckedRoute
from service.http.responses import answer
from service.people.store.people import People
from service.people.store.regions import Municipality, Reference
from service.people.use_cases.identify import identify
from service.people.use_cases.known_regions import insist_on_region
from service.vocabulary.code_lists import CODE_LISTS, CodeList
from service.vocabulary.organisation_kinds import OrganisationKind
from service.vocabulary.refusals import NotFound
from service.vocabulary.roles import Role

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
async def get_me(house: TheHouse, caller: TheCaller) -> Response:
    """Who you are here, and in which roles you may act."""

    def work(transaction: Transaction) -> Response:
        actor = identify(transaction, caller)
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

    def work(transaction: Transaction) -> tuple[Municipality, ...]:
        insist_on_region(transaction, wanted.region)
        return Reference(transaction).municipalities(region=wanted.region)

    found = await house.database.read(work)
    return answer(
        Municipalities(items=[MunicipalityView(code=it.code, name=it.name, region=it.region) for it in found])
    )


@router.get("/organisations", response_model=Organisations, responses=may_refuse(400, 401))
async def list_organisations(
    house: TheHouse, caller: TheCaller, wanted: Annotated[OrganisationQuery, Query()]
) -> Response:
    """The organisations that can be addressed in an advice, and those that can be asked. Administrators see all."""

    def work(transaction: Transaction) -> Response:
        actor = identify(transaction, caller)
        insist_on_region(transaction, wanted.region)
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


def _code_list(it: CodeList) -> CodeListView:
    codes = [Labelled.of(code, words) for code, words in it.codes.items()]
    return CodeListView(name=it.name, source=it.source, label=InTwoLanguages.of(it.label), codes=codes)
