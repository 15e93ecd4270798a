"""/v1/events: the feed of an organisation, to be pulled; the same CloudEvents as webhooks are told."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from service.events.rules import Event, to_event
from service.events.use_cases.feed import pull_events
from service.http.context import TheCaller, TheHouse
from service.http.json_models import View
from service.http.openapi import may_refuse
from service.http.request_faults import CheckedRoute
from service.http.responses import answer

router = APIRouter(tags=["events"], route_class=CheckedRoute)
LAST_POSITION = 2**31 - 1


class EventsQuery(BaseModel):
    """From which position on, of which organisation; needed when you act for several that hear of cases."""

    model_config = ConfigDict(extra="forbid")

    after: Annotated[int, Field(ge=0, le=LAST_POSITION)] = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    organisation: UUID | None = None


class Events(View):
    """A piece of a feed. The positions of items and withheld together follow each other without a gap."""

    items: list[Event]
    withheld: list[int] = Field(description="Positions of what your organisation heard and your roles do not show.")
    last: int = Field(description="Ask for what comes after this.")


@router.get("/events", response_model=Events, responses=may_refuse(400, 401, 403, 404))
async def list_events(house: TheHouse, caller: TheCaller, wanted: Annotated[EventsQuery, Query()]) -> Response:
    """What your organisation hears of its cases, in order; a position is given once and none is left out."""
    found = await house.database.read(
        lambda transaction: pull_events(
            transaction, caller, wanted.organisation, after=wanted.after, limit=wanted.limit
        )
    )
    items = [to_event(it, source=house.event_source, address=house.address) for it in found.news]
    last = max((wanted.after, *found.withheld, *(it.position for it in found.news)))
    return answer(Events(items=items, withheld=list(found.withheld), last=last))
