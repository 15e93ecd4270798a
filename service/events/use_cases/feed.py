"""Reads of the event feed of an organisation."""

from uuid import UUID

from service.database.transaction import Transaction
from service.events.store.feeds import FeedPage, Feeds
from service.identity.caller import Caller
from service.people.use_cases.identify import identify
from service.vocabulary.actor import Actor
from service.vocabulary.input_faults import simple_fault
from service.vocabulary.refusals import Invalid, NotAllowed, NotFound
from service.vocabulary.roles import ADDRESSED_ROLES, SUBMITTING_ROLES, TEAM_ROLES

# Roles that read a feed: the team's own, submitting and addressed ones. Experts see a case at the table only.
_FEED_ROLES = TEAM_ROLES | SUBMITTING_ROLES | ADDRESSED_ROLES


def pull_events(
    transaction: Transaction, caller: Caller, organisation_id: UUID | None, *, after: int, limit: int
) -> FeedPage:
    """Returns the page of an organisation's feed after a position.

    Raises NotFound for an organisation that the person does not act for, NotAllowed without a role that reads feeds,
    Invalid when the person acts for several organisations and names none.
    """
    actor = identify(transaction, caller)
    return Feeds(transaction).read_after(_feed_organisation(actor, organisation_id), after, limit=limit, seen_by=actor)


def _feed_organisation(actor: Actor, organisation_id: UUID | None) -> UUID:
    allowed = actor.organisations(_FEED_ROLES)
    organisations = {membership.organisation_id for membership in actor.memberships}
    if organisation_id is not None and organisation_id not in organisations:
        raise NotFound
    candidates = allowed if organisation_id is None else allowed & {organisation_id}
    if not candidates:
        raise NotAllowed
    if len(candidates) > 1:
        raise Invalid((simple_fault("query", "organisation", "which_organisation"),))
    return next(iter(candidates))
