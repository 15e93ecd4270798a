"""/v1/organisations, people, memberships, coverages, settings of regions: decided by administrators, and recorded."""

from collections.abc import Callable, Iterable
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response
from fastapi.types import DecoratedCallable
from pydantic import Field

from service.database.idempotency import IdempotencyKey, Outcome
from service.database.transaction import Transaction
from service.http.house import House, TheHouse
from service.http.json_models import Named, RegionParameter, Utc, View
from service.http.openapi import may_refuse
from service.http.parameters import OnceOnly, PageQuery, TheCaller
from service.http.responses import answer_once
from service.http.strict_route import StrictRouter
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

router = StrictRouter("administration")


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


async def _decided(
    house: House, caller: Caller, once: IdempotencyKey, decision: Decision, response: Response
) -> ChangeView:
    """Every decision of an administrator is answered with the change that was recorded, and so it is the next time."""

    def work(transaction: Transaction) -> Outcome[ChangeView]:
        made = administer(transaction, caller, decision, once, rules=house.rules)
        (view,) = _views(transaction, [made.value])
        return Outcome(view, made.repeated)

    outcome = await house.database.write(work)
    return answer_once(response, outcome, location=f"/administrative-changes/{outcome.value.id}")


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


def _decision(path: str) -> Callable[[DecoratedCallable], DecoratedCallable]:
    """A route that takes a decision; nobody but an administrator decides."""
    return router.post(path, status_code=201, responses=may_refuse(403))


@_decision("/organisations")
async def add_organisation(
    body: NewOrganisation, house: TheHouse, caller: TheCaller, once: OnceOnly, response: Response
) -> ChangeView:
    """Add an organisation: a team, a provider, a municipality, a network, a family."""
    return await _decided(house, caller, once, body, response)


@_decision("/people")
async def add_person(
    body: NewPerson, house: TheHouse, caller: TheCaller, once: OnceOnly, response: Response
) -> ChangeView:
    """Add a person, as an issuer vouches for them; what they may do is said by memberships."""
    return await _decided(house, caller, once, body, response)


@_decision("/memberships")
async def begin_membership(
    body: NewMembership, house: TheHouse, caller: TheCaller, once: OnceOnly, response: Response
) -> ChangeView:
    """Let a person act in a role for an organisation. Nobody decides so for themselves."""
    return await _decided(house, caller, once, body, response)


@_decision("/membership-ends")
async def end_membership(
    body: MembershipEnd, house: TheHouse, caller: TheCaller, once: OnceOnly, response: Response
) -> ChangeView:
    """Say until when a person acts so; with yesterday as the last day they are refused at their next request."""
    return await _decided(house, caller, once, body, response)


@_decision("/coverages")
async def begin_coverage(
    body: NewCoverage, house: TheHouse, caller: TheCaller, once: OnceOnly, response: Response
) -> ChangeView:
    """Say which team or network is there for a region, or whose liaison is appointed for it. New cases follow it."""
    return await _decided(house, caller, once, body, response)


@_decision("/coverage-ends")
async def end_coverage(
    body: CoverageEnd, house: TheHouse, caller: TheCaller, once: OnceOnly, response: Response
) -> ChangeView:
    """Say until when an organisation is there for a region; its cases stay its own."""
    return await _decided(house, caller, once, body, response)


@_decision("/organisations/{organisationId}/names")
async def rename_organisation(
    organisation_id: Annotated[UUID, Path(alias="organisationId")],
    body: NewName,
    house: TheHouse,
    caller: TheCaller,
    once: OnceOnly,
    response: Response,
) -> ChangeView:
    """Give an organisation another name."""
    return await _decided(house, caller, once, Renaming("organisation", organisation_id, body.name), response)


@_decision("/people/{personId}/names")
async def rename_person(
    person_id: Annotated[UUID, Path(alias="personId")],
    body: NewName,
    house: TheHouse,
    caller: TheCaller,
    once: OnceOnly,
    response: Response,
) -> ChangeView:
    """Give a person another name."""
    return await _decided(house, caller, once, Renaming("person", person_id, body.name), response)


@router.post("/person-searches", responses=may_refuse(403, 404))
async def find_person(body: Identity, house: TheHouse, caller: TheCaller) -> FoundPerson:
    """The person of an issuer and a subject; asked in a body, because a subject may be somebody's e-mail address."""
    return await house.database.read(lambda transaction: view_found_person(transaction, caller, body))


def view_found_person(transaction: Transaction, caller: Caller, identity: Identity) -> FoundPerson:
    """Whom this issuer vouches for so. Raises NotFound."""
    administrator(transaction, caller)
    found = People(transaction).id_of(identity.issuer, identity.subject)
    if found is None:
        raise NotFound
    return FoundPerson(id=found, name=People(transaction).names({found})[found])


@_decision("/regions/{region}/settings")
async def decide_settings(
    region: RegionParameter,
    body: NewSettings,
    house: TheHouse,
    caller: TheCaller,
    once: OnceOnly,
    response: Response,
) -> ChangeView:
    """Say what a region decides otherwise from a day on. Running terms stay; steps after that day follow it."""
    return await _decided(house, caller, once, SettingsOf(region, body), response)


@router.get("/administrative-changes", responses=may_refuse(403))
async def list_administrative_changes(
    house: TheHouse, caller: TheCaller, wanted: Annotated[PageQuery, Query()]
) -> ChangePage:
    """Who changed what around the cases, the newest first."""
    return await house.database.read(lambda transaction: view_changes(transaction, caller, wanted))


def view_changes(transaction: Transaction, caller: Caller, wanted: PageQuery) -> ChangePage:
    """A page of what was changed."""
    administrator(transaction, caller)
    page = Administration(transaction).page(wanted.limit, wanted.cursor)
    return ChangePage(items=_views(transaction, page.items), next_cursor=page.next_cursor)


@router.get("/administrative-changes/{changeId}", responses=may_refuse(403))
async def get_administrative_change(
    change_id: Annotated[UUID, Path(alias="changeId")], house: TheHouse, caller: TheCaller
) -> ChangeView:
    """One change around the cases."""
    return await house.database.read(lambda transaction: view_change(transaction, caller, change_id))


def view_change(transaction: Transaction, caller: Caller, change_id: UUID) -> ChangeView:
    """One change. Raises NotFound."""
    administrator(transaction, caller)
    (view,) = _views(transaction, [recorded(transaction, change_id)])
    return view
