"""/v1/organisations, people, memberships, coverages and settings of regions: decisions of administrators, recorded."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Response
from fastapi.types import DecoratedCallable
from pydantic import Field

from service.database.idempotency import IdempotentResult
from service.database.transaction import Transaction
from service.http.app_context import AppContextDependency
from service.http.json_models import Named, RegionParameter, UtcDateTime, View
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency, IdempotencyKeyHeader, PageQuery
from service.http.responses import answer_idempotently
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.people.rules.decisions import (
    AdministrativeChange,
    AdministrativeDecision,
    CoverageEnd,
    Identity,
    MembershipEnd,
    MunicipalityChange,
    NameChange,
    NewCoverage,
    NewMembership,
    NewMunicipality,
    NewName,
    NewOrganisation,
    NewPerson,
    NewSettings,
    OrganisationEnd,
    SettingsChange,
)
from service.people.store.change_log import AdministrativeChanges
from service.people.store.people import People
from service.people.use_cases.administer import carry_out_decision, require_administrator, require_change
from service.vocabulary.refusals import NotFound

router = StrictRouter("administration")


class ChangeView(View):
    """An administrative change. `details` holds ids, codes and days. `actor` is null for the first administrator."""

    id: UUID
    at: UtcDateTime
    actor: Named | None
    organisation: UUID
    action: str
    subject_kind: str
    subject: str = Field(description="The id of the organisation or person, or the code of the region or municipality.")
    details: dict[str, str]


class ChangePage(View):
    """A page of changes, the newest first. `nextCursor` is null on the last page."""

    items: list[ChangeView]
    next_cursor: str | None


class FoundPerson(View):
    """The person with this issuer and subject."""

    id: UUID
    name: str


Decide = Callable[[AdministrativeDecision], Awaitable[ChangeView]]


async def _decide_as_caller(
    context: AppContextDependency, caller: CallerDependency, idempotency_key: IdempotencyKeyHeader, response: Response
) -> Decide:
    """Dependency of each decision: a function that carries it out once and returns the recorded change."""

    async def decide(decision: AdministrativeDecision) -> ChangeView:
        def work(transaction: Transaction) -> IdempotentResult[ChangeView]:
            outcome = carry_out_decision(transaction, caller, decision, idempotency_key, rules=context.rules)
            (view,) = _change_views(transaction, [outcome.value])
            return IdempotentResult(view, outcome.repeated)

        outcome = await context.database.write(work)
        return answer_idempotently(response, outcome, location=f"/administrative-changes/{outcome.value.id}")

    return decide


DecideDependency = Annotated[Decide, Depends(_decide_as_caller)]


def _change_views(transaction: Transaction, changes: Iterable[AdministrativeChange]) -> list[ChangeView]:
    listed = list(changes)
    names = People(transaction).names({change.actor_id for change in listed if change.actor_id})
    return [
        ChangeView(
            id=change.id,
            at=change.at,
            actor=Named(id=change.actor_id, name=names[change.actor_id]) if change.actor_id else None,
            organisation=change.organisation_id,
            action=change.effect.action,
            subject_kind=change.effect.subject_kind,
            subject=change.effect.subject,
            details=dict(change.effect.details),
        )
        for change in listed
    ]


def _decision_route(path: str) -> Callable[[DecoratedCallable], DecoratedCallable]:
    """Declare a route for a decision of an administrator."""
    return router.post(path, status_code=201, responses=refusal_responses(403))


@_decision_route("/organisations")
async def add_organisation(body: NewOrganisation, decide: DecideDependency) -> ChangeView:
    """Add an organisation: a team, provider, municipality, network or family."""
    return await decide(body)


@_decision_route("/people")
async def add_person(body: NewPerson, decide: DecideDependency) -> ChangeView:
    """Add a person with issuer and subject. Memberships give access."""
    return await decide(body)


@_decision_route("/memberships")
async def begin_membership(body: NewMembership, decide: DecideDependency) -> ChangeView:
    """Let a person act in a role for an organisation. Administrators cannot decide this for themselves."""
    return await decide(body)


@_decision_route("/membership-ends")
async def end_membership(body: MembershipEnd, decide: DecideDependency) -> ChangeView:
    """Set the last day of a membership. With yesterday, the person is refused at the next request."""
    return await decide(body)


@_decision_route("/coverages")
async def begin_coverage(body: NewCoverage, decide: DecideDependency) -> ChangeView:
    """Let a team, network or liaison cover a region. New cases follow it."""
    return await decide(body)


@_decision_route("/coverage-ends")
async def end_coverage(body: CoverageEnd, decide: DecideDependency) -> ChangeView:
    """Set the last day that an organisation covers a region. It keeps its cases."""
    return await decide(body)


@_decision_route("/organisation-ends")
async def end_organisation(body: OrganisationEnd, decide: DecideDependency) -> ChangeView:
    """Set the last day of an organisation, and its successor. Members of the successor act for its open parts."""
    return await decide(body)


@_decision_route("/municipalities")
async def add_municipality(body: NewMunicipality, decide: DecideDependency) -> ChangeView:
    """Add a municipality, as when two others become one."""
    return await decide(body)


@_decision_route("/municipality-changes")
async def change_municipality(body: MunicipalityChange, decide: DecideDependency) -> ChangeView:
    """Move a municipality to another region, or dissolve it into a successor, from a day on."""
    return await decide(body)


@_decision_route("/organisations/{organisationId}/names")
async def rename_organisation(
    organisation_id: Annotated[UUID, Path(alias="organisationId")],
    body: NewName,
    decide: DecideDependency,
) -> ChangeView:
    """Rename an organisation."""
    return await decide(NameChange("organisation", organisation_id, body.name))


@_decision_route("/people/{personId}/names")
async def rename_person(
    person_id: Annotated[UUID, Path(alias="personId")],
    body: NewName,
    decide: DecideDependency,
) -> ChangeView:
    """Rename a person."""
    return await decide(NameChange("person", person_id, body.name))


@router.post("/person-searches", responses=refusal_responses(403, 404))
async def find_person(body: Identity, context: AppContextDependency, caller: CallerDependency) -> FoundPerson:
    """Find a person by issuer and subject. They stand in a body, since a subject may be an e-mail address."""
    return await context.database.read(lambda transaction: view_found_person(transaction, caller, body))


def view_found_person(transaction: Transaction, caller: Caller, identity: Identity) -> FoundPerson:
    """The person with this issuer and subject, for an administrator. Raises NotFound."""
    require_administrator(transaction, caller)
    person_id = People(transaction).find_id(identity.issuer, identity.subject)
    if person_id is None:
        raise NotFound
    return FoundPerson(id=person_id, name=People(transaction).names({person_id})[person_id])


@_decision_route("/regions/{region}/settings")
async def decide_settings(
    region: RegionParameter,
    body: NewSettings,
    decide: DecideDependency,
) -> ChangeView:
    """Set the settings of a region from a day on. Running terms stay. Steps from that day on use the new settings."""
    return await decide(SettingsChange(region, body))


@router.get("/administrative-changes", responses=refusal_responses(403))
async def list_administrative_changes(
    context: AppContextDependency, caller: CallerDependency, query: Annotated[PageQuery, Query()]
) -> ChangePage:
    """List administrative changes, the newest first."""
    return await context.database.read(lambda transaction: view_changes(transaction, caller, query))


def view_changes(transaction: Transaction, caller: Caller, query: PageQuery) -> ChangePage:
    """A page of administrative changes, for an administrator."""
    require_administrator(transaction, caller)
    page = AdministrativeChanges(transaction).page(query.limit, query.cursor)
    return ChangePage(items=_change_views(transaction, page.items), next_cursor=page.next_cursor)


@router.get("/administrative-changes/{changeId}", responses=refusal_responses(403))
async def get_administrative_change(
    change_id: Annotated[UUID, Path(alias="changeId")], context: AppContextDependency, caller: CallerDependency
) -> ChangeView:
    """Get one administrative change."""
    return await context.database.read(lambda transaction: view_change(transaction, caller, change_id))


def view_change(transaction: Transaction, caller: Caller, change_id: UUID) -> ChangeView:
    """One administrative change, for an administrator. Raises NotFound."""
    require_administrator(transaction, caller)
    (view,) = _change_views(transaction, [require_change(transaction, change_id)])
    return view
