"""Dated relations of an organisation or a person, and dated settings of a region, for administrators."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path
from pydantic import Field

from service.database.columns import NO_DUE_DAY
from service.database.transaction import Transaction
from service.http.app_context import AppContextDependency
from service.http.json_models import Named, OptionalDay, RegionParameter, UtcDateTime, View
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.people.rules.decisions import Period
from service.people.store.people import People
from service.people.store.regions import RegionRegister
from service.people.store.relations import Coverages, Memberships
from service.people.store.successions import Successions
from service.people.use_cases.administer import require_administrator
from service.vocabulary.refusals import NotFound
from service.vocabulary.roles import Role
from service.workflows.rules.rulebook import Rulebook
from service.workflows.store.dated_settings import DatedSettings
from service.workflows.use_cases import settings_in_force

router = StrictRouter("administration")
_ALL_TIME = Period(date.min, date.max)


class DatedMembership(View):
    """A membership: person, organisation and role, with first and last day. `validUntil`: null until further notice."""

    person: Named
    organisation: Named
    role: Role
    valid_from: date
    valid_until: OptionalDay


class DatedCoverage(View):
    """A region that an organisation covers, with first and last day. `validUntil`: null until further notice."""

    region: str
    valid_from: date
    valid_until: OptionalDay


class AdministeredOrganisation(View):
    """An organisation with all its past, present and future relations."""

    id: UUID
    kind: str
    name: str
    municipality: str | None
    coverages: list[DatedCoverage]
    memberships: list[DatedMembership]
    last_day: OptionalDay = Field(description="Last day of an organisation that ends or ended.")
    successor: Named | None = Field(description="The organisation that acts in its place after the last day.")


class AdministeredPerson(View):
    """A person with all past, present and future memberships."""

    id: UUID
    issuer: str
    subject: str
    name: str
    memberships: list[DatedMembership]


class DecidedSettings(View):
    """Settings that a region decided from a day on, by name as in workflows/settings.toml."""

    valid_from: date
    settings: dict[str, object]
    recorded_at: UtcDateTime
    actor: Named


class SettingsOfRegion(View):
    """All settings of a region today, and all its dated decisions. Before the first one, the settings file applies.

    Settings have the names of workflows/settings.toml.
    """

    region: str
    today: dict[str, object]
    decided: list[DecidedSettings]


def _membership_views(transaction: Transaction, rows: Iterable[Any]) -> list[DatedMembership]:
    relations = list(rows)
    names = People(transaction).names(
        {UUID(subject_id) for relation in relations for subject_id in (relation.person_id, relation.organisation_id)}
    )
    named_views = {subject_id: Named(id=subject_id, name=name) for subject_id, name in names.items()}
    return [
        DatedMembership(
            person=named_views[UUID(relation.person_id)],
            organisation=named_views[UUID(relation.organisation_id)],
            role=relation.role,
            valid_from=relation.valid_from,
            valid_until=_last_day(relation),
        )
        for relation in relations
    ]


def _last_day(relation: Any) -> date | None:
    return None if relation.valid_until == NO_DUE_DAY else date.fromisoformat(relation.valid_until)


@router.get("/organisations/{organisationId}", responses=refusal_responses(403))
async def get_organisation(
    organisation_id: Annotated[UUID, Path(alias="organisationId")],
    context: AppContextDependency,
    caller: CallerDependency,
) -> AdministeredOrganisation:
    """Get an organisation with its past, present and future regions and people."""
    return await context.database.read(lambda transaction: view_organisation(transaction, caller, organisation_id))


def view_organisation(transaction: Transaction, caller: Caller, organisation_id: UUID) -> AdministeredOrganisation:
    """An organisation with all its relations, for an administrator. Raises NotFound."""
    require_administrator(transaction, caller)
    organisation = next(iter(People(transaction).organisations(id_=organisation_id)), None)
    if organisation is None:
        raise NotFound
    keys = {"organisation_id": organisation_id}
    successor = Successions(transaction).successors_of({organisation_id}).get(organisation_id)
    coverages = [
        DatedCoverage(region=coverage.region, valid_from=coverage.valid_from, valid_until=_last_day(coverage))
        for coverage in Coverages(transaction).overlapping(_ALL_TIME, keys)
    ]
    return AdministeredOrganisation(
        id=organisation.id,
        kind=organisation.kind,
        name=organisation.name,
        municipality=organisation.municipality,
        coverages=coverages,
        memberships=_membership_views(transaction, Memberships(transaction).overlapping(_ALL_TIME, keys)),
        last_day=successor.last_day if successor else None,
        successor=Named(id=successor.id, name=successor.name) if successor else None,
    )


@router.get("/people/{personId}", responses=refusal_responses(403))
async def get_person(
    person_id: Annotated[UUID, Path(alias="personId")], context: AppContextDependency, caller: CallerDependency
) -> AdministeredPerson:
    """Get a person with past, present and future memberships."""
    return await context.database.read(lambda transaction: view_person(transaction, caller, person_id))


def view_person(transaction: Transaction, caller: Caller, person_id: UUID) -> AdministeredPerson:
    """A person with all memberships, for an administrator. Raises NotFound."""
    require_administrator(transaction, caller)
    account = People(transaction).account(person_id)
    if account is None:
        raise NotFound
    memberships = _membership_views(
        transaction, Memberships(transaction).overlapping(_ALL_TIME, {"person_id": person_id})
    )
    return AdministeredPerson(
        id=account.id, issuer=account.issuer, subject=account.subject, name=account.name, memberships=memberships
    )


@router.get("/regions/{region}/settings", responses=refusal_responses(403))
async def get_region_settings(
    region: RegionParameter, context: AppContextDependency, caller: CallerDependency
) -> SettingsOfRegion:
    """Get the settings of a region today, and its dated decisions."""
    return await context.database.read(
        lambda transaction: view_region_settings(transaction, caller, region, rules=context.rules)
    )


def view_region_settings(transaction: Transaction, caller: Caller, region: str, *, rules: Rulebook) -> SettingsOfRegion:
    """The settings of a region and its decisions, for an administrator. Raises NotFound."""
    require_administrator(transaction, caller)
    if region not in {known_region.code for known_region in RegionRegister(transaction).regions()}:
        raise NotFound
    today = settings_in_force(transaction, rules, region).model_dump(mode="json")
    return SettingsOfRegion(region=region, today=today, decided=_settings_views(transaction, region))


def _settings_views(transaction: Transaction, region: str) -> list[DecidedSettings]:
    all_dated = DatedSettings(transaction).decisions(region)
    names = People(transaction).names({dated.actor_id for dated in all_dated})
    return [
        DecidedSettings(
            valid_from=dated.valid_from,
            settings=dict(dated.changes),
            recorded_at=dated.recorded_at,
            actor=Named(id=dated.actor_id, name=names[dated.actor_id]),
        )
        for dated in all_dated
    ]
