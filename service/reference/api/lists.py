"""/v1/me, regions, municipalities, organisations and code lists: what the rest refers to."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from service.database.transaction import Transaction
from service.http.house import TheHouse
from service.http.json_models import InTwoLanguages, Labelled, RegionParameter, View
from service.http.parameters import QueryKeys, TheCaller
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.people.store.people import People
from service.people.store.regions import Reference
from service.people.use_cases.identify import identify
from service.people.use_cases.known_regions import insist_on_region
from service.vocabulary.code_lists import CODE_LISTS, CodeList
from service.vocabulary.organisation_kinds import OrganisationKind
from service.vocabulary.refusals import NotFound
from service.vocabulary.roles import Role

router = StrictRouter("reference")
me_router = StrictRouter("service")


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


class MunicipalityQuery(QueryKeys):
    """Narrows the list down to a region."""

    region: RegionParameter | None = None


class OrganisationQuery(MunicipalityQuery):
    """Narrows the list down to a kind, and to those that cover a region today."""

    kind: OrganisationKind | None = None


@me_router.get("/me")
async def get_me(house: TheHouse, caller: TheCaller) -> MeView:
    """Who you are here, and in which roles you may act."""
    return await house.database.read(lambda transaction: view_me(transaction, caller))


def view_me(transaction: Transaction, caller: Caller) -> MeView:
    """Who the caller is."""
    actor = identify(transaction, caller)
    name = People(transaction).names({actor.person_id})[actor.person_id]
    held = [
        MembershipView(role=it.role, organisation=it.organisation_id, regions=sorted(it.regions))
        for it in actor.memberships
    ]
    return MeView(id=actor.person_id, name=name, memberships=held)


@router.get("/regions")
async def list_regions(house: TheHouse) -> Regions:
    """The 42 youth regions."""
    return await house.database.read(view_regions)


def view_regions(transaction: Transaction) -> Regions:
    """Every youth region."""
    found = Reference(transaction).regions()
    items = [RegionView(code=it.code, name=it.name, expertise_network=it.expertise_network) for it in found]
    return Regions(items=items)


@router.get("/municipalities")
async def list_municipalities(house: TheHouse, wanted: Annotated[MunicipalityQuery, Query()]) -> Municipalities:
    """The municipalities, of one region or of all."""
    return await house.database.read(lambda transaction: view_municipalities(transaction, wanted))


def view_municipalities(transaction: Transaction, wanted: MunicipalityQuery) -> Municipalities:
    """The municipalities that are wanted."""
    insist_on_region(transaction, wanted.region)
    found = Reference(transaction).municipalities(region=wanted.region)
    return Municipalities(items=[MunicipalityView(code=it.code, name=it.name, region=it.region) for it in found])


@router.get("/organisations")
async def list_organisations(
    house: TheHouse, caller: TheCaller, wanted: Annotated[OrganisationQuery, Query()]
) -> Organisations:
    """The organisations that can be addressed in an advice, and those that can be asked. Administrators see all."""
    return await house.database.read(lambda transaction: view_organisations(transaction, caller, wanted))


def view_organisations(transaction: Transaction, caller: Caller, wanted: OrganisationQuery) -> Organisations:
    """The organisations that are wanted, as far as this caller may see them."""
    actor = identify(transaction, caller)
    insist_on_region(transaction, wanted.region)
    found = People(transaction).organisations(kind=wanted.kind, region=wanted.region)
    if not actor.holding(Role.ADMINISTRATOR):
        # A child's family is known to those around its case, and to nobody else.
        found = tuple(it for it in found if it.kind != OrganisationKind.FAMILY)
    items = [
        OrganisationView(id=it.id, kind=it.kind, name=it.name, municipality=it.municipality, regions=list(it.regions))
        for it in found
    ]
    return Organisations(items=items)


@router.get("/code-lists")
async def list_code_lists() -> CodeLists:
    """Every code list, with its owner and its labels."""
    return view_code_lists()


def view_code_lists() -> CodeLists:
    """All code lists, in their order."""
    return CodeLists(items=[code_list_view(it) for it in CODE_LISTS.values()])


@router.get("/code-lists/{name}")
async def get_code_list(name: str) -> CodeListView:
    """One code list."""
    return view_code_list(name)


def view_code_list(name: str) -> CodeListView:
    """The code list of this name. Raises NotFound."""
    if name not in CODE_LISTS:
        raise NotFound
    return code_list_view(CODE_LISTS[name])


def code_list_view(it: CodeList) -> CodeListView:
    codes = [Labelled.of(code, words) for code, words in it.codes.items()]
    return CodeListView(name=it.name, source=it.source, label=InTwoLanguages.of(it.label), codes=codes)
