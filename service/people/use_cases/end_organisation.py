"""The end of an organisation: a successor acts in its place, and what was addressed to it stays addressed to it."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from service.people.rules.decisions import Effect, OrganisationEnd, Period
from service.people.store.people import People
from service.people.store.relations import Coverages, Memberships
from service.people.store.successions import Successions
from service.people.use_cases.decision_context import (
    OPEN_END,
    DecisionContext,
    check_not_before_yesterday,
    days_of,
    organisation_effect,
)
from service.vocabulary.form_parts import Fault
from service.vocabulary.input_faults import require_no_faults
from service.vocabulary.organisation_kinds import KIND_LABELS, OrganisationKind
from service.vocabulary.refusals import AlreadyThere

# The cases of an expert team pass to another team by recorded steps, and the operator of an installation never ends.
KINDS_THAT_STAY = (OrganisationKind.EXPERT_TEAM, OrganisationKind.INSTALLATION)


def end_organisation(decision: OrganisationEnd, context: DecisionContext) -> Effect:
    """End an organisation and the memberships at it. Raises Invalid and AlreadyThere."""
    check_not_before_yesterday(context, decision.valid_until)
    successions = Successions(context.transaction)
    ended = decision.organisation_id
    successions.lock((ended, decision.successor_id))
    kinds = People(context.transaction).kinds_of_organisations({ended, decision.successor_id})
    faults = [
        Fault("no_such_organisation", (name,))
        for name, id_ in (("organisationId", ended), ("successorId", decision.successor_id))
        if id_ not in kinds
    ]
    require_no_faults(faults)
    if existing := successions.successors_of({ended}).get(ended):
        raise AlreadyThere(str(existing.id))
    require_no_faults(_faults(decision, kinds, context))
    successions.add(ended, decision.successor_id, decision.valid_until)
    Memberships(context.transaction).end(decision.valid_until, {"organisation_id": ended})
    days = days_of(Period(OPEN_END, decision.valid_until))
    return organisation_effect(ended, "organisation_ended", successor=str(decision.successor_id), **days)


def _faults(decision: OrganisationEnd, kinds: Mapping[UUID, str], context: DecisionContext) -> list[Fault]:
    faults = faults_of_end(("successorId", decision.successor_id), OPEN_END, context)
    kind = OrganisationKind(kinds[decision.organisation_id])
    if kind in KINDS_THAT_STAY:
        faults.append(Fault("kind_does_not_end", ("organisationId",), {"kind": KIND_LABELS[kind]}))
    if decision.successor_id == decision.organisation_id or kinds[decision.successor_id] != kind:
        faults.append(Fault("no_successor", ("successorId",), {"kind": KIND_LABELS[kind]}))
    after = Period(decision.valid_until, OPEN_END)
    covered = Coverages(context.transaction).overlapping(after, {"organisation_id": decision.organisation_id})
    if regions := sorted({row.region for row in covered if row.valid_until > decision.valid_until.isoformat()}):
        faults.append(Fault("covers_a_region", ("organisationId",), {"regions": ", ".join(regions)}))
    return faults


def faults_of_end(organisation: tuple[str, UUID], last: date, context: DecisionContext) -> list[Fault]:
    """Returns a fault when this organisation ends before the day `last`. `organisation`: name of its member, and id.

    The organisation is locked, so that it does not end while a relation with it begins.
    """
    name, organisation_id = organisation
    successions = Successions(context.transaction)
    successions.lock({organisation_id})
    successor = successions.successors_of({organisation_id}).get(organisation_id)
    return [successor.fault(name)] if successor and last > successor.last_day else []
