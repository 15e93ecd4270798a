"""The house: everything that the composition root put together for the routes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from service.database.worker_threads import Database
from service.http.rate_limit import Meter
from service.http.readiness import Readiness
from service.identity.tokens import Signer, Tokens
from service.workflows.rules.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class House:
    """What the composition root put together. `signer` is there in demonstration mode alone.

    `asked` meters what each person asks.

    `agreed` asks a receiver of events whether it wants them, and how many a minute at most; raises TargetRefused.
    """

    database: Database
    readiness: Readiness
    asked: Meter
    rules: Rulebook
    tokens: Tokens
    signer: Signer | None
    address: str
    event_source: str
    agreed: Callable[[str], Awaitable[int | None]]


def house_of(request: Request) -> House:
    built: House = request.app.state.house
    return built


async def _house(request: Request) -> House:
    return house_of(request)


TheHouse = Annotated[House, Depends(_house)]
