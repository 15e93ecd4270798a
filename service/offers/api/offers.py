"""/v1/offers: what help there is, as stated and when. No price."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response

from service.database.idempotency import Outcome
from service.database.transaction import Transaction
from service.http.house import TheHouse
from service.http.json_models import Labelled, Named, OptionalDay, Utc, View
from service.http.openapi import may_refuse
from service.http.parameters import OnceOnly, TheCaller
from service.http.responses import answer_once, show_version
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.offers.api.offer_bodies import DOMAIN, OfferBody, OfferEndingBody, OffersQuery, OfferStatementBody
from service.offers.rules.offer import Chosen, Offer, Statement
from service.offers.use_cases.offers import begin_offer, end_offer, list_offers, read_offer, stale_after, state_of_offer
from service.people.store.people import People
from service.vocabulary.calendar import day_in_amsterdam
from service.workflows.rules.rulebook import Rulebook

router = StrictRouter("offer")
OfferId = Annotated[UUID, Path(alias="offerId")]


class ChosenView(Labelled):
    """A code with its label, and the words of who chose it."""

    text: str | None


class StatementView(View):
    """What was so on `statedOn`; null is not known. `stale`: longer ago than the region relies on."""

    number: int
    stated_on: date
    recorded_at: Utc
    by: Named
    places_free: int | None
    waiting_days: int | None
    note: str | None
    stale: bool


class OfferView(View):
    """What a provider can do. `region`: null serves every region. `statement`: about the latest day, null if none."""

    id: UUID
    provider: Named
    domain: ChosenView
    function: ChosenView
    expertise: str
    region: str | None
    valid_from: date
    valid_until: OptionalDay
    statement: StatementView | None


class OfferWithStatements(OfferView):
    """An offer with everything that was ever stated of it, in the order in which it was."""

    statements: list[StatementView]

    @property
    def version(self) -> int:
        return _version(self.statements, self.valid_until)


class OffersOfDomain(View):
    """The offers of one domain: living apart from treatment."""

    domain: Labelled
    items: list[OfferView]


class Offers(View):
    """What has not ended, by domain in the order of the code list."""

    domains: list[OffersOfDomain]


# What was made of an offer, and its version.
_Made = tuple[Outcome[OfferView], int]


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What turning offers into views needs; `region`: from which they are looked at."""

    today: date
    region: str | None
    stale_after: dict[str | None, int]
    names: dict[UUID, str]

    @classmethod
    def of(
        cls, transaction: Transaction, rules: Rulebook, offers: Sequence[Offer], *, region: str | None = None
    ) -> "_Drawing":
        ids = {id_ for it in offers for id_ in (it.provider_id, *(said.organisation_id for said in it.statements))}
        regions = {it.region or region for it in offers}
        days = {it: stale_after(transaction, rules, it) for it in regions}
        return cls(day_in_amsterdam(transaction.now), region, days, People(transaction).names(ids))

    def offer(self, it: Offer) -> OfferView:
        return OfferView(
            id=it.id,
            provider=Named(id=it.provider_id, name=self.names[it.provider_id]),
            domain=_chosen(it.domain, "advice_domain"),
            function=_chosen(it.function, "help_function"),
            expertise=it.expertise,
            region=it.region,
            valid_from=it.valid_from,
            valid_until=it.last_day,
            statement=self.statement(it, it.newest) if it.newest else None,
        )

    def whole(self, it: Offer) -> OfferWithStatements:
        told = [self.statement(it, said) for said in it.statements]
        return OfferWithStatements(**dict(self.offer(it)), statements=told)

    def statement(self, offer: Offer, it: Statement) -> StatementView:
        days = self.stale_after[offer.region or self.region]
        return StatementView(
            number=it.number,
            stated_on=it.stated_on,
            recorded_at=it.recorded_at,
            by=Named(id=it.organisation_id, name=self.names[it.organisation_id]),
            places_free=it.places_free,
            waiting_days=it.waiting_days,
            note=it.note,
            stale=it.is_stale(self.today, after_days=days),
        )


@router.get("/offers", responses=may_refuse(403), name="list_offers")
async def get_offers(house: TheHouse, caller: TheCaller, wanted: Annotated[OffersQuery, Query()]) -> Offers:
    """What help there is now or from a day to come, by domain; for everybody who looks for help with a family."""
    return await house.database.read(lambda transaction: view_offers(transaction, caller, wanted, rules=house.rules))


def view_offers(transaction: Transaction, caller: Caller, wanted: OffersQuery, *, rules: Rulebook) -> Offers:
    """The overview, narrowed down to what is wanted."""
    found = list_offers(
        transaction,
        caller,
        region=wanted.region,
        domain=wanted.domain,
        function=wanted.function,
        provider=wanted.provider,
    )
    drawing = _Drawing.of(transaction, rules, found, region=wanted.region)
    ordered = sorted(found, key=lambda it: list(DOMAIN.codes).index(it.domain.code))
    domains = [
        OffersOfDomain(domain=Labelled.listed(domain, "advice_domain"), items=[drawing.offer(it) for it in some])
        for domain, some in groupby(ordered, key=lambda it: it.domain.code)
    ]
    return Offers(domains=domains)


@router.get("/offers/{offerId}", responses=may_refuse(403))
async def get_offer(offer_id: OfferId, house: TheHouse, caller: TheCaller, response: Response) -> OfferWithStatements:
    """An offer, with everything that was stated of it and when."""
    view = await house.database.read(lambda transaction: view_offer(transaction, caller, offer_id, rules=house.rules))
    show_version(response, view.version)
    return view


def view_offer(transaction: Transaction, caller: Caller, offer_id: UUID, *, rules: Rulebook) -> OfferWithStatements:
    """An offer with its statements. Raises NotFound."""
    found = read_offer(transaction, caller, offer_id)
    return _Drawing.of(transaction, rules, (found,)).whole(found)


@router.post("/offers", status_code=201, responses=may_refuse(403))
async def add_offer(
    body: OfferBody, house: TheHouse, caller: TheCaller, once: OnceOnly, response: Response
) -> OfferView:
    """Put a function of a provider on the overview: by the provider, or on its behalf by the region's team."""
    offer = body.to_offer(house.database.keyring.id_for("offer", caller.issuer, caller.subject, once.key))
    made = await house.database.write(
        lambda transaction: _made(transaction, begin_offer(transaction, caller, offer, once), rules=house.rules)
    )
    return _answer(response, made)


@router.post("/offers/{offerId}/statements", status_code=201, responses=may_refuse(403))
async def add_offer_statement(
    offer_id: OfferId,
    body: OfferStatementBody,
    house: TheHouse,
    caller: TheCaller,
    once: OnceOnly,
    response: Response,
) -> OfferView:
    """State places and waiting time as they are on a day; what was stated before stays."""

    def work(transaction: Transaction) -> _Made:
        stated = state_of_offer(transaction, caller, offer_id, body.to_said(), once)
        return _made(transaction, stated, rules=house.rules)

    return _answer(response, await house.database.write(work))


@router.post("/offers/{offerId}/ending", status_code=201, responses=may_refuse(403), name="end_offer")
async def post_ending(
    offer_id: OfferId,
    body: OfferEndingBody,
    house: TheHouse,
    caller: TheCaller,
    once: OnceOnly,
    response: Response,
) -> OfferView:
    """Name the last day of an offer; it leaves the overview after that day and stays readable."""

    def work(transaction: Transaction) -> _Made:
        ended = end_offer(transaction, caller, offer_id, body.last_day, once)
        return _made(transaction, ended, rules=house.rules)

    return _answer(response, await house.database.write(work))


def _made(transaction: Transaction, made: Outcome[Offer], *, rules: Rulebook) -> _Made:
    offer = made.value
    view = _Drawing.of(transaction, rules, (offer,)).offer(offer)
    return Outcome(view, made.repeated), _version(offer.statements, offer.last_day)


def _answer(response: Response, made: _Made) -> OfferView:
    outcome, version = made
    return answer_once(response, outcome, version=version, location=f"/offers/{outcome.value.id}")


def _version(statements: Sequence[object], last_day: date | None) -> int:
    """Grows with everything that is added to an offer."""
    return 1 + len(statements) + (last_day is not None)


def _chosen(it: Chosen, list_: str) -> ChosenView:
    return ChosenView(**dict(Labelled.listed(it.code, list_)), text=it.text)
