"""A relay that dies at named points: `python -m api_tests.support.dying_relay`.

One process follows another. The clock of each is an hour ahead of the previous one, so that claims of the previous one
have expired. A process exits the second time that it reaches its point, without cleaning up. The exit codes are printed
as JSON; then two processes work side by side until this one receives SIGTERM.
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
from service.events.relay.webhook_client import WebhookClient
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
        result = await work(*args, **kwargs)
        if next(times) == 2:
            os._exit(DIED)
        return result

    return wrapped


POINTS: dict[str, tuple[type, str, Callable[..., Any]]] = {
    "between the publication of two entries": (Feeds, "publish", _dying_before),
    "in the publication of an entry, before it is marked": (Feeds, "_mark_published", _dying_before),
    "after claiming, before sending": (WebhookClient, "send", _dying_before),
    "after sending, before marking": (WebhookClient, "send", _dying_after),
    "after marking": (Relay, "_record_answer", _dying_after),
}


def _fork(point: str | None, hours: int) -> int:
    """Fork a process that works until it dies at this point or is killed, and return its id."""
    if pid := os.fork():
        return pid
    relay.PUBLISH_BATCH = 1
    if point:
        owner, name, dying = POINTS[point]
        setattr(owner, name, dying(getattr(owner, name)))
    asyncio.run(build_relay(Settings(), Clock(timedelta(hours=hours))).run_as_process())
    os._exit(0)


def main() -> None:
    exit_codes = {}
    for hours, point in enumerate(POINTS, start=1):
        _, status = os.waitpid(_fork(point, hours), 0)
        exit_codes[point] = os.waitstatus_to_exitcode(status)
    print(json.dumps(exit_codes), flush=True)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    pids = [_fork(None, len(POINTS) + 1) for _ in range(2)]
    signal.sigwait({signal.SIGTERM})
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
