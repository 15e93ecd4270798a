"""People and organisations, with their dated memberships and coverages of today (I29)."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Table, and_, bindparam, column, select, table

from service.database.columns import NO_DUE_DAY
from service.database.covered_rows import CoveredRows
from service.database.transaction import Transaction
from service.kinds import KINDS
from service.people.rules.people import Organisation, PersonAccount
from service.people.store.regions import RegionRegister
from service.people.store.tables import (
    coverages,
    emergency_accesses,
    memberships,
    organisation_successions,
    organisations,
    people,
)
from service.vocabulary.actor import Actor, EmergencyAccessRight, Membership
from service.vocabulary.calendar import day_in_amsterdam, from_microseconds, to_microseconds
from service.vocabulary.roles import Role

# Issuer of an anonymised person. No token carries it.
ANONYMISED_ISSUER = ""
# The table of parts belongs to a subject above this one: it is not imported but named here.
_parts = table("parts", *map(column, ("case_id", "kind", "phase", "team_id", "assignee_id")))


def _holds_today(table: Table) -> ColumnElement[bool]:
    """A condition: memberships and coverages hold from their first day to their last (I29)."""
    return and_(table.c.valid_from <= bindparam("today"), table.c.valid_until >= bindparam("today"))


_EMERGENCY_COLUMNS = ("case_id", "part_id", "role", "organisation_id", "until")
# Statements of every request are built once: building one takes several times as long as running it.
_ACTOR_ROWS = (
    select(
        people.c.id,
        memberships.c.role,
        memberships.c.organisation_id,
        coverages.c.region,
        organisation_successions.c.organisation_id.label("predecessor_id"),
        *(emergency_accesses.c[name].label(f"emergency_{name}") for name in _EMERGENCY_COLUMNS),
    )
    .select_from(
        people.outerjoin(memberships, and_(memberships.c.person_id == people.c.id, _holds_today(memberships)))
        .outerjoin(
            coverages, and_(coverages.c.organisation_id == memberships.c.organisation_id, _holds_today(coverages))
        )
        .outerjoin(
            organisation_successions,
            and_(
                organisation_successions.c.successor_id == memberships.c.organisation_id,
                organisation_successions.c.last_day < bindparam("today"),
            ),
        )
        .outerjoin(
            emergency_accesses,
            and_(emergency_accesses.c.person_id == people.c.id, emergency_accesses.c.until > bindparam("now")),
        )
    )
    .where(people.c.issuer == bindparam("issuer"), people.c.subject == bindparam("subject"))
    .order_by(memberships.c.role, memberships.c.organisation_id)
)
_COVERING_ORGANISATION = (
    select(organisations.c.id)
    .join(coverages, coverages.c.organisation_id == organisations.c.id)
    .where(
        organisations.c.kind == bindparam("kind"), coverages.c.region == bindparam("region"), _holds_today(coverages)
    )
    .order_by(organisations.c.id)
)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_NAMES = (
    select(people.c.id, people.c.name)
    .where(people.c.id.in_(_IDS))
    .union_all(select(organisations.c.id, organisations.c.name).where(organisations.c.id.in_(_IDS)))
)


class People:
    """People, organisations, and the memberships and coverages that hold today."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._transaction = transaction
        self._holds_today = day_in_amsterdam(transaction.now).isoformat()
        self._now = to_microseconds(transaction.now)
        self._places = RegionRegister(transaction)

    def find_actor(self, issuer: str, subject: str) -> Actor | None:
        """Returns the person of a token with the memberships that hold today, None for an unknown person.

        A member of a successor acts for its predecessors too. The person's own memberships come first.
        """
        parameters = {"issuer": issuer, "subject": subject, "today": self._holds_today, "now": self._now}
        rows = self._connection.execute(_ACTOR_ROWS, parameters).all()
        if not rows:
            return None
        regions: dict[tuple[str, str], set[str]] = {}
        for row in rows:
            if row.role is not None:
                covered_regions = regions.setdefault((row.role, row.organisation_id), set())
                covered_regions.update(() if row.region is None else (row.region,))
        for row in rows:
            if row.predecessor_id is not None:
                regions.setdefault((row.role, row.predecessor_id), set())
        held_memberships = tuple(
            Membership(Role(role), UUID(org), frozenset(covered)) for (role, org), covered in regions.items()
        )
        # Emergency access ends with the membership in which it was taken.
        accesses = {
            row.emergency_part_id: row for row in rows if (row.emergency_role, row.emergency_organisation_id) in regions
        }
        running = (row for row in accesses.values() if not self._has_ended(row))
        return Actor(UUID(rows[0].id), held_memberships, tuple(map(_emergency, running)))

    def _has_ended(self, row: Any) -> bool:
        return self._transaction.has_ended(UUID(row.emergency_part_id), from_microseconds(row.emergency_until))

    def grant_emergency_access(self, person_id: UUID, access: EmergencyAccessRight, *, until: datetime) -> None:
        """Let a person read a case until a moment, or until the emergency access is reviewed."""
        row = {
            "part_id": str(access.part_id),
            "case_id": str(access.case_id),
            "person_id": str(person_id),
            "role": str(access.acting.role),
            "organisation_id": str(access.acting.organisation_id),
            "until": to_microseconds(until),
        }
        CoveredRows(self._transaction, emergency_accesses).insert(row)
        self._transaction.begin_right(access.part_id)

    def issuers(self) -> set[str]:
        """Returns the issuers of all people who are not anonymised."""
        issuers = select(people.c.issuer).where(people.c.issuer != ANONYMISED_ISSUER).distinct()
        return set(self._connection.execute(issuers).scalars())

    def add_organisation(self, id_: UUID, *, kind: str, name: str, municipality: str | None) -> None:
        row = {"id": str(id_), "kind": kind, "name": name, "municipality": municipality}
        CoveredRows(self._transaction, organisations).insert(row)

    def add_coverage(self, organisation_id: UUID, region: str, *, since: date) -> None:
        """Let a team, network or liaison cover a region from a day until further notice."""
        days = {"valid_from": since.isoformat(), "valid_until": NO_DUE_DAY}
        row = {"organisation_id": str(organisation_id), "region": region, **days}
        CoveredRows(self._transaction, coverages).insert(row)

    def add_person(self, id_: UUID, *, issuer: str, subject: str, name: str) -> None:
        row = {"id": str(id_), "issuer": issuer, "subject": subject, "name": name}
        CoveredRows(self._transaction, people).insert(row)

    def add_membership(self, person_id: UUID, organisation_id: UUID, role: Role, *, since: date) -> None:
        """Let a person act in a role for an organisation from a day until further notice."""
        days = {"valid_from": since.isoformat(), "valid_until": NO_DUE_DAY}
        row = {"person_id": str(person_id), "organisation_id": str(organisation_id), "role": str(role), **days}
        CoveredRows(self._transaction, memberships).insert(row)

    def find_id(self, issuer: str, subject: str) -> UUID | None:
        """Returns the id of the person with this issuer and subject."""
        query = select(people.c.id).where(people.c.issuer == issuer, people.c.subject == subject)
        person_id = self._connection.execute(query).scalar()
        return None if person_id is None else UUID(person_id)

    def account(self, person_id: UUID) -> PersonAccount | None:
        row = self._connection.execute(select(people).where(people.c.id == str(person_id))).first()
        if row is None:
            return None
        return PersonAccount(id=UUID(row.id), issuer=row.issuer, subject=row.subject, name=row.name)

    def rename(self, kind: Literal["organisation", "person"], id_: UUID, name: str) -> bool:
        """Change a name. Returns False for an unknown id."""
        table = people if kind == "person" else organisations
        return CoveredRows(self._transaction, table).update(table.c.id == str(id_), name=name) == 1

    def team_for(self, region: str) -> UUID | None:
        """Returns the id of the expert team that covers the region today, the first by id of several."""
        return self._covering("expert_team", region)

    def liaison_for(self, region: str) -> UUID | None:
        """Returns the id of the organisation whose CCE liaison is appointed for the region today."""
        return self._covering("cce", region)

    def network_for(self, region: str) -> UUID | None:
        """Returns the id of the supra-regional expertise network that covers the region today."""
        return self._covering("expertise_network", region)

    def municipality_with_code(self, code: str) -> UUID | None:
        """Returns the id of the organisation of the municipality with this CBS code, None without one.

        A code of a dissolved municipality counts as that of its successor.
        """
        municipality = self._places.find_municipality(code)
        ended = select(organisation_successions.c.organisation_id).where(
            organisation_successions.c.last_day < self._holds_today
        )
        organisation_id = self._connection.execute(
            select(organisations.c.id)
            .where(organisations.c.kind == "municipality", organisations.c.id.not_in(ended))
            .where(organisations.c.municipality == (municipality.code if municipality else code))
            .order_by(organisations.c.id)
        ).scalar()
        return None if organisation_id is None else UUID(organisation_id)

    def _covering(self, kind: str, region: str) -> UUID | None:
        parameters = {"kind": kind, "region": region, "today": self._holds_today}
        organisation_id = self._connection.execute(_COVERING_ORGANISATION, parameters).scalar()
        return None if organisation_id is None else UUID(organisation_id)

    def region_of_organisation(self, organisation_id: UUID) -> str | None:
        """Returns the region of the organisation's municipality, None without a municipality."""
        code = self._connection.execute(
            select(organisations.c.municipality).where(organisations.c.id == str(organisation_id))
        ).scalar()
        municipality = self._places.find_municipality(code) if code else None
        return municipality.region if municipality else None

    def memberships_of(self, person_id: UUID) -> tuple[Membership, ...]:
        """Returns the memberships that this person holds today, without the regions of their organisations.

        A member of a successor holds the same role at its predecessors.
        """
        columns, succession = memberships.c, organisation_successions.c
        at_predecessor = and_(
            succession.successor_id == columns.organisation_id, succession.last_day < self._holds_today
        )
        held = (
            select(columns.role, columns.organisation_id, succession.organisation_id.label("predecessor_id"))
            .select_from(memberships.outerjoin(organisation_successions, at_predecessor))
            .where(
                columns.person_id == str(person_id),
                columns.valid_from <= self._holds_today,
                columns.valid_until >= self._holds_today,
            )
        )
        rows = self._connection.execute(held).all()
        seats = {(row.role, id_) for row in rows for id_ in (row.organisation_id, row.predecessor_id) if id_}
        return tuple(Membership(Role(role), UUID(organisation)) for role, organisation in sorted(seats))

    def cases_passed_to(self, person_id: UUID, teams: Collection[UUID]) -> frozenset[UUID]:
        """Returns the cases of other teams with an open part that was passed to this person to judge."""
        columns = _parts.c
        passed = select(columns.case_id).where(
            columns.assignee_id == str(person_id),
            columns.kind.in_(KINDS.judges),
            columns.phase != "ended",
            columns.team_id.not_in(map(str, teams)),
        )
        return frozenset(map(UUID, self._connection.execute(passed).scalars()))

    def kinds_of_organisations(self, organisation_ids: set[UUID]) -> dict[UUID, str]:
        """Returns the kind of each organisation by id. Unknown organisations are absent."""
        rows = self._connection.execute(
            select(organisations.c.id, organisations.c.kind).where(
                organisations.c.id.in_(sorted(str(organisation_id) for organisation_id in organisation_ids))
            )
        )
        return {UUID(row.id): row.kind for row in rows}

    def names(self, ids: set[UUID]) -> dict[UUID, str]:
        """Returns the names of people and organisations by id. Unknown ids are absent."""
        rows = self._connection.execute(_NAMES, {"ids": sorted(str(subject_id) for subject_id in ids)})
        return {UUID(row.id): row.name for row in rows}

    def organisations(
        self, *, id_: UUID | None = None, kind: str | None = None, region: str | None = None
    ) -> tuple[Organisation, ...]:
        """Returns the organisations that match all filters, by name. `region` keeps those that cover it today."""
        columns = coverages.c
        holds_today = and_(
            columns.organisation_id == organisations.c.id,
            columns.valid_from <= self._holds_today,
            columns.valid_until >= self._holds_today,
        )
        query = select(organisations, columns.region).select_from(organisations.outerjoin(coverages, holds_today))
        if id_ is not None:
            query = query.where(organisations.c.id == str(id_))
        if kind is not None:
            query = query.where(organisations.c.kind == kind)
        by_id: dict[str, Organisation] = {}
        for row in self._connection.execute(query.order_by(organisations.c.name, organisations.c.id, columns.region)):
            so_far = by_id.get(row.id)
            covered_regions = (*(so_far.regions if so_far else ()), *(() if row.region is None else (row.region,)))
            by_id[row.id] = Organisation(
                id=UUID(row.id), kind=row.kind, name=row.name, municipality=row.municipality, regions=covered_regions
            )
        return tuple(
            organisation for organisation in by_id.values() if region is None or region in organisation.regions
        )


def _emergency(row: Any) -> EmergencyAccessRight:
    acting = Membership(Role(row.emergency_role), UUID(row.emergency_organisation_id))
    return EmergencyAccessRight(UUID(row.emergency_case_id), UUID(row.emergency_part_id), acting)
