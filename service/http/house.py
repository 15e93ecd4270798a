"""The context of the application: the objects that the composition root makes once and every route may use."""

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
    """The objects that routes share. `signer` exists in demonstration mode only.

    `person_rate_limiter` limits the requests of each person.

    `validate_receiver` asks the receiver of a webhook for its permission, and returns how many events a minute it
    accepts at most, None for any number; it raises TargetRefused.
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
    context: House = request.app.state.house
    return context


async def _app_context(request: Request) -> House:
    return house_of(request)


TheHouse = Annotated[House, Depends(_app_context)]
