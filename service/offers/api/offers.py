"""/v1/offers: offers of help with dated statements on places and waiting time, without prices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response

from service.database.idempotency import IdempotentResult
from service.database.transaction import Transaction
from service.http.app_context import AppContextDependency
from service.http.json_models import Labelled, Named, OptionalDay, UtcDateTime, View
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency, IdempotencyKeyHeader
from service.http.responses import answer_idempotently, set_version_tag
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.offers.api.offer_bodies import DOMAIN, OfferBody, OfferEndingBody, OffersQuery, OfferStatementBody
from service.offers.rules.offer import CodedChoice, Offer, RecordedStatement
from service.offers.use_cases.offers import (
    begin_offer,
    end_offer,
    list_offers,
    read_offer,
    record_statement,
    stale_after_days,
)
from service.people.store.people import People
from service.vocabulary.calendar import day_in_amsterdam
from service.workflows.rules.rulebook import Rulebook

router = StrictRouter("offer")
OfferId = Annotated[UUID, Path(alias="offerId")]


class ChosenView(Labelled):
    """A code with its label and the free text of its author. `text`: null without one."""

    text: str | None


class StatementView(View):
    """Places and waiting time on `statedOn`; null is not known. `stale`: older than the region's settings allow."""

    number: int
    stated_on: date
    recorded_at: UtcDateTime
    by: Named
    places_free: int | None
    waiting_days: int | None
    note: str | None
    stale: bool


class OfferView(View):
    """An offer of a provider. `region`: null for every region. `statement`: the one about the latest day, or null."""

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
    """An offer with all its statements, in the order of recording."""

    statements: list[StatementView]

    @property
    def version(self) -> int:
        return _version(self.statements, self.valid_until)


class OffersOfDomain(View):
    """Offers of one domain. Living and treatment are separate domains."""

    domain: Labelled
    items: list[OfferView]


class Offers(View):
    """Offers that have not ended, by domain in the order of the code list."""

    domains: list[OffersOfDomain]


# The view of an offer that was changed, and its version.
_OfferResult = tuple[IdempotentResult[OfferView], int]


@dataclass(frozen=True, slots=True)
class _OfferPresenter:
    """Turns offers into views. `region`: the region of the reader's query. `stale_after_days`: days by region."""

    today: date
    region: str | None
    stale_after: dict[str | None, int]
    names: dict[UUID, str]

    @classmethod
    def of(
        cls, transaction: Transaction, rules: Rulebook, offers: Sequence[Offer], *, region: str | None = None
    ) -> "_OfferPresenter":
        ids = {offer.provider_id for offer in offers}
        ids |= {statement.organisation_id for offer in offers for statement in offer.statements}
        regions = {offer.region or region for offer in offers}
        days = {of_region: stale_after_days(transaction, rules, of_region) for of_region in regions}
        return cls(day_in_amsterdam(transaction.now), region, days, People(transaction).names(ids))

    def offer(self, offer: Offer) -> OfferView:
        return OfferView(
            id=offer.id,
            provider=Named(id=offer.provider_id, name=self.names[offer.provider_id]),
            domain=_choice_view(offer.domain, "advice_domain"),
            function=_choice_view(offer.function, "help_function"),
            expertise=offer.expertise,
            region=offer.region,
            valid_from=offer.valid_from,
            valid_until=offer.last_day,
            statement=self.statement(offer, offer.newest_statement) if offer.newest_statement else None,
        )

    def with_statements(self, offer: Offer) -> OfferWithStatements:
        statements = [self.statement(offer, statement) for statement in offer.statements]
        return OfferWithStatements(**dict(self.offer(offer)), statements=statements)

    def statement(self, offer: Offer, statement: RecordedStatement) -> StatementView:
        days = self.stale_after[offer.region or self.region]
        return StatementView(
            number=statement.number,
            stated_on=statement.stated_on,
            recorded_at=statement.recorded_at,
            by=Named(id=statement.organisation_id, name=self.names[statement.organisation_id]),
            places_free=statement.places_free,
            waiting_days=statement.waiting_days,
            note=statement.note,
            stale=statement.is_stale(self.today, after_days=days),
        )


@router.get("/offers", responses=refusal_responses(403), name="list_offers")
async def get_offers(
    context: AppContextDependency, caller: CallerDependency, query: Annotated[OffersQuery, Query()]
) -> Offers:
    """List current and future offers by domain, for everybody who looks for help with a family."""
    return await context.database.read(lambda transaction: view_offers(transaction, caller, query, rules=context.rules))


def view_offers(transaction: Transaction, caller: Caller, query: OffersQuery, *, rules: Rulebook) -> Offers:
    """The offers that match the query, by domain. Raises NotAllowed and Invalid."""
    offers = list_offers(
        transaction,
        caller,
        region=query.region,
        domain=query.domain,
        function=query.function,
        provider=query.provider,
    )
    presenter = _OfferPresenter.of(transaction, rules, offers, region=query.region)
    sorted_offers = sorted(offers, key=lambda offer: list(DOMAIN.codes).index(offer.domain.code))
    domains = [
        OffersOfDomain(
            domain=Labelled.from_code_list(domain, "advice_domain"),
            items=[presenter.offer(offer) for offer in offers_of_domain],
        )
        for domain, offers_of_domain in groupby(sorted_offers, key=lambda offer: offer.domain.code)
    ]
    return Offers(domains=domains)


@router.get("/offers/{offerId}", responses=refusal_responses(403))
async def get_offer(
    offer_id: OfferId, context: AppContextDependency, caller: CallerDependency, response: Response
) -> OfferWithStatements:
    """Get an offer with all its statements."""
    view = await context.database.read(
        lambda transaction: view_offer(transaction, caller, offer_id, rules=context.rules)
    )
    set_version_tag(response, view.version)
    return view


def view_offer(transaction: Transaction, caller: Caller, offer_id: UUID, *, rules: Rulebook) -> OfferWithStatements:
    """An offer with all its statements. Raises NotFound."""
    offer = read_offer(transaction, caller, offer_id)
    return _OfferPresenter.of(transaction, rules, (offer,)).with_statements(offer)


@router.post("/offers", status_code=201, responses=refusal_responses(403))
async def add_offer(
    body: OfferBody,
    context: AppContextDependency,
    caller: CallerDependency,
    idempotency_key: IdempotencyKeyHeader,
    response: Response,
) -> OfferView:
    """Add an offer to the overview, as the provider or on its behalf as the region's team."""
    offer = body.to_offer(
        context.database.keyring.derive_id("offer", caller.issuer, caller.subject, idempotency_key.key)
    )
    result = await context.database.write(
        lambda transaction: _present(
            transaction, begin_offer(transaction, caller, offer, idempotency_key), rules=context.rules
        )
    )
    return _answer_result(response, result)


@router.post("/offers/{offerId}/statements", status_code=201, responses=refusal_responses(403))
async def add_offer_statement(
    offer_id: OfferId,
    body: OfferStatementBody,
    context: AppContextDependency,
    caller: CallerDependency,
    idempotency_key: IdempotencyKeyHeader,
    response: Response,
) -> OfferView:
    """Add a statement on places and waiting time on a day. Earlier statements stay."""

    def work(transaction: Transaction) -> _OfferResult:
        outcome = record_statement(transaction, caller, offer_id, body.to_statement(), idempotency_key)
        return _present(transaction, outcome, rules=context.rules)

    return _answer_result(response, await context.database.write(work))


@router.post("/offers/{offerId}/ending", status_code=201, responses=refusal_responses(403), name="end_offer")
async def post_ending(
    offer_id: OfferId,
    body: OfferEndingBody,
    context: AppContextDependency,
    caller: CallerDependency,
    idempotency_key: IdempotencyKeyHeader,
    response: Response,
) -> OfferView:
    """Set the last day of an offer. It leaves the overview after that day and stays readable."""

    def work(transaction: Transaction) -> _OfferResult:
        outcome = end_offer(transaction, caller, offer_id, body.last_day, idempotency_key)
        return _present(transaction, outcome, rules=context.rules)

    return _answer_result(response, await context.database.write(work))


def _present(transaction: Transaction, outcome: IdempotentResult[Offer], *, rules: Rulebook) -> _OfferResult:
    offer = outcome.value
    view = _OfferPresenter.of(transaction, rules, (offer,)).offer(offer)
    return IdempotentResult(view, outcome.repeated), _version(offer.statements, offer.last_day)


def _answer_result(response: Response, result: _OfferResult) -> OfferView:
    outcome, version = result
    return answer_idempotently(response, outcome, version=version, location=f"/offers/{outcome.value.id}")


def _version(statements: Sequence[object], last_day: date | None) -> int:
    """Returns the version of an offer: it grows with each statement and with the ending."""
    return 1 + len(statements) + (last_day is not None)


def _choice_view(choice: CodedChoice, code_list: str) -> ChosenView:
    return ChosenView(**dict(Labelled.from_code_list(choice.code, code_list)), text=choice.text)
