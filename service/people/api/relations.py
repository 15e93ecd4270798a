"""What administrators see: the relations of an organisation or a person, and the settings of a region, all dated."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from service.database.columns import NO_DAY
from service.database.transaction import Transaction
from service.http.context import TheCaller, TheHouse
from service.http.json_models import Named, OptionalDay, RegionParameter, Utc, View
from service.http.openapi import may_refuse
from service.http.request_faults import CheckedRoute
from service.http.responses import answer
from service.people.rules.decisions import Period
from service.people.store.people import People
from service.people.store.regions import Reference
from service.people.store.relations import Coverages, Memberships
from service.people.use_cases.administer import administrator
from service.vocabulary.refusals import NotFound
from service.vocabulary.roles import Role
from service.workflows.store.dated_settings import DatedSettings
from service.workflows.use_cases import settings_in_force

router = APIRouter(tags=["administration"], route_class=CheckedRoute)
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


@router.get(
    "/organisations/{organisation_id}", response_model=AdministeredOrganisation,
    responses=may_refuse(400, 401, 403, 404),
)  # fmt: skip
async def get_organisation(organisation_id: UUID, house: TheHouse, caller: TheCaller) -> Response:
    """An organisation with the regions and the people that it has, had and will have."""

    def work(transaction: Transaction) -> Response:
        administrator(transaction, caller)
        found = next(iter(People(transaction).organisations(id_=organisation_id)), None)
        if found is None:
            raise NotFound
        of = {"organisation_id": organisation_id}
        coverages = [
            DatedCoverage(region=it.region, valid_from=it.valid_from, valid_until=_last(it))
            for it in Coverages(transaction).within(_EVER, of)
        ]
        return answer(
            AdministeredOrganisation(
                id=found.id,
                kind=found.kind,
                name=found.name,
                municipality=found.municipality,
                coverages=coverages,
                memberships=_memberships(transaction, Memberships(transaction).within(_EVER, of)),
            )
        )

    return await house.database.read(work)


@router.get("/people/{person_id}", response_model=AdministeredPerson, responses=may_refuse(400, 401, 403, 404))
async def get_person(person_id: UUID, house: TheHouse, caller: TheCaller) -> Response:
    """A person with the memberships that they have, had and will have."""

    def work(transaction: Transaction) -> Response:
        administrator(transaction, caller)
        found = People(transaction).identity(person_id)
        if found is None:
            raise NotFound
        held = _memberships(transaction, Memberships(transaction).within(_EVER, {"person_id": person_id}))
        return answer(
            AdministeredPerson(
                id=found.id, issuer=found.issuer, subject=found.subject, name=found.name, memberships=held
            )
        )

    return await house.database.read(work)


@router.get(
    "/regions/{region}/settings", response_model=SettingsOfRegion, responses=may_refuse(400, 401, 403, 404)
)  # fmt: skip
async def get_region_settings(region: RegionParameter, house: TheHouse, caller: TheCaller) -> Response:
    """The settings that hold in a region today, and what it decided from which day on."""

    def work(transaction: Transaction) -> Response:
        administrator(transaction, caller)
        if region not in {it.code for it in Reference(transaction).regions()}:
            raise NotFound
        decided = DatedSettings(transaction).decided(region)
        names = People(transaction).names({it.actor_id for it in decided})
        shown = [
            DecidedSettings(
                valid_from=it.valid_from,
                settings=dict(it.changes),
                recorded_at=it.recorded_at,
                actor=Named(id=it.actor_id, name=names[it.actor_id]),
            )
            for it in decided
        ]
        today = settings_in_force(transaction, house.rules, region).model_dump(mode="json")
        return answer(SettingsOfRegion(region=region, today=today, decided=shown))

    return await house.database.read(work)
