"""/v1/offers: what help there is, as stated and when. No price."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from service.database.idempotency import Outcome
from service.database.transaction import Transaction
from service.http.context import House, OnceOnly, TheCaller, TheHouse, read_body
from service.http.json_models import Labelled, Named, OptionalDay, Utc, View
from service.http.openapi import may_refuse, takes
from service.http.request_faults import CheckedRoute
from service.http.responses import answer, answer_once
from service.offers.api.offer_bodies import DOMAIN, OFFER, OFFER_ENDING, OFFER_STATEMENT, OffersQuery
from service.offers.rules.offer import Chosen, Offer, Statement
from service.offers.use_cases.offers import begin_offer, end_offer, list_offers, read_offer, stale_after, state_of_offer
from service.people.store.people import People
from service.vocabulary.calendar import day_in_amsterdam
from service.workflows.rules.rulebook import Rulebook

router = APIRouter(tags=["offer"], route_class=CheckedRoute)


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


class OffersOfDomain(View):
    """The offers of one domain: living apart from treatment."""

    domain: Labelled
    items: list[OfferView]


class Offers(View):
    """What has not ended, by domain in the order of the code list."""

    domains: list[OffersOfDomain]


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


@router.get("/offers", response_model=Offers, responses=may_refuse(400, 401, 403), name="list_offers")
async def get_offers(house: TheHouse, caller: TheCaller, wanted: Annotated[OffersQuery, Query()]) -> Response:
    """What help there is now or from a day to come, by domain; for everybody who looks for help with a family."""

    def work(transaction: Transaction) -> Response:
        found = list_offers(
            transaction,
            caller,
            region=wanted.region,
            domain=wanted.domain,
            function=wanted.function,
            provider=wanted.provider,
        )
        drawing = _Drawing.of(transaction, house.rules, found, region=wanted.region)
        domains = [
            OffersOfDomain(domain=Labelled.listed(domain, "advice_domain"), items=[drawing.offer(it) for it in some])
            for domain, some in groupby(
                sorted(found, key=lambda it: list(DOMAIN.codes).index(it.domain.code)), key=lambda it: it.domain.code
            )
        ]
        return answer(Offers(domains=domains))

    return await house.database.read(work)


@router.get("/offers/{offer_id}", response_model=OfferWithStatements, responses=may_refuse(400, 401, 403, 404))
async def get_offer(offer_id: UUID, house: TheHouse, caller: TheCaller) -> Response:
    """An offer, with everything that was stated of it and when."""

    def work(transaction: Transaction) -> Response:
        found = read_offer(transaction, caller, offer_id)
        return answer(_Drawing.of(transaction, house.rules, (found,)).whole(found), version=_version(found))

    return await house.database.read(work)


@router.post(
    "/offers", status_code=201, response_model=OfferView, openapi_extra=takes("offer"),
    responses=may_refuse(400, 401, 403, 409, 413, 415),
)  # fmt: skip
async def add_offer(request: Request, house: TheHouse, caller: TheCaller, once: OnceOnly) -> Response:
    """Put a function of a provider on the overview: by the provider, or on its behalf by the region's team."""
    body = await read_body(request, OFFER)
    offer = body.to_offer(house.database.keyring.id_for("offer", caller.issuer, caller.subject, once.key))
    return await house.database.write(
        lambda transaction: _made(transaction, house, begin_offer(transaction, caller, offer, once))
    )


@router.post(
    "/offers/{offer_id}/statements", status_code=201, response_model=OfferView,
    openapi_extra=takes("offer_statement"), responses=may_refuse(400, 401, 403, 404, 409, 413, 415),
)  # fmt: skip
async def add_offer_statement(
    request: Request, offer_id: UUID, house: TheHouse, caller: TheCaller, once: OnceOnly
) -> Response:
    """State places and waiting time as they are on a day; what was stated before stays."""
    body = await read_body(request, OFFER_STATEMENT)
    return await house.database.write(
        lambda transaction: _made(
            transaction, house, state_of_offer(transaction, caller, offer_id, body.to_said(), once)
        )
    )


@router.post(
    "/offers/{offer_id}/ending", status_code=201, response_model=OfferView, name="end_offer",
    openapi_extra=takes("offer_ending"), responses=may_refuse(400, 401, 403, 404, 409, 413, 415),
)  # fmt: skip
async def post_ending(request: Request, offer_id: UUID, house: TheHouse, caller: TheCaller, once: OnceOnly) -> Response:
    """Name the last day of an offer; it leaves the overview after that day and stays readable."""
    body = await read_body(request, OFFER_ENDING)
    return await house.database.write(
        lambda transaction: _made(transaction, house, end_offer(transaction, caller, offer_id, body.last_day, once))
    )


def _made(transaction: Transaction, house: House, made: Outcome[Offer]) -> Response:
    offer = made.value
    view = _Drawing.of(transaction, house.rules, (offer,)).offer(offer)
    where = f"/offers/{offer.id}"
    return answer_once(made, view, version=_version(offer), location=where)


def _version(offer: Offer) -> int:
    """Grows with everything that is added to an offer."""
    return 1 + len(offer.statements) + (offer.last_day is not None)


def _chosen(it: Chosen, list_: str) -> ChosenView:
    return ChosenView(**dict(Labelled.listed(it.code, list_)), text=it.text)
