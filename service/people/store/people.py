"""People, organisations and what they may do today: memberships and coverages, all dated (I29)."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Table, and_, bindparam, insert, select, update

from service.database.columns import NO_DAY
from service.database.transaction import Transaction
from service.people.rules.people import Identity, Organisation
from service.people.store.tables import (
    coverages,
    emergency_accesses,
    memberships,
    municipalities,
    organisations,
    people,
)
from service.vocabulary.actor import Actor, Emergency, Membership
from service.vocabulary.calendar import day_in_amsterdam, microseconds
from service.vocabulary.roles import Role

# Who vouches for somebody whose name was destroyed: nobody can sign in so.
NOBODY = ""


def _today(of: Table) -> ColumnElement[bool]:
    """Memberships and coverages hold from their first day to their last (I29)."""
    return and_(of.c.valid_from <= bindparam("today"), of.c.valid_until >= bindparam("today"))


_EMERGENCY = ("case_id", "part_id", "role", "organisation_id")
# Building a statement takes several times as long as running it: those of every request are built once.
_ACTOR = (
    select(
        people.c.id,
        memberships.c.role,
        memberships.c.organisation_id,
        coverages.c.region,
        *(emergency_accesses.c[name].label(f"emergency_{name}") for name in _EMERGENCY),
    )
    .select_from(
        people.outerjoin(memberships, and_(memberships.c.person_id == people.c.id, _today(memberships)))
        .outerjoin(coverages, and_(coverages.c.organisation_id == memberships.c.organisation_id, _today(coverages)))
        .outerjoin(
            emergency_accesses,
            and_(emergency_accesses.c.person_id == people.c.id, emergency_accesses.c.until > bindparam("now")),
        )
    )
    .where(people.c.issuer == bindparam("issuer"), people.c.subject == bindparam("subject"))
    .order_by(memberships.c.role, memberships.c.organisation_id)
)
_COVERING = (
    select(organisations.c.id)
    .join(coverages, coverages.c.organisation_id == organisations.c.id)
    .where(organisations.c.kind == bindparam("kind"), coverages.c.region == bindparam("region"), _today(coverages))
    .order_by(organisations.c.id)
)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_NAMES = (
    select(people.c.id, people.c.name)
    .where(people.c.id.in_(_IDS))
    .union_all(select(organisations.c.id, organisations.c.name).where(organisations.c.id.in_(_IDS)))
)


class People:
    """Who there is, and as what."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._today = day_in_amsterdam(transaction.now).isoformat()
        self._now = microseconds(transaction.now)

    def actor(self, issuer: str, subject: str) -> Actor | None:
        """The person behind a token with the memberships that hold today; None when nobody here is known by it."""
        who = {"issuer": issuer, "subject": subject, "today": self._today, "now": self._now}
        rows = self._connection.execute(_ACTOR, who).all()
        if not rows:
            return None
        regions: dict[tuple[str, str], set[str]] = {}
        for row in rows:
            if row.role is not None:
                covered = regions.setdefault((row.role, row.organisation_id), set())
                covered.update(() if row.region is None else (row.region,))
        held = tuple(Membership(Role(role), UUID(org), frozenset(found)) for (role, org), found in regions.items())
        # Taken in a role, it goes with that role.
        taken = {
            row.emergency_part_id: row for row in rows if (row.emergency_role, row.emergency_organisation_id) in regions
        }
        return Actor(UUID(rows[0].id), held, tuple(map(_emergency, taken.values())))

    def let_read(self, person_id: UUID, taken: Emergency, *, until: datetime) -> None:
        """The person may read the case until then, or until it was reviewed."""
        row = {
            "part_id": str(taken.part_id),
            "case_id": str(taken.case_id),
            "person_id": str(person_id),
            "role": str(taken.acting.role),
            "organisation_id": str(taken.acting.organisation_id),
            "until": microseconds(until),
        }
        self._connection.execute(insert(emergency_accesses), row)

    def issuers(self) -> set[str]:
        """Everybody who vouches for somebody here."""
        named = select(people.c.issuer).where(people.c.issuer != NOBODY).distinct()
        return set(self._connection.execute(named).scalars())

    def add_organisation(self, id_: UUID, *, kind: str, name: str, municipality: str | None) -> None:
        row = {"id": str(id_), "kind": kind, "name": name, "municipality": municipality}
        self._connection.execute(insert(organisations), row)

    def cover(self, organisation_id: UUID, region: str, *, since: date) -> None:
        """A team covers the region, or a liaison is appointed for it, from this day until further notice."""
        row = {"organisation_id": str(organisation_id), "region": region}
        self._connection.execute(insert(coverages), {**row, "valid_from": since.isoformat(), "valid_until": NO_DAY})

    def add_person(self, id_: UUID, *, issuer: str, subject: str, name: str) -> None:
        row = {"id": str(id_), "issuer": issuer, "subject": subject, "name": name}
        self._connection.execute(insert(people), row)

    def join(self, person_id: UUID, organisation_id: UUID, role: Role, *, since: date) -> None:
        """The person acts in this role for the organisation, from this day until further notice."""
        row = {"person_id": str(person_id), "organisation_id": str(organisation_id), "role": str(role)}
        self._connection.execute(insert(memberships), {**row, "valid_from": since.isoformat(), "valid_until": NO_DAY})

    def id_of(self, issuer: str, subject: str) -> UUID | None:
        """The person that this issuer vouches for under this name."""
        query = select(people.c.id).where(people.c.issuer == issuer, people.c.subject == subject)
        found = self._connection.execute(query).scalar()
        return None if found is None else UUID(found)

    def identity(self, person_id: UUID) -> Identity | None:
        row = self._connection.execute(select(people).where(people.c.id == str(person_id))).first()
        if row is None:
            return None
        return Identity(id=UUID(row.id), issuer=row.issuer, subject=row.subject, name=row.name)

    def rename(self, kind: Literal["organisation", "person"], id_: UUID, name: str) -> bool:
        """False when there is nobody of this id."""
        table = people if kind == "person" else organisations
        return self._connection.execute(update(table).where(table.c.id == str(id_)).values(name=name)).rowcount == 1

    def team_for(self, region: str) -> UUID | None:
        """The expert team that covers the region today; the first by id where two do."""
        return self._covering("expert_team", region)

    def liaison_for(self, region: str) -> UUID | None:
        """The organisation whose CCE liaison is appointed for the region today."""
        return self._covering("cce", region)

    def network_for(self, region: str) -> UUID | None:
        """The supra-regional expertise network that covers the region today."""
        return self._covering("expertise_network", region)

    def municipality_of(self, code: str) -> UUID | None:
        """The municipality with this CBS code, when it takes part here."""
        found = self._connection.execute(
            select(organisations.c.id)
            .where(organisations.c.kind == "municipality", organisations.c.municipality == code)
            .order_by(organisations.c.id)
        ).scalar()
        return None if found is None else UUID(found)

    def _covering(self, kind: str, region: str) -> UUID | None:
        where = {"kind": kind, "region": region, "today": self._today}
        found = self._connection.execute(_COVERING, where).scalar()
        return None if found is None else UUID(found)

    def region_of(self, organisation_id: UUID) -> str | None:
        """The region of the municipality that the organisation works for; None when it has none."""
        return self._connection.execute(
            select(municipalities.c.region)
            .join(organisations, organisations.c.municipality == municipalities.c.code)
            .where(organisations.c.id == str(organisation_id))
        ).scalar()

    def works_for(self, person_id: UUID, organisation_id: UUID) -> bool:
        m = memberships.c
        return (
            self._connection.execute(
                select(m.person_id).where(
                    m.person_id == str(person_id),
                    m.organisation_id == str(organisation_id),
                    m.valid_from <= self._today,
                    m.valid_until >= self._today,
                )
            ).first()
            is not None
        )

    def kinds(self, organisation_ids: set[UUID]) -> dict[UUID, str]:
        """The kind of each of these organisations; an unknown one is absent."""
        rows = self._connection.execute(
            select(organisations.c.id, organisations.c.kind).where(
                organisations.c.id.in_(sorted(str(it) for it in organisation_ids))
            )
        )
        return {UUID(row.id): row.kind for row in rows}

    def names(self, ids: set[UUID]) -> dict[UUID, str]:
        """The names of people and organisations, for showing who did what."""
        rows = self._connection.execute(_NAMES, {"ids": sorted(str(it) for it in ids)})
        return {UUID(row.id): row.name for row in rows}

    def organisations(
        self, *, id_: UUID | None = None, kind: str | None = None, region: str | None = None
    ) -> tuple[Organisation, ...]:
        """Those that are wanted, by name; `region` keeps those that cover it today."""
        c = coverages.c
        today = and_(c.organisation_id == organisations.c.id, c.valid_from <= self._today, c.valid_until >= self._today)
        query = select(organisations, c.region).select_from(organisations.outerjoin(coverages, today))
        if id_ is not None:
            query = query.where(organisations.c.id == str(id_))
        if kind is not None:
            query = query.where(organisations.c.kind == kind)
        found: dict[str, Organisation] = {}
        for row in self._connection.execute(query.order_by(organisations.c.name, organisations.c.id, c.region)):
            known = found.get(row.id)
            covered = (*(known.regions if known else ()), *(() if row.region is None else (row.region,)))
            found[row.id] = Organisation(
                id=UUID(row.id), kind=row.kind, name=row.name, municipality=row.municipality, regions=covered
            )
        return tuple(it for it in found.values() if region is None or region in it.regions)


def _emergency(row: Any) -> Emergency:
    acting = Membership(Role(row.emergency_role), UUID(row.emergency_organisation_id))
    return Emergency(UUID(row.emergency_case_id), UUID(row.emergency_part_id), acting)
