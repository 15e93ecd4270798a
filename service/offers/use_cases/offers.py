"""The overview of offers: stated by providers, read by everybody who looks for help with a family.

Families do not read it: the table begins with their question and not with the present supply, and a
contact person helps them with a list of places (R58). Facilitators do not read it, as organisations appear in learning
by their kind alone (I24). Officers and administrators look for no help. The overview names no child, so reads are not
logged. It has no price, so that nobody chooses by price (R70).
"""

from dataclasses import asdict, replace
from datetime import date
from uuid import UUID

from service.database.idempotency import IdempotencyKey, IdempotentResult, act_once
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.offers.rules.offer import Offer, OfferStatement, RecordedStatement
from service.offers.store.offers import ProviderOffers
from service.people.store.people import People
from service.people.store.regions import RegionRegister
from service.people.store.successions import Successions
from service.people.use_cases.identify import identify
from service.people.use_cases.require_known_region import require_known_region
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.form_parts import Fault
from service.vocabulary.input_faults import require_no_faults
from service.vocabulary.organisation_kinds import kinds_in_words
from service.vocabulary.refusals import NotAllowed, NotFound, OfferEnded
from service.vocabulary.roles import ADDRESSED_ROLES, TABLE_ROLES, TEAM_ROLES, Role
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force

READER_ROLES = TEAM_ROLES | TABLE_ROLES | ADDRESSED_ROLES | {Role.LOCAL_TEAM}
# Roles that may maintain offers of their own region on behalf of a provider.
ON_BEHALF_ROLES = frozenset({Role.COORDINATOR, Role.PROCESS_DIRECTOR})


def list_offers(
    transaction: Transaction,
    caller: Caller,
    *,
    region: str | None,
    domain: str | None,
    function: str | None,
    provider: UUID | None,
) -> tuple[Offer, ...]:
    """Returns the offers that have not ended, each with its newest statement. Raises NotAllowed and Invalid.

    A provider that ended offers nothing: its successor does.
    """
    _require_reader(identify(transaction, caller))
    require_known_region(transaction, region)
    today = day_in_amsterdam(transaction.now)
    current = ProviderOffers(transaction).list_current(
        today, region=region, domain=domain, function=function, provider=provider
    )
    ended = Successions(transaction).ended_organisations()
    return tuple(offer for offer in current if offer.provider_id not in ended)


def read_offer(transaction: Transaction, caller: Caller, offer_id: UUID) -> Offer:
    """Returns an offer with all its statements. Raises NotAllowed and NotFound."""
    _require_reader(identify(transaction, caller))
    return _require_offer(transaction, offer_id)


def begin_offer(
    transaction: Transaction, caller: Caller, offer: Offer, idempotency_key: IdempotencyKey
) -> IdempotentResult[Offer]:
    """Add an offer to the overview.

    Raises NotAllowed for anybody but the provider and the team of the region that the offer serves, and Invalid.
    """
    actor = identify(transaction, caller)
    acting = _acting_membership(actor, offer)

    def begin() -> Offer:
        faults = []
        if People(transaction).kinds_of_organisations({offer.provider_id}).get(offer.provider_id) != "provider":
            faults.append(Fault("unknown_organisation", ("providerId",), {"kinds": kinds_in_words(["provider"])}))
        successor = Successions(transaction).successors_of({offer.provider_id}).get(offer.provider_id)
        if successor and successor.last_day < day_in_amsterdam(transaction.now):
            faults.append(successor.fault("providerId"))
        known_regions = {region.code for region in RegionRegister(transaction).regions()}
        if offer.region is not None and offer.region not in known_regions:
            faults.append(Fault("unknown_region", ("region",)))
        require_no_faults(faults)
        ProviderOffers(transaction).add(offer, actor.person_id, acting)
        return offer

    return act_once(
        transaction,
        idempotency_key,
        actor.person_id,
        act=begin,
        rebuild=lambda _: _require_offer(transaction, offer.id),
    )


def record_statement(
    transaction: Transaction, caller: Caller, offer_id: UUID, statement: OfferStatement, idempotency_key: IdempotencyKey
) -> IdempotentResult[Offer]:
    """Add a statement about a day. Earlier statements stay. A repeated request returns the current offer.

    Raises NotAllowed, NotFound, OfferEnded and Invalid.
    """
    actor = identify(transaction, caller)
    _require_reader(actor)
    offer = _require_offer(transaction, offer_id, lock=True)
    acting = _acting_membership(actor, offer)

    def state() -> Offer:
        today = day_in_amsterdam(transaction.now)
        if offer.last_day is not None and offer.last_day < today:
            raise OfferEnded(offer.last_day)
        require_no_faults([Fault("day_in_future", ("statedOn",))] if statement.stated_on > today else [])
        number = len(offer.statements) + 1
        recorded_statement = RecordedStatement(
            **asdict(statement), number=number, recorded_at=transaction.now, organisation_id=acting.organisation_id
        )
        ProviderOffers(transaction).add_statement(offer, recorded_statement, actor.person_id, acting)
        return replace(offer, statements=(*offer.statements, recorded_statement))

    return act_once(transaction, idempotency_key, actor.person_id, act=state, rebuild=lambda _: offer)


def end_offer(
    transaction: Transaction, caller: Caller, offer_id: UUID, last_day: date, idempotency_key: IdempotencyKey
) -> IdempotentResult[Offer]:
    """Set the last day of an offer. Raises NotAllowed, NotFound, Invalid, and OfferEnded when it has one."""
    actor = identify(transaction, caller)
    _require_reader(actor)
    offer = _require_offer(transaction, offer_id, lock=True)
    acting = _acting_membership(actor, offer)

    def end() -> Offer:
        if offer.last_day is not None:
            raise OfferEnded(offer.last_day)
        require_no_faults([Fault("ends_before_it_begins", ("lastDay",))] if last_day < offer.valid_from else [])
        ProviderOffers(transaction).add_ending(offer, last_day, actor.person_id, acting)
        return replace(offer, last_day=last_day)

    return act_once(transaction, idempotency_key, actor.person_id, act=end, rebuild=lambda _: offer)


def stale_after_days(transaction: Transaction, rules: Rulebook, region: str | None) -> int:
    """Returns the number of days after which a statement is stale in a region. `region`: None for the default."""
    settings = rules.settings.default if region is None else settings_in_force(transaction, rules, region)
    return settings.offer_stale_days


def _require_reader(actor: Actor) -> None:
    if not any(membership.role in READER_ROLES for membership in actor.memberships):
        raise NotAllowed


def _require_offer(transaction: Transaction, offer_id: UUID, *, lock: bool = False) -> Offer:
    offer = ProviderOffers(transaction).find(offer_id, lock=lock)
    if offer is None:
        raise NotFound
    return offer


def _acting_membership(actor: Actor, offer: Offer) -> Membership:
    """Returns the membership in which this person may maintain the offer, the provider's first. Raises NotAllowed."""
    of_provider = (
        membership
        for membership in actor.memberships
        if membership.role == Role.PROVIDER and membership.organisation_id == offer.provider_id
    )
    of_region = (
        membership
        for membership in actor.memberships
        if membership.role in ON_BEHALF_ROLES and offer.region in membership.regions
    )
    acting = next(of_provider, None) or next(of_region, None)
    if acting is None:
        raise NotAllowed
    return acting
