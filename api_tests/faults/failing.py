"""The service as it runs, made to fail from outside: it dies or stops at a named point, or its clock is wrong.

Nothing in the service knows of this. `live` is one life of a process.
"""

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import uvicorn
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api_tests.faults.sabotaged import SABOTAGES, put
from api_tests.faults.tracing import record
from service import app
from service.cases.store.cases import Cases
from service.database.keyring import Keyring
from service.logs import configure
from service.settings import Settings

# Where a process may die, and the exit code by which its parent knows that it died there.
POINTS = {
    "after the head moved": 71,
    "before COMMIT": 72,
    "after COMMIT": 73,
    "between keys and data": 74,
    "before the answer": 75,
    "after the answer": 76,
}
DIED_AT = {code: point for point, code in POINTS.items()}
CREATED = 201


@dataclass(frozen=True)
class Faults:
    """What is wrong with one life. `skew`: the clock is ahead by anything between these seconds at every look."""

    point: str | None = None
    passes: int = 1  # it happens when the point is passed for this time
    freezes: bool = False  # stops there instead of dying, until it is told to go on
    skew: tuple[float, float] = (0, 0)
    sabotage: str | None = None
    record: str | None = None  # the file beside its log that tells all it wrote, synced and sent


def live(settings: Mapping[str, Any], faults: Faults, log: str) -> None:
    """Serve until somebody ends it."""
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(said, 1)
    os.dup2(said, 2)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the campaign, which ends its processes itself
    if faults.record:
        record(partial(_serve, settings, faults), Path(log).with_name(faults.record))
    else:
        _serve(settings, faults)


def _serve(settings: Mapping[str, Any], faults: Faults) -> None:
    configure("ERROR")
    point = _Point(faults)
    point.lie_in_wait()
    if faults.sabotage:
        SABOTAGES[faults.sabotage]()
    built = app.build(Settings.model_validate(settings), _clock(*faults.skew))
    application = _watched(built.application, point)
    uvicorn.run(application, host=settings["host"], port=settings["port"], access_log=False, log_config=None)


def _clock(low: float, high: float) -> Any:
    chance = Random()
    return lambda: datetime.now(UTC) + timedelta(seconds=chance.uniform(low, high))


class _Point:
    """Where this life ends."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._passed = 0

    def passed(self, point: str) -> None:
        if point != self._faults.point:
            return
        self._passed += 1
        if self._passed % self._faults.passes == 0:
            if not self._faults.freezes:
                os._exit(POINTS[point])
            os.kill(os.getpid(), signal.SIGSTOP)

    def lie_in_wait(self) -> None:
        """At the points inside a transaction. A transaction lives in one thread, and so does what is known of it."""
        known = threading.local()
        record, create = Cases.record, Keyring.create
        commit: Any = DefaultDialect.do_commit
        rollback: Any = DefaultDialect.do_rollback

        def recorded(self: Cases, *args: Any) -> None:
            known.moved = True
            record(self, *args)

        def created(self: Keyring, *args: Any) -> None:
            known.keys = True
            create(self, *args)

        def committed(dialect: DefaultDialect, connection: Any) -> None:
            moved, keys = vars(known).pop("moved", False), vars(known).pop("keys", False)
            if moved:
                self.passed("before COMMIT")
            commit(dialect, connection)
            if moved:
                self.passed("after COMMIT")
            elif keys:
                self.passed("between keys and data")

        def rolled_back(dialect: DefaultDialect, connection: Any) -> None:
            vars(known).clear()
            rollback(dialect, connection)

        def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith("INSERT INTO transitions"):
                self.passed("after the head moved")

        put(Cases, record=recorded)
        put(Keyring, create=created)
        put(DefaultDialect, do_commit=committed, do_rollback=rolled_back)
        event.listen(Engine, "after_cursor_execute", executed)


def _watched(application: ASGIApp, point: _Point) -> ASGIApp:
    """The application, with the points around its answers to what was made."""

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        made = False

        async def sent(message: Message) -> None:
            nonlocal made
            if message["type"] == "http.response.start":
                made = message["status"] == CREATED and "/cases" in scope["path"]
            if made and message["type"] == "http.response.start":
                point.passed("before the answer")
            await send(message)
            if made and message["type"] == "http.response.body":
                # The loop writes at the end of its round: one round later the answer has left.
                asyncio.get_running_loop().call_later(0.001, point.passed, "after the answer")

        await application(scope, receive, sent if scope["type"] == "http" else send)

    return watched


def main() -> None:
    """One life, started from nothing: `python -m api_tests.faults.failing SETTINGS FAULTS LOG`, two of them as JSON."""
    settings, faults, log = sys.argv[1:]
    live(json.loads(settings), Faults(**json.loads(faults)), log)


if __name__ == "__main__":
    main()
