"""/v1/organisations, people, memberships, coverages, settings of regions: decided by administrators, and recorded."""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.types import DecoratedCallable
from pydantic import Field, TypeAdapter

from service.database.transaction import Transaction
from service.http.context import House, OnceOnly, TheCaller, TheHouse, read_body
from service.http.json_models import Named, RegionParameter, Utc, View
from service.http.openapi import may_refuse, takes
from service.http.paging import PageQuery
from service.http.request_faults import CheckedRoute
from service.http.responses import answer, answer_once
from service.identity.caller import Caller
from service.people.rules.decisions import (
    Change,
    CoverageEnd,
    Decision,
    Identity,
    MembershipEnd,
    NewCoverage,
    NewMembership,
    NewName,
    NewOrganisation,
    NewPerson,
    NewSettings,
    Renaming,
    SettingsOf,
)
from service.people.store.change_log import Administration
from service.people.store.people import People
from service.people.use_cases.administer import administer, administrator, recorded
from service.vocabulary.refusals import NotFound

# What an administrator decides, by the name of its body.
DECISIONS: Mapping[str, TypeAdapter[Any]] = {
    "organisation": TypeAdapter(NewOrganisation),
    "name": TypeAdapter(NewName),
    "person": TypeAdapter(NewPerson),
    "identity": TypeAdapter(Identity),
    "membership": TypeAdapter(NewMembership),
    "membership_end": TypeAdapter(MembershipEnd),
    "coverage": TypeAdapter(NewCoverage),
    "coverage_end": TypeAdapter(CoverageEnd),
    "region_settings": TypeAdapter(NewSettings),
}

router = APIRouter(tags=["administration"], route_class=CheckedRoute)
_REFUSALS = (400, 401, 403, 409, 413, 415)


class ChangeView(View):
    """A change around the cases. `details` holds ids, codes and days. `actor` is null for the first administrator."""

    id: UUID
    at: Utc
    actor: Named | None
    organisation: UUID
    action: str
    subject_kind: str
    subject: str = Field(description="The id of the organisation or person, or the code of the region.")
    details: dict[str, str]


class ChangePage(View):
    """A page, the newest first. `nextCursor` is null on the last page."""

    items: list[ChangeView]
    next_cursor: str | None


class FoundPerson(View):
    """Who this issuer vouches for under this name."""

    id: UUID
    name: str


async def _decided(house: House, caller: Caller, once: OnceOnly, decision: Decision) -> Response:
    """Every decision of an administrator is answered with the change that was recorded, and so it is the next time."""

    def work(transaction: Transaction) -> Response:
        made = administer(transaction, caller, decision, once, rules=house.rules)
        (view,) = _views(transaction, [made.value])
        return answer_once(made, view, location=f"/administrative-changes/{made.value.id}")

    return await house.database.write(work)


def _views(transaction: Transaction, changes: Iterable[Change]) -> list[ChangeView]:
    shown = list(changes)
    names = People(transaction).names({it.actor_id for it in shown if it.actor_id})
    return [
        ChangeView(
            id=it.id,
            at=it.at,
            actor=Named(id=it.actor_id, name=names[it.actor_id]) if it.actor_id else None,
            organisation=it.organisation_id,
            action=it.effect.action,
            subject_kind=it.effect.subject_kind,
            subject=it.effect.subject,
            details=dict(it.effect.details),
        )
        for it in shown
    ]


def _decision(path: str, kind: str, *refusals: int) -> Callable[[DecoratedCallable], DecoratedCallable]:
    """A route that takes a decision of this kind, and may refuse it for these reasons too."""
    return router.post(
        path,
        status_code=201,
        response_model=ChangeView,
        openapi_extra=takes(kind),
        responses=may_refuse(*_REFUSALS, *refusals),
    )


@_decision("/organisations", "organisation")
async def add_organisation(request: Request, house: TheHouse, caller: TheCaller, once: OnceOnly) -> Response:
    """Add an organisation: a team, a provider, a municipality, a network, a family."""
    return await _decided(house, caller, once, await read_body(request, DECISIONS["organisation"]))


@_decision("/people", "person")
async def add_person(request: Request, house: TheHouse, caller: TheCaller, once: OnceOnly) -> Response:
    """Add a person, as an issuer vouches for them; what they may do is said by memberships."""
    return await _decided(house, caller, once, await read_body(request, DECISIONS["person"]))


@_decision("/memberships", "membership")
async def begin_membership(request: Request, house: TheHouse, caller: TheCaller, once: OnceOnly) -> Response:
    """Let a person act in a role for an organisation. Nobody decides so for themselves."""
    return await _decided(house, caller, once, await read_body(request, DECISIONS["membership"]))


@_decision("/membership-ends", "membership_end")
async def end_membership(request: Request, house: TheHouse, caller: TheCaller, once: OnceOnly) -> Response:
    """Say until when a person acts so; with yesterday as the last day they are refused at their next request."""
    return await _decided(house, caller, once, await read_body(request, DECISIONS["membership_end"]))


@_decision("/coverages", "coverage")
async def begin_coverage(request: Request, house: TheHouse, caller: TheCaller, once: OnceOnly) -> Response:
    """Say which team or network is there for a region, or whose liaison is appointed for it. New cases follow it."""
    return await _decided(house, caller, once, await read_body(request, DECISIONS["coverage"]))


@_decision("/coverage-ends", "coverage_end")
async def end_coverage(request: Request, house: TheHouse, caller: TheCaller, once: OnceOnly) -> Response:
    """Say until when an organisation is there for a region; its cases stay its own."""
    return await _decided(house, caller, once, await read_body(request, DECISIONS["coverage_end"]))


@_decision("/organisations/{organisation_id}/names", "name", 404)
async def rename_organisation(
    request: Request, organisation_id: UUID, house: TheHouse, caller: TheCaller, once: OnceOnly
) -> Response:
    """Give an organisation another name."""
    body = await read_body(request, DECISIONS["name"])
    return await _decided(house, caller, once, Renaming("organisation", organisation_id, body.name))


@_decision("/people/{person_id}/names", "name", 404)
async def rename_person(
    request: Request, person_id: UUID, house: TheHouse, caller: TheCaller, once: OnceOnly
) -> Response:
    """Give a person another name."""
    body = await read_body(request, DECISIONS["name"])
    return await _decided(house, caller, once, Renaming("person", person_id, body.name))


@router.post(
    "/person-searches", response_model=FoundPerson, openapi_extra=takes("identity"),
    responses=may_refuse(400, 401, 403, 404, 413, 415),
)  # fmt: skip
async def find_person(request: Request, house: TheHouse, caller: TheCaller) -> Response:
    """The person of an issuer and a subject; asked in a body, because a subject may be somebody's e-mail address."""
    body = await read_body(request, DECISIONS["identity"])

    def work(transaction: Transaction) -> Response:
        administrator(transaction, caller)
        found = People(transaction).id_of(body.issuer, body.subject)
        if found is None:
            raise NotFound
        return answer(FoundPerson(id=found, name=People(transaction).names({found})[found]))

    return await house.database.read(work)


@_decision("/regions/{region}/settings", "region_settings", 404)
async def decide_settings(
    request: Request, region: RegionParameter, house: TheHouse, caller: TheCaller, once: OnceOnly
) -> Response:
    """Say what a region decides otherwise from a day on. Running terms stay; steps after that day follow it."""
    decided = await read_body(request, DECISIONS["region_settings"])
    return await _decided(house, caller, once, SettingsOf(region, decided))


@router.get("/administrative-changes", response_model=ChangePage, responses=may_refuse(400, 401, 403))
async def list_administrative_changes(
    house: TheHouse, caller: TheCaller, wanted: Annotated[PageQuery, Query()]
) -> Response:
    """Who changed what around the cases, the newest first."""

    def work(transaction: Transaction) -> Response:
        administrator(transaction, caller)
        page = Administration(transaction).page(wanted.limit, wanted.cursor)
        return answer(ChangePage(items=_views(transaction, page.items), next_cursor=page.next_cursor))

    return await house.database.read(work)


@router.get("/administrative-changes/{change_id}", response_model=ChangeView, responses=may_refuse(400, 401, 403, 404))
async def get_administrative_change(change_id: UUID, house: TheHouse, caller: TheCaller) -> Response:
    """One change around the cases."""

    def work(transaction: Transaction) -> Response:
        administrator(transaction, caller)
        (view,) = _views(transaction, [recorded(transaction, change_id)])
        return answer(view)

    return await house.database.read(work)
