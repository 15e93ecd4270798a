"""What each decision of an administrator changes, checked against what there is: by the kind of decision."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import singledispatch
from uuid import UUID

from pydantic import ValidationError

from service.database.columns import NO_DAY
from service.database.transaction import Transaction
from service.people.rules.decisions import (
    CoverageEnd,
    Effect,
    MembershipEnd,
    NewCoverage,
    NewMembership,
    NewOrganisation,
    NewPerson,
    Period,
    Renaming,
    SettingsOf,
)
from service.people.store.people import People
from service.people.store.regions import Reference
from service.people.store.relations import Coverages, Memberships
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.form_parts import Fault
from service.vocabulary.input_faults import in_body, input_fault, insist
from service.vocabulary.organisation_kinds import (
    COVERING,
    IN_A_MUNICIPALITY,
    KIND_LABELS,
    ROLES_OF,
    OrganisationKind,
    kinds_in_words,
)
from service.vocabulary.refusals import AlreadyThere, Invalid, NotFound, OwnMembership, RegionIsCovered
from service.vocabulary.roles import ROLE_LABELS
from service.vocabulary.sentences import OR, joined, with_code
from service.workflows.rules.rulebook import Rulebook, RulesRefused, UnknownTerms
from service.workflows.store.definitions import Definitions

LAST_DAY = date.fromisoformat(NO_DAY)


@dataclass(frozen=True, slots=True)
class Deciding:
    """Who decides, for which organisation, and under which id it will be recorded; by which rules, on which day."""

    transaction: Transaction
    actor_id: UUID
    organisation_id: UUID
    change_id: UUID
    rules: Rulebook

    @property
    def today(self) -> date:
        return day_in_amsterdam(self.transaction.now)


@singledispatch
def put_into_effect(decision: object, _: Deciding) -> Effect:
    """Check a decision against what there is, and do what it says. Raises Invalid and the refusals of each."""
    raise TypeError(f"nobody decides a {type(decision).__name__}")


@put_into_effect.register
def _(decision: NewOrganisation, by: Deciding) -> Effect:
    faults = []
    if decision.municipality is None and decision.kind in IN_A_MUNICIPALITY:
        faults.append(Fault("municipality_needed", ("municipality",)))
    if decision.municipality and Reference(by.transaction).municipality(decision.municipality) is None:
        faults.append(Fault("unknown_municipality", ("municipality",)))
    insist(faults)
    People(by.transaction).add_organisation(
        by.change_id, kind=decision.kind, name=decision.name, municipality=decision.municipality
    )
    where = {"municipality": decision.municipality} if decision.municipality else {}
    return _of_organisation(by.change_id, "organisation_added", kind=str(decision.kind), **where)


@put_into_effect.register
def _(decision: NewPerson, by: Deciding) -> Effect:
    there = People(by.transaction).id_of(decision.issuer, decision.subject)
    if there:
        raise AlreadyThere(str(there))
    People(by.transaction).add_person(
        by.change_id, issuer=decision.issuer, subject=decision.subject, name=decision.name
    )
    return Effect(action="person_added", subject_kind="person", subject=str(by.change_id), details={})


@put_into_effect.register
def _(decision: Renaming, by: Deciding) -> Effect:
    if not People(by.transaction).rename(decision.kind, decision.id, decision.name):
        raise NotFound
    return Effect(action=f"{decision.kind}_renamed", subject_kind=decision.kind, subject=str(decision.id), details={})


@put_into_effect.register
def _(decision: NewMembership, by: Deciding) -> Effect:
    if decision.person_id == by.actor_id:
        raise OwnMembership
    kind = People(by.transaction).kinds({decision.organisation_id}).get(decision.organisation_id)
    faults = [] if Memberships(by.transaction).lock(decision.person_id) else [Fault("unknown_person", ("personId",))]
    if kind is None:
        faults.append(Fault("no_such_organisation", ("organisationId",)))
    elif decision.role not in ROLES_OF[OrganisationKind(kind)]:
        known = OrganisationKind(kind)
        allowed = joined((with_code(ROLE_LABELS[it], it) for it in sorted(ROLES_OF[known])), OR)
        faults.append(Fault("role_of_another_kind", ("role",), {"kind": KIND_LABELS[known], "allowed": allowed}))
    period = _period(by, decision.valid_from, decision.valid_until, faults)
    keys = decision.model_dump(include={"person_id", "organisation_id", "role"})
    if Memberships(by.transaction).within(period, keys):
        raise AlreadyThere(str(decision.person_id))
    Memberships(by.transaction).begin(period, keys)
    return _of_membership(decision, "membership_begun", period)


@put_into_effect.register
def _(decision: MembershipEnd, by: Deciding) -> Effect:
    if decision.person_id == by.actor_id:
        raise OwnMembership
    _not_before_yesterday(by, decision.valid_until)
    if not Memberships(by.transaction).end(
        decision.valid_until, decision.model_dump(include={"person_id", "organisation_id", "role"})
    ):
        insist([Fault("nothing_to_end", ())])
    return _of_membership(decision, "membership_ended", Period(LAST_DAY, decision.valid_until))


@put_into_effect.register
def _(decision: NewCoverage, by: Deciding) -> Effect:
    kind = People(by.transaction).kinds({decision.organisation_id}).get(decision.organisation_id)
    faults = [] if Coverages(by.transaction).lock(decision.region) else [Fault("unknown_region", ("region",))]
    if kind is None:
        faults.append(Fault("no_such_organisation", ("organisationId",)))
    elif kind not in COVERING:
        faults.append(Fault("covers_no_region", ("organisationId",), {"kinds": kinds_in_words(COVERING)}))
    period = _period(by, decision.valid_from, decision.valid_until, faults)
    there = Coverages(by.transaction).by_kind(str(kind), decision.region, period)
    if there == decision.organisation_id:
        raise AlreadyThere(str(there))
    if there:
        raise RegionIsCovered(decision.region, str(there))
    Coverages(by.transaction).begin(period, decision.model_dump(include={"organisation_id", "region"}))
    return _of_coverage(decision, "coverage_begun", period)


@put_into_effect.register
def _(decision: CoverageEnd, by: Deciding) -> Effect:
    _not_before_yesterday(by, decision.valid_until)
    if not Coverages(by.transaction).end(
        decision.valid_until, decision.model_dump(include={"organisation_id", "region"})
    ):
        insist([Fault("nothing_to_end", ())])
    return _of_coverage(decision, "coverage_ended", Period(LAST_DAY, decision.valid_until))


@put_into_effect.register
def _(decision: SettingsOf, by: Deciding) -> Effect:
    """What the region decides, checked with every workflow in force before it takes effect (decision 2)."""
    if not Coverages(by.transaction).lock(decision.region):
        raise NotFound
    first, changes = decision.decided.valid_from or by.today, decision.decided.settings
    faults = [in_body(Fault("day_in_past", ("validFrom",)), under="")] if first < by.today else []
    settings = None
    try:
        settings = by.rules.settings.changed(changes)
        by.rules.check({f"{decision.region} {first}": settings})
    except UnknownTerms as unknown:
        faults += [in_body(Fault("no_such_term", ("terms", name)), under="/settings") for name in unknown.names]
    except RulesRefused as refused:
        faults.append(in_body(Fault("workflow_cannot", (), {"problem": str(refused)}), under="/settings"))
    except ValidationError as wrong:
        faults += [input_fault("body", "/settings", error) for error in wrong.errors()]
    if settings is None or faults:
        raise Invalid(tuple(faults))
    Definitions(by.transaction).keep_settings(settings)
    details = {"from": first.isoformat(), "settings": settings.hash}
    return Effect(action="settings_decided", subject_kind="region", subject=decision.region, details=details)


def _period(by: Deciding, first: date | None, last: date | None, faults: list[Fault]) -> Period:
    """The days of a new relation. Raises Invalid with these faults and its own."""
    period = Period(first or by.today, last or LAST_DAY)
    if period.first < by.today:
        faults.append(Fault("day_in_past", ("validFrom",)))
    if period.last < period.first:
        faults.append(Fault("ends_before_it_begins", ("validUntil",)))
    insist(faults)
    return period


def _not_before_yesterday(by: Deciding, last: date) -> None:
    """What held on a day in the past, held."""
    if last < by.today - timedelta(days=1):
        insist([Fault("day_in_past", ("validUntil",))])


def _of_organisation(id_: UUID, action: str, **details: str) -> Effect:
    return Effect(action=action, subject_kind="organisation", subject=str(id_), details=details)


def _of_membership(it: NewMembership | MembershipEnd, action: str, period: Period) -> Effect:
    details = {"organisation": str(it.organisation_id), "role": str(it.role), **_days(period)}
    return Effect(action=action, subject_kind="person", subject=str(it.person_id), details=details)


def _of_coverage(it: NewCoverage | CoverageEnd, action: str, period: Period) -> Effect:
    return _of_organisation(it.organisation_id, action, region=it.region, **_days(period))


def _days(period: Period) -> dict[str, str]:
    days = {"from": period.first, "until": period.last}
    return {name: day.isoformat() for name, day in days.items() if day != LAST_DAY}
