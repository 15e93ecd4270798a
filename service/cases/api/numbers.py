"""Steps on a case that is named by its number: each person may try a few, and each failure is counted and logged."""

from collections.abc import Callable
from typing import TypeVar

import structlog

from service import metrics
from service.database.transaction import Transaction
from service.http.app_context import AppContext
from service.identity.caller import Caller
from service.vocabulary.refusals import Invalid, NotFound, TooManyRequests

log = structlog.get_logger("casusroute")
T = TypeVar("T")


async def write_by_number(context: AppContext, caller: Caller, work: Callable[[Transaction], T]) -> T:
    """Run the work, which looks a case up by its number. The log line names neither the number nor the person.

    Raises TooManyRequests when this person tried too many numbers.
    """
    if seconds := context.number_rate_limiter.admit((caller.issuer, caller.subject)):
        metrics.count_case_number("turned_away")
        raise TooManyRequests(seconds)
    try:
        return await context.database.write(work)
    except (NotFound, Invalid):
        metrics.count_case_number("missed")
        log.warning("case_number_missed", trace_id=caller.trace_id)
        raise
