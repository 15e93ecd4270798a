"""Pulling the feed of an organisation that one acts for."""

from uuid import UUID

from service.database.transaction import Transaction
from service.events.store.feeds import Feeds, Page
from service.identity.caller import Caller
from service.people.use_cases.identify import identify
from service.vocabulary.actor import Actor
from service.vocabulary.input_faults import bare_fault
from service.vocabulary.refusals import Invalid, NotAllowed, NotFound
from service.vocabulary.roles import ADDRESSED_ROLES, SUBMITTING_ROLES, TEAM_ROLES

# Whose work the feed is: the team's own, who submitted, and who is asked. Experts see a case at the table alone.
_HEARING = TEAM_ROLES | SUBMITTING_ROLES | ADDRESSED_ROLES


def pull_events(
    transaction: Transaction, caller: Caller, organisation_id: UUID | None, *, after: int, limit: int
) -> Page:
    """What the organisation heard after this position. Raises NotFound for an organisation of somebody else."""
    actor = identify(transaction, caller)
    return Feeds(transaction).after(_hearing(actor, organisation_id), after, limit=limit, seen_by=actor)


def _hearing(actor: Actor, wanted: UUID | None) -> UUID:
    hearing = actor.organisations(_HEARING)
    if wanted is not None and wanted not in {held.organisation_id for held in actor.memberships}:
        raise NotFound
    found = hearing if wanted is None else hearing & {wanted}
    if not found:
        raise NotAllowed
    if len(found) > 1:
        raise Invalid((bare_fault("query", "organisation", "which_organisation"),))
    return next(iter(found))
