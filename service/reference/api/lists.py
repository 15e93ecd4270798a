"""Routes of /v1/me, regions, municipalities, organisations and code lists."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from service.database.transaction import Transaction
from service.http.app_context import AppContextDependency
from service.http.json_models import InTwoLanguages, Labelled, RegionParameter, View
from service.http.parameters import CallerDependency, QueryKeys
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.people.store.people import People
from service.people.store.regions import RegionRegister
from service.people.store.successions import Successions
from service.people.use_cases.identify import identify
from service.people.use_cases.require_known_region import require_known_region
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
    """A municipality of today, with its region. A dissolved municipality is absent."""

    code: str
    name: str
    region: str


class Municipalities(View):
    """Municipalities, by name."""

    items: list[MunicipalityView]


class OrganisationView(View):
    """An organisation that can be addressed. `regions` are those that it covers today."""

    id: UUID
    kind: str
    name: str
    municipality: str | None
    regions: list[str]


class Organisations(View):
    """Organisations, by name."""

    items: list[OrganisationView]


class CodeListView(View):
    """A code list. `source` names its owner. Every list has the code "other", with a text."""

    name: str
    source: str
    label: InTwoLanguages
    codes: list[Labelled]


class CodeLists(View):
    """All code lists."""

    items: list[CodeListView]


class MembershipView(View):
    """A role that you hold at an organisation. `regions` are those that the organisation covers today."""

    role: Role
    organisation: UUID
    regions: list[str]


class MeView(View):
    """Your person in this installation, with your memberships."""

    id: UUID
    name: str
    memberships: list[MembershipView]


class MunicipalityQuery(QueryKeys):
    """Filter of municipalities: by region."""

    region: RegionParameter | None = None


class OrganisationQuery(MunicipalityQuery):
    """Filters of organisations: by kind, and by a region that they cover today."""

    kind: OrganisationKind | None = None


@me_router.get("/me")
async def get_me(context: AppContextDependency, caller: CallerDependency) -> MeView:
    """Your person in this installation, and the roles in which you may act."""
    return await context.database.read(lambda transaction: view_me(transaction, caller))


def view_me(transaction: Transaction, caller: Caller) -> MeView:
    """The caller, with their memberships of today."""
    actor = identify(transaction, caller)
    name = People(transaction).names({actor.person_id})[actor.person_id]
    memberships = [
        MembershipView(
            role=membership.role, organisation=membership.organisation_id, regions=sorted(membership.regions)
        )
        for membership in actor.memberships
    ]
    return MeView(id=actor.person_id, name=name, memberships=memberships)


@router.get("/regions")
async def list_regions(context: AppContextDependency) -> Regions:
    """The 42 youth regions."""
    return await context.database.read(view_regions)


def view_regions(transaction: Transaction) -> Regions:
    """Every youth region."""
    items = [
        RegionView(code=region.code, name=region.name, expertise_network=region.expertise_network)
        for region in RegionRegister(transaction).regions()
    ]
    return Regions(items=items)


@router.get("/municipalities")
async def list_municipalities(
    context: AppContextDependency, query: Annotated[MunicipalityQuery, Query()]
) -> Municipalities:
    """Municipalities, of one region or of all."""
    return await context.database.read(lambda transaction: view_municipalities(transaction, query))


def view_municipalities(transaction: Transaction, query: MunicipalityQuery) -> Municipalities:
    """The municipalities that pass the filter. Raises Invalid for an unknown region."""
    require_known_region(transaction, query.region)
    items = [
        MunicipalityView(code=municipality.code, name=municipality.name, region=municipality.region)
        for municipality in RegionRegister(transaction).municipalities(region=query.region)
    ]
    return Municipalities(items=items)


@router.get("/organisations")
async def list_organisations(
    context: AppContextDependency, caller: CallerDependency, query: Annotated[OrganisationQuery, Query()]
) -> Organisations:
    """Organisations that can be addressed in an advice or asked a question. Administrators see all."""
    return await context.database.read(lambda transaction: view_organisations(transaction, caller, query))


def view_organisations(transaction: Transaction, caller: Caller, query: OrganisationQuery) -> Organisations:
    """The organisations that pass the filter and that this caller may see. Raises Invalid for an unknown region."""
    actor = identify(transaction, caller)
    require_known_region(transaction, query.region)
    organisations = People(transaction).organisations(kind=query.kind, region=query.region)
    if not actor.membership_with_role(Role.ADMINISTRATOR):
        # Only administrators and the people in a case may know of a child's family. Nobody addresses what ended.
        ended = Successions(transaction).ended_organisations()
        organisations = tuple(
            organisation
            for organisation in organisations
            if organisation.kind != OrganisationKind.FAMILY and organisation.id not in ended
        )
    items = [
        OrganisationView(
            id=organisation.id,
            kind=organisation.kind,
            name=organisation.name,
            municipality=organisation.municipality,
            regions=list(organisation.regions),
        )
        for organisation in organisations
    ]
    return Organisations(items=items)


@router.get("/code-lists")
async def list_code_lists() -> CodeLists:
    """Every code list, with its owner and its labels."""
    return view_code_lists()


def view_code_lists() -> CodeLists:
    """All code lists, in their order."""
    return CodeLists(items=[code_list_view(code_list) for code_list in CODE_LISTS.values()])


@router.get("/code-lists/{name}")
async def get_code_list(name: str) -> CodeListView:
    """One code list."""
    return view_code_list(name)


def view_code_list(name: str) -> CodeListView:
    """The code list of this name. Raises NotFound."""
    if name not in CODE_LISTS:
        raise NotFound
    return code_list_view(CODE_LISTS[name])


def code_list_view(code_list: CodeList) -> CodeListView:
    codes = [Labelled.of(code, words) for code, words in code_list.codes.items()]
    label = InTwoLanguages.of(code_list.label)
    return CodeListView(name=code_list.name, source=code_list.source, label=label, codes=codes)
