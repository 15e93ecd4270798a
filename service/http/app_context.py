"""The context of the application: the objects that the composition root makes once and every route may use."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from service.database.transaction import Transaction
from service.database.worker_threads import Database
from service.http.rate_limit import RateLimiter
from service.http.readiness import Readiness
from service.identity.caller import Caller
from service.identity.tokens import DemonstrationSigner, TokenValidator
from service.workflows.rules.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class AppContext:
    """The objects that routes share. `signer` exists in demonstration mode only.

    `number_rate_limiter` limits how many case numbers each person tries.

    `validate_receiver` asks the receiver of a webhook for its permission, and returns how many events a minute it
    accepts at most, None for any number; it raises TargetRefused.

    `after_steps`: (kind of part, trigger) -> what follows that step in its transaction, with case id and part id.
    """

    database: Database
    readiness: Readiness
    number_rate_limiter: RateLimiter
    rules: Rulebook
    tokens: TokenValidator
    signer: DemonstrationSigner | None
    base_url: str
    event_source: str
    validate_receiver: Callable[[str], Awaitable[int | None]]
    after_steps: Mapping[tuple[str, str], Callable[[Transaction, Caller, UUID, UUID], None]]


def app_context_of(request: Request) -> AppContext:
    context: AppContext = request.app.state.context
    return context


async def _app_context(request: Request) -> AppContext:
    return app_context_of(request)


AppContextDependency = Annotated[AppContext, Depends(_app_context)]
