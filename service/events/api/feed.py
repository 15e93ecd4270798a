"""/v1/events: the event feed of an organisation, with the same CloudEvents that webhooks receive."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from service.database.transaction import Transaction
from service.events.rules import Event, to_event
from service.events.use_cases.feed import pull_events
from service.http.app_context import AppContextDependency
from service.http.json_models import View
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency, QueryKeys
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller

router = StrictRouter("events")
LAST_POSITION = 2**31 - 1


class EventsQuery(QueryKeys):
    """Position to read after, and the organisation. Required when you act for several organisations with a feed."""

    after: Annotated[int, Field(ge=0, le=LAST_POSITION)] = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    organisation: UUID | None = None


class Events(View):
    """A page of a feed. The positions of `items` and `withheld` together have no gap."""

    items: list[Event]
    withheld: list[int] = Field(description="Positions of events of your organisation that your roles may not see.")
    last: int = Field(description="Last position of this page; pass it as `after` for the next page.")


@router.get("/events", responses=refusal_responses(403, 404))
async def list_events(
    context: AppContextDependency, caller: CallerDependency, query: Annotated[EventsQuery, Query()]
) -> Events:
    """List the events of your organisation's cases in order. Positions are unique and have no gaps."""
    return await context.database.read(
        lambda transaction: view_events(
            transaction, caller, query, source=context.event_source, address=context.base_url
        )
    )


def view_events(transaction: Transaction, caller: Caller, query: EventsQuery, *, source: str, address: str) -> Events:
    """A page of the feed of the caller's organisation. `source`: URN of this service; `address`: its public URL."""
    page = pull_events(transaction, caller, query.organisation, after=query.after, limit=query.limit)
    items = [to_event(entry, source=source, address=address) for entry in page.entries]
    last = max((query.after, *page.hidden_positions, *(entry.position for entry in page.entries)))
    return Events(items=items, withheld=list(page.hidden_positions), last=last)
