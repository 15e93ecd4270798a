"""The relay, dying where it is told: `python -m api_tests.support.dying_relay`.

One process after another, each an hour ahead of the one before, so that what that one had claimed has run out. A
process dies the second time that it gets to its point, without a chance to clean up. How each ended is told as JSON;
then two more work side by side until this one is told to stop.
"""

import asyncio
import itertools
import json
import os
import signal
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from api_tests.support.servers import Clock
from service.app import build_relay
from service.events.relay import relay
from service.events.relay.relay import Relay
from service.events.relay.webhook_client import Outside
from service.events.store.feeds import Feeds
from service.settings import Settings

DIED = 77


def _dying_before(work: Callable[..., Any]) -> Callable[..., Any]:
    times = itertools.count(1)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if next(times) == 2:
            os._exit(DIED)
        return work(*args, **kwargs)

    return wrapped


def _dying_after(work: Callable[..., Any]) -> Callable[..., Any]:
    times = itertools.count(1)

    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        done = await work(*args, **kwargs)
        if next(times) == 2:
            os._exit(DIED)
        return done

    return wrapped


POINTS: dict[str, tuple[type, str, Callable[..., Any]]] = {
    "between the publication of two entries": (Feeds, "publish", _dying_before),
    "in the publication of an entry, before it is marked": (Feeds, "_mark", _dying_before),
    "after claiming, before sending": (Outside, "tell", _dying_before),
    "after sending, before marking": (Outside, "tell", _dying_after),
    "after marking": (Relay, "_settle", _dying_after),
}


def _born(point: str | None, hours: int) -> int:
    """A process that works until it dies at this point, or is told to stop."""
    if born := os.fork():
        return born
    relay.AT_ONCE = 1
    if point:
        owner, name, dying = POINTS[point]
        setattr(owner, name, dying(getattr(owner, name)))
    asyncio.run(build_relay(Settings(), Clock(timedelta(hours=hours))).by_itself())
    os._exit(0)


def main() -> None:
    ended = {}
    for hours, point in enumerate(POINTS, start=1):
        _, status = os.waitpid(_born(point, hours), 0)
        ended[point] = os.waitstatus_to_exitcode(status)
    print(json.dumps(ended), flush=True)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    both = [_born(None, len(POINTS) + 1) for _ in range(2)]
    signal.sigwait({signal.SIGTERM})
    for born in both:
        os.kill(born, signal.SIGKILL)
        os.waitpid(born, 0)


if __name__ == "__main__":
    main()
