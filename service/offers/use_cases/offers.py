"""The overview of what help there is: stated by providers, read by everybody who looks for help with a family.

Families do not read it: the table begins with their question and not with what there happens to be (domain.md 2.1), and
for a list of places a contact person stands beside them (R58). Nor do facilitators, as organisations appear in learning
by their kind alone (I24), officers and administrators, who look for no help. It names no child, so reading is not
logged; and no price, so that nobody chooses by it (R70).
"""

from dataclasses import asdict, replace
from datetime import date
from uuid import UUID

from service.database.idempotency import IdempotencyKey, Outcome, act_once
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.offers.rules.offer import Offer, Said, Statement
from service.offers.store.offers import Offers
from service.people.store.people import People
from service.people.store.regions import Reference
from service.people.use_cases.identify import identify
from service.people.use_cases.known_regions import insist_on_region
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.form_parts import Fault
from service.vocabulary.input_faults import insist
from service.vocabulary.organisation_kinds import kinds_in_words
from service.vocabulary.refusals import NotAllowed, NotFound, OfferEnded
from service.vocabulary.roles import ADDRESSED_ROLES, TABLE_ROLES, TEAM_ROLES, Role
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force

READERS = TEAM_ROLES | TABLE_ROLES | ADDRESSED_ROLES | {Role.LOCAL_TEAM}
# Who keeps the overview of their own region up to date for a provider that does not do so itself.
ON_BEHALF = frozenset({Role.COORDINATOR, Role.PROCESS_DIRECTOR})


def list_offers(
    transaction: Transaction,
    caller: Caller,
    *,
    region: str | None,
    domain: str | None,
    function: str | None,
    provider: UUID | None,
) -> tuple[Offer, ...]:
    """What has not ended, each with its newest statement."""
    _let_in(identify(transaction, caller))
    insist_on_region(transaction, region)
    today = day_in_amsterdam(transaction.now)
    return Offers(transaction).all(today, region=region, domain=domain, function=function, provider=provider)


def read_offer(transaction: Transaction, caller: Caller, offer_id: UUID) -> Offer:
    """An offer with everything that was ever stated of it."""
    _let_in(identify(transaction, caller))
    return _found(transaction, offer_id)


def begin_offer(transaction: Transaction, caller: Caller, offer: Offer, once: IdempotencyKey) -> Outcome[Offer]:
    """Put an offer on the overview.

    Raises NotAllowed unless the provider itself asks, or the team of the region that the offer serves.
    """
    actor = identify(transaction, caller)
    acting = _acting(actor, offer)

    def begin() -> Offer:
        faults = []
        if People(transaction).kinds({offer.provider_id}).get(offer.provider_id) != "provider":
            faults.append(Fault("unknown_organisation", ("providerId",), {"kinds": kinds_in_words(["provider"])}))
        if offer.region is not None and offer.region not in {it.code for it in Reference(transaction).regions()}:
            faults.append(Fault("unknown_region", ("region",)))
        insist(faults)
        Offers(transaction).begin(offer, actor.person_id, acting)
        return offer

    return act_once(transaction, once, actor.person_id, act=begin, again=lambda _: _found(transaction, offer.id))


def state_of_offer(
    transaction: Transaction, caller: Caller, offer_id: UUID, said: Said, once: IdempotencyKey
) -> Outcome[Offer]:
    """Add what holds on a day; what was stated before stays. A repeated request is answered with what stands now."""
    actor = identify(transaction, caller)
    _let_in(actor)
    offer = _found(transaction, offer_id, lock=True)
    acting = _acting(actor, offer)

    def state() -> Offer:
        today = day_in_amsterdam(transaction.now)
        if offer.last_day is not None and offer.last_day < today:
            raise OfferEnded(offer.last_day)
        insist([Fault("day_in_future", ("statedOn",))] if said.stated_on > today else [])
        number = len(offer.statements) + 1
        recorded = Statement(
            **asdict(said), number=number, recorded_at=transaction.now, organisation_id=acting.organisation_id
        )
        Offers(transaction).state(offer, recorded, actor.person_id, acting)
        return replace(offer, statements=(*offer.statements, recorded))

    return act_once(transaction, once, actor.person_id, act=state, again=lambda _: offer)


def end_offer(
    transaction: Transaction, caller: Caller, offer_id: UUID, last_day: date, once: IdempotencyKey
) -> Outcome[Offer]:
    """Name the last day of an offer, once."""
    actor = identify(transaction, caller)
    _let_in(actor)
    offer = _found(transaction, offer_id, lock=True)
    acting = _acting(actor, offer)

    def end() -> Offer:
        if offer.last_day is not None:
            raise OfferEnded(offer.last_day)
        insist([Fault("ends_before_it_begins", ("lastDay",))] if last_day < offer.valid_from else [])
        Offers(transaction).end(offer, last_day, actor.person_id, acting)
        return replace(offer, last_day=last_day)

    return act_once(transaction, once, actor.person_id, act=end, again=lambda _: offer)


def stale_after(transaction: Transaction, rules: Rulebook, region: str | None) -> int:
    """How many days a statement can be relied on in a region; None: an offer for all, looked at from none."""
    settings = rules.settings.default if region is None else settings_in_force(transaction, rules, region)
    return settings.offer_stale_days


def _let_in(actor: Actor) -> None:
    if not any(held.role in READERS for held in actor.memberships):
        raise NotAllowed


def _found(transaction: Transaction, offer_id: UUID, *, lock: bool = False) -> Offer:
    offer = Offers(transaction).find(offer_id, lock=lock)
    if offer is None:
        raise NotFound
    return offer


def _acting(actor: Actor, offer: Offer) -> Membership:
    """The membership in which this person may speak for the offer: the provider's own first."""
    own = (it for it in actor.memberships if it.role == Role.PROVIDER and it.organisation_id == offer.provider_id)
    team = (it for it in actor.memberships if it.role in ON_BEHALF and offer.region in it.regions)
    acting = next(own, None) or next(team, None)
    if acting is None:
        raise NotAllowed
    return acting
