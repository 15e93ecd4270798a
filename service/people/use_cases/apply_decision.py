"""The effect of each kind of decision of an administrator, with its checks."""

from datetime import date
from functools import singledispatch

from pydantic import ValidationError

from service.people.rules.decisions import (
    CoverageEnd,
    Effect,
    MembershipEnd,
    NameChange,
    NewCoverage,
    NewMembership,
    NewOrganisation,
    NewPerson,
    Period,
    SettingsChange,
)
from service.people.store.people import People
from service.people.store.regions import Municipality, RegionRegister
from service.people.store.relations import Coverages, Memberships
from service.people.use_cases.change_municipality import add_municipality, change_municipality
from service.people.use_cases.decision_context import (
    OPEN_END,
    DecisionContext,
    check_not_before_yesterday,
    days_of,
    organisation_effect,
)
from service.people.use_cases.end_organisation import end_organisation, faults_of_end
from service.vocabulary.form_parts import Fault
from service.vocabulary.input_faults import body_fault, input_fault, require_no_faults
from service.vocabulary.organisation_kinds import (
    COVERING_KINDS,
    KIND_LABELS,
    KINDS_WITH_MUNICIPALITY,
    ROLES_BY_KIND,
    OrganisationKind,
    kinds_in_words,
)
from service.vocabulary.refusals import AlreadyThere, Invalid, NotFound, OwnMembership, RegionIsCovered
from service.vocabulary.roles import ROLE_LABELS
from service.vocabulary.sentences import OR, join_texts, label_with_code
from service.workflows.rules.rulebook import RulesRefused, UnknownTerms
from service.workflows.store.definitions import Definitions


@singledispatch
def apply_decision(decision: object, _: DecisionContext) -> Effect:
    """Check a decision and apply it. Returns its effect. Raises Invalid, and the refusals of each kind of decision."""
    raise TypeError(f"nobody decides a {type(decision).__name__}")


@apply_decision.register
def _(decision: NewOrganisation, context: DecisionContext) -> Effect:
    faults = []
    if decision.municipality is None and decision.kind in KINDS_WITH_MUNICIPALITY:
        faults.append(Fault("municipality_needed", ("municipality",)))
    code = decision.municipality
    municipality = RegionRegister(context.transaction).find_municipality(code) if code else None
    if code and municipality is None:
        faults.append(Fault("unknown_municipality", ("municipality",)))
    elif municipality and municipality.code != code:
        faults.append(Fault("municipality_dissolved", ("municipality",), {"successor": municipality.code}))
    require_no_faults(faults)
    if decision.kind is OrganisationKind.MUNICIPALITY and municipality:
        _require_first_of(municipality, context)
    People(context.transaction).add_organisation(
        context.change_id, kind=decision.kind, name=decision.name, municipality=decision.municipality
    )
    place = {"municipality": decision.municipality} if decision.municipality else {}
    return organisation_effect(context.change_id, "organisation_added", kind=str(decision.kind), **place)


def _require_first_of(municipality: Municipality, context: DecisionContext) -> None:
    """A municipality is one organisation: its code tells who pays. Raises AlreadyThere."""
    Coverages(context.transaction).lock(municipality.region)
    if existing := People(context.transaction).municipality_with_code(municipality.code):
        raise AlreadyThere(str(existing))


@apply_decision.register
def _(decision: NewPerson, context: DecisionContext) -> Effect:
    person_id = People(context.transaction).find_id(decision.issuer, decision.subject)
    if person_id:
        raise AlreadyThere(str(person_id))
    People(context.transaction).add_person(
        context.change_id, issuer=decision.issuer, subject=decision.subject, name=decision.name
    )
    return Effect(action="person_added", subject_kind="person", subject=str(context.change_id), details={})


@apply_decision.register
def _(decision: NameChange, context: DecisionContext) -> Effect:
    if not People(context.transaction).rename(decision.kind, decision.id, decision.name):
        raise NotFound
    return Effect(action=f"{decision.kind}_renamed", subject_kind=decision.kind, subject=str(decision.id), details={})


@apply_decision.register
def _(decision: NewMembership, context: DecisionContext) -> Effect:
    if decision.person_id == context.actor_id:
        raise OwnMembership
    kind = People(context.transaction).kinds_of_organisations({decision.organisation_id}).get(decision.organisation_id)
    faults = faults_of_end(("organisationId", decision.organisation_id), decision.valid_until or OPEN_END, context)
    faults += (
        [] if Memberships(context.transaction).lock(decision.person_id) else [Fault("unknown_person", ("personId",))]
    )
    if kind is None:
        faults.append(Fault("no_such_organisation", ("organisationId",)))
    elif decision.role not in ROLES_BY_KIND[OrganisationKind(kind)]:
        organisation_kind = OrganisationKind(kind)
        allowed = join_texts(
            (label_with_code(ROLE_LABELS[role], role) for role in sorted(ROLES_BY_KIND[organisation_kind])), OR
        )
        faults.append(
            Fault("role_of_another_kind", ("role",), {"kind": KIND_LABELS[organisation_kind], "allowed": allowed})
        )
    period = _period(context, decision.valid_from, decision.valid_until, faults)
    keys = decision.model_dump(include={"person_id", "organisation_id", "role"})
    if Memberships(context.transaction).overlapping(period, keys):
        raise AlreadyThere(str(decision.person_id))
    Memberships(context.transaction).begin(period, keys)
    return _membership_effect(decision, "membership_begun", period)


@apply_decision.register
def _(decision: MembershipEnd, context: DecisionContext) -> Effect:
    if decision.person_id == context.actor_id:
        raise OwnMembership
    check_not_before_yesterday(context, decision.valid_until)
    if not Memberships(context.transaction).end(
        decision.valid_until, decision.model_dump(include={"person_id", "organisation_id", "role"})
    ):
        require_no_faults([Fault("nothing_to_end", ())])
    return _membership_effect(decision, "membership_ended", Period(OPEN_END, decision.valid_until))


@apply_decision.register
def _(decision: NewCoverage, context: DecisionContext) -> Effect:
    kind = People(context.transaction).kinds_of_organisations({decision.organisation_id}).get(decision.organisation_id)
    faults = faults_of_end(("organisationId", decision.organisation_id), decision.valid_until or OPEN_END, context)
    faults += [] if Coverages(context.transaction).lock(decision.region) else [Fault("unknown_region", ("region",))]
    if kind is None:
        faults.append(Fault("no_such_organisation", ("organisationId",)))
    elif kind not in COVERING_KINDS:
        faults.append(Fault("covers_no_region", ("organisationId",), {"kinds": kinds_in_words(COVERING_KINDS)}))
    period = _period(context, decision.valid_from, decision.valid_until, faults)
    covering_id = Coverages(context.transaction).organisation_of_kind(str(kind), decision.region, period)
    if covering_id == decision.organisation_id:
        raise AlreadyThere(str(covering_id))
    if covering_id:
        raise RegionIsCovered(decision.region, str(covering_id))
    Coverages(context.transaction).begin(period, decision.model_dump(include={"organisation_id", "region"}))
    return _coverage_effect(decision, "coverage_begun", period)


@apply_decision.register
def _(decision: CoverageEnd, context: DecisionContext) -> Effect:
    check_not_before_yesterday(context, decision.valid_until)
    if not Coverages(context.transaction).end(
        decision.valid_until, decision.model_dump(include={"organisation_id", "region"})
    ):
        require_no_faults([Fault("nothing_to_end", ())])
    return _coverage_effect(decision, "coverage_ended", Period(OPEN_END, decision.valid_until))


@apply_decision.register
def _(decision: SettingsChange, context: DecisionContext) -> Effect:
    """Settings are checked with every workflow in force before they take effect (decision 0023)."""
    if not Coverages(context.transaction).lock(decision.region):
        raise NotFound
    first, changes = decision.new_settings.valid_from or context.today, decision.new_settings.settings
    faults = [body_fault(Fault("day_in_past", ("validFrom",)), under="")] if first < context.today else []
    settings = None
    try:
        settings = context.rules.settings.with_changes(changes)
        context.rules.check({f"{decision.region} {first}": settings})
    except UnknownTerms as error:
        faults += [body_fault(Fault("no_such_term", ("terms", name)), under="/settings") for name in error.names]
    except RulesRefused as refusal:
        faults.append(body_fault(Fault("workflow_cannot", (), {"problem": str(refusal)}), under="/settings"))
    except ValidationError as invalid:
        faults += [input_fault("body", "/settings", error) for error in invalid.errors()]
    if settings is None or faults:
        raise Invalid(tuple(faults))
    Definitions(context.transaction).add_settings(settings)
    details = {"from": first.isoformat(), "settings": settings.hash}
    return Effect(action="settings_decided", subject_kind="region", subject=decision.region, details=details)


apply_decision.register(end_organisation)
apply_decision.register(add_municipality)
apply_decision.register(change_municipality)


def _period(context: DecisionContext, first: date | None, last: date | None, faults: list[Fault]) -> Period:
    """Returns the period of a new relation. Raises Invalid with `faults` and the faults of the period."""
    period = Period(first or context.today, last or OPEN_END)
    if period.first < context.today:
        faults.append(Fault("day_in_past", ("validFrom",)))
    if period.last < period.first:
        faults.append(Fault("ends_before_it_begins", ("validUntil",)))
    require_no_faults(faults)
    return period


def _membership_effect(decision: NewMembership | MembershipEnd, action: str, period: Period) -> Effect:
    details = {"organisation": str(decision.organisation_id), "role": str(decision.role), **days_of(period)}
    return Effect(action=action, subject_kind="person", subject=str(decision.person_id), details=details)


def _coverage_effect(decision: NewCoverage | CoverageEnd, action: str, period: Period) -> Effect:
    return organisation_effect(decision.organisation_id, action, region=decision.region, **days_of(period))
