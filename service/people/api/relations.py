"""What administrators see: the relations of an organisation or a person, and the settings of a region, all dated."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path

from service.database.columns import NO_DAY
from service.database.transaction import Transaction
from service.http.house import TheHouse
from service.http.json_models import Named, OptionalDay, RegionParameter, Utc, View
from service.http.openapi import may_refuse
from service.http.parameters import TheCaller
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.people.rules.decisions import Period
from service.people.store.people import People
from service.people.store.regions import Reference
from service.people.store.relations import Coverages, Memberships
from service.people.use_cases.administer import administrator
from service.vocabulary.refusals import NotFound
from service.vocabulary.roles import Role
from service.workflows.rules.rulebook import Rulebook
from service.workflows.store.dated_settings import DatedSettings
from service.workflows.use_cases import settings_in_force

router = StrictRouter("administration")
_EVER = Period(date.min, date.max)


class DatedMembership(View):
    """Who acts in which role for whom, from a first day to a last; null: until further notice."""

    person: Named
    organisation: Named
    role: Role
    valid_from: date
    valid_until: OptionalDay


class DatedCoverage(View):
    """For which region an organisation is there, from a first day to a last; null: until further notice."""

    region: str
    valid_from: date
    valid_until: OptionalDay


class AdministeredOrganisation(View):
    """An organisation with all its relations, those of before and those to come too."""

    id: UUID
    kind: str
    name: str
    municipality: str | None
    coverages: list[DatedCoverage]
    memberships: list[DatedMembership]


class AdministeredPerson(View):
    """A person with all memberships, those of before and those to come too."""

    id: UUID
    issuer: str
    subject: str
    name: str
    memberships: list[DatedMembership]


class DecidedSettings(View):
    """What a region decided otherwise, by name as in workflows/settings.toml, from a day on."""

    valid_from: date
    settings: dict[str, object]
    recorded_at: Utc
    actor: Named


class SettingsOfRegion(View):
    """What holds in a region today, in full, and all that it decided here. Before its first decision the file holds.

    Settings have the names that they have in workflows/settings.toml.
    """

    region: str
    today: dict[str, object]
    decided: list[DecidedSettings]


def _memberships(transaction: Transaction, rows: Iterable[Any]) -> list[DatedMembership]:
    held = list(rows)
    names = People(transaction).names({UUID(id_) for it in held for id_ in (it.person_id, it.organisation_id)})
    named = {id_: Named(id=id_, name=name) for id_, name in names.items()}
    return [
        DatedMembership(
            person=named[UUID(it.person_id)],
            organisation=named[UUID(it.organisation_id)],
            role=it.role,
            valid_from=it.valid_from,
            valid_until=_last(it),
        )
        for it in held
    ]


def _last(relation: Any) -> date | None:
    return None if relation.valid_until == NO_DAY else date.fromisoformat(relation.valid_until)


@router.get("/organisations/{organisationId}", responses=may_refuse(403))
async def get_organisation(
    organisation_id: Annotated[UUID, Path(alias="organisationId")], house: TheHouse, caller: TheCaller
) -> AdministeredOrganisation:
    """An organisation with the regions and the people that it has, had and will have."""
    return await house.database.read(lambda transaction: view_organisation(transaction, caller, organisation_id))


def view_organisation(transaction: Transaction, caller: Caller, organisation_id: UUID) -> AdministeredOrganisation:
    """An organisation with all its relations. Raises NotFound."""
    administrator(transaction, caller)
    found = next(iter(People(transaction).organisations(id_=organisation_id)), None)
    if found is None:
        raise NotFound
    of = {"organisation_id": organisation_id}
    coverages = [
        DatedCoverage(region=it.region, valid_from=it.valid_from, valid_until=_last(it))
        for it in Coverages(transaction).within(_EVER, of)
    ]
    return AdministeredOrganisation(
        id=found.id,
        kind=found.kind,
        name=found.name,
        municipality=found.municipality,
        coverages=coverages,
        memberships=_memberships(transaction, Memberships(transaction).within(_EVER, of)),
    )


@router.get("/people/{personId}", responses=may_refuse(403))
async def get_person(
    person_id: Annotated[UUID, Path(alias="personId")], house: TheHouse, caller: TheCaller
) -> AdministeredPerson:
    """A person with the memberships that they have, had and will have."""
    return await house.database.read(lambda transaction: view_person(transaction, caller, person_id))


def view_person(transaction: Transaction, caller: Caller, person_id: UUID) -> AdministeredPerson:
    """A person with all memberships. Raises NotFound."""
    administrator(transaction, caller)
    found = People(transaction).identity(person_id)
    if found is None:
        raise NotFound
    held = _memberships(transaction, Memberships(transaction).within(_EVER, {"person_id": person_id}))
    return AdministeredPerson(
        id=found.id, issuer=found.issuer, subject=found.subject, name=found.name, memberships=held
    )


@router.get("/regions/{region}/settings", responses=may_refuse(403))
async def get_region_settings(region: RegionParameter, house: TheHouse, caller: TheCaller) -> SettingsOfRegion:
    """The settings that hold in a region today, and what it decided from which day on."""
    return await house.database.read(
        lambda transaction: view_region_settings(transaction, caller, region, rules=house.rules)
    )


def view_region_settings(transaction: Transaction, caller: Caller, region: str, *, rules: Rulebook) -> SettingsOfRegion:
    """What holds in a region and what it decided. Raises NotFound."""
    administrator(transaction, caller)
    if region not in {it.code for it in Reference(transaction).regions()}:
        raise NotFound
    today = settings_in_force(transaction, rules, region).model_dump(mode="json")
    return SettingsOfRegion(region=region, today=today, decided=_decided(transaction, region))


def _decided(transaction: Transaction, region: str) -> list[DecidedSettings]:
    decided = DatedSettings(transaction).decided(region)
    names = People(transaction).names({it.actor_id for it in decided})
    return [
        DecidedSettings(
            valid_from=it.valid_from,
            settings=dict(it.changes),
            recorded_at=it.recorded_at,
            actor=Named(id=it.actor_id, name=names[it.actor_id]),
        )
        for it in decided
    ]
