"""ProviderOffers with their statements and endings. Rows are added and never changed."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, insert, or_, select

from service.database.transaction import Transaction
from service.offers.rules.offer import CodedChoice, Offer, RecordedStatement
from service.offers.store.tables import offer_endings, offer_statements, offers
from service.vocabulary.actor import Membership
from service.vocabulary.calendar import from_microseconds, to_microseconds

_OFFERS = select(offers, offer_endings.c.last_day).outerjoin(offer_endings, offer_endings.c.offer_id == offers.c.id)
_newest_first = func.row_number().over(
    partition_by=offer_statements.c.offer_id,
    order_by=(offer_statements.c.stated_on.desc(), offer_statements.c.number.desc()),
)


class ProviderOffers:
    """ProviderOffers of providers. Use cases check that the reader may see them."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._now = transaction.now

    def list_current(
        self, today: date, *, region: str | None, domain: str | None, function: str | None, provider: UUID | None
    ) -> tuple[Offer, ...]:
        """Returns the offers that have not ended, each with its newest statement.

        `region` keeps offers that serve it, also those that serve every region.
        """
        columns = offers.c
        conditions: list[ColumnElement[bool]] = [
            or_(offer_endings.c.last_day.is_(None), offer_endings.c.last_day >= today.isoformat())
        ]
        conditions += [] if region is None else [or_(columns.region == region, columns.region.is_(None))]
        provider_id = provider and str(provider)
        equal = ((columns.domain, domain), (columns.function, function), (columns.provider_id, provider_id))
        conditions += [column == value for column, value in equal if value is not None]
        order = (columns.domain, columns.function, columns.recorded_at, columns.id)
        rows = self._connection.execute(_OFFERS.where(*conditions).order_by(*order))
        found_offers = {row.id: _offer(row) for row in rows}
        of_found_offers = offer_statements.c.offer_id.in_(_OFFERS.where(*conditions).with_only_columns(columns.id))
        ranked_statements = select(offer_statements, _newest_first.label("rank")).where(of_found_offers).subquery()
        for row in self._connection.execute(select(ranked_statements).where(ranked_statements.c.rank == 1)):
            found_offers[row.offer_id] = replace(found_offers[row.offer_id], statements=(_statement(row),))
        return tuple(found_offers.values())

    def find(self, offer_id: UUID, *, lock: bool = False) -> Offer | None:
        """Returns an offer with all its statements. `lock`: until the end of the transaction."""
        query = _OFFERS.where(offers.c.id == str(offer_id))
        row = self._connection.execute(query.with_for_update(of=offers) if lock else query).first()
        if row is None:
            return None
        columns = offer_statements.c
        statements = select(offer_statements).where(columns.offer_id == str(offer_id)).order_by(columns.number)
        return replace(_offer(row), statements=tuple(map(_statement, self._connection.execute(statements))))

    def add(self, offer: Offer, actor_id: UUID, acting: Membership) -> None:
        row = {
            "id": str(offer.id),
            "provider_id": str(offer.provider_id),
            "domain": offer.domain.code,
            "domain_text": offer.domain.text,
            "function": offer.function.code,
            "function_text": offer.function.text,
            "expertise": offer.expertise,
            "region": offer.region,
            "valid_from": offer.valid_from.isoformat(),
        }
        self._connection.execute(insert(offers), row | self._recorded(actor_id, acting))

    def add_statement(self, offer: Offer, statement: RecordedStatement, actor_id: UUID, acting: Membership) -> None:
        row = {
            "offer_id": str(offer.id),
            "number": statement.number,
            "stated_on": statement.stated_on.isoformat(),
            "places_free": statement.places_free,
            "waiting_days": statement.waiting_days,
            "note": statement.note,
        }
        self._connection.execute(insert(offer_statements), row | self._recorded(actor_id, acting))

    def add_ending(self, offer: Offer, last_day: date, actor_id: UUID, acting: Membership) -> None:
        row = {"offer_id": str(offer.id), "last_day": last_day.isoformat()}
        self._connection.execute(insert(offer_endings), row | self._recorded(actor_id, acting))

    def _recorded(self, actor_id: UUID, acting: Membership) -> dict[str, Any]:
        return {
            "recorded_at": to_microseconds(self._now),
            "actor_id": str(actor_id),
            "organisation_id": str(acting.organisation_id),
        }


def _offer(row: Row[Any]) -> Offer:
    return Offer(
        id=UUID(row.id),
        provider_id=UUID(row.provider_id),
        domain=CodedChoice(code=row.domain, text=row.domain_text),
        function=CodedChoice(code=row.function, text=row.function_text),
        expertise=row.expertise,
        region=row.region,
        valid_from=date.fromisoformat(row.valid_from),
        last_day=row.last_day and date.fromisoformat(row.last_day),
    )


def _statement(row: Row[Any]) -> RecordedStatement:
    return RecordedStatement(
        number=row.number,
        stated_on=date.fromisoformat(row.stated_on),
        recorded_at=from_microseconds(row.recorded_at),
        organisation_id=UUID(row.organisation_id),
        places_free=row.places_free,
        waiting_days=row.waiting_days,
        note=row.note,
    )
