"""/v1/events: the feed of an organisation, to be pulled; the same CloudEvents as webhooks are told."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from service.database.transaction import Transaction
from service.events.rules import Event, to_event
from service.events.use_cases.feed import pull_events
from service.http.house import TheHouse
from service.http.json_models import View
from service.http.openapi import may_refuse
from service.http.parameters import QueryKeys, TheCaller
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller

router = StrictRouter("events")
LAST_POSITION = 2**31 - 1


class EventsQuery(QueryKeys):
    """From which position on, of which organisation; needed when you act for several that hear of cases."""

    after: Annotated[int, Field(ge=0, le=LAST_POSITION)] = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    organisation: UUID | None = None


class Events(View):
    """A piece of a feed. The positions of items and withheld together follow each other without a gap."""

    items: list[Event]
    withheld: list[int] = Field(description="Positions of what your organisation heard and your roles do not show.")
    last: int = Field(description="Ask for what comes after this.")


@router.get("/events", responses=may_refuse(403, 404))
async def list_events(house: TheHouse, caller: TheCaller, wanted: Annotated[EventsQuery, Query()]) -> Events:
    """What your organisation hears of its cases, in order; a position is given once and none is left out."""
    return await house.database.read(
        lambda transaction: view_events(transaction, caller, wanted, source=house.event_source, address=house.address)
    )


def view_events(transaction: Transaction, caller: Caller, wanted: EventsQuery, *, source: str, address: str) -> Events:
    """What this caller's organisation hears, from a position on."""
    found = pull_events(transaction, caller, wanted.organisation, after=wanted.after, limit=wanted.limit)
    items = [to_event(it, source=source, address=address) for it in found.news]
    last = max((wanted.after, *found.withheld, *(it.position for it in found.news)))
    return Events(items=items, withheld=list(found.withheld), last=last)
