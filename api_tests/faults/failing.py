"""The service with faults from outside: it dies or stops at a named point, or its clock is wrong.

The service has no code for this. `live` is one life of a process.
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

from api_tests.faults.sabotaged import SABOTAGES, replace_attributes
from api_tests.faults.tracing import record
from service import app
from service.cases.store.cases import Cases
from service.database.keyring import Keyring
from service.logs import configure_logging
from service.settings import Settings

BETWEEN_KEYS_AND_DATA = "between keys and data"
# The points at which a process may die, and the exit code for each.
POINTS = {
    "after the head moved": 71,
    "before COMMIT": 72,
    "after COMMIT": 73,
    BETWEEN_KEYS_AND_DATA: 74,
    "before the answer": 75,
    "after the answer": 76,
}
DIED_AT = {code: point for point, code in POINTS.items()}
CREATED = 201


@dataclass(frozen=True)
class Faults:
    """The faults of one life. `skew`: the clock is ahead by a random number of seconds in this range at each look."""

    point: str | None = None
    passes: int = 1  # the fault occurs at every so many passes of the point
    freezes: bool = False  # stops there instead of dying, until SIGCONT
    skew: tuple[float, float] = (0, 0)
    sabotage: str | None = None
    record: str | None = None  # the file next to its log with all writes, syncs and sends


def live(settings: Mapping[str, Any], faults: Faults, log: str) -> None:
    """Serve until the process is ended."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the campaign, which ends its processes itself
    if faults.record:
        record(partial(_serve, settings, faults), Path(log).with_name(faults.record))
    else:
        _serve(settings, faults)


def _serve(settings: Mapping[str, Any], faults: Faults) -> None:
    configure_logging("ERROR")
    point = _Point(faults)
    point.install()
    if faults.sabotage:
        SABOTAGES[faults.sabotage]()
    built = app.build_service(Settings.model_validate(settings), _clock(*faults.skew))
    application = _watched(built.application, point)
    uvicorn.run(application, host=settings["host"], port=settings["port"], access_log=False, log_config=None)


def _clock(low: float, high: float) -> Any:
    chance = Random()
    return lambda: datetime.now(UTC) + timedelta(seconds=chance.uniform(low, high))


class _Point:
    """The point at which this life ends."""

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

    def install(self) -> None:
        """Patch commit, keys and statements, so that the process can die or freeze there. State is kept per thread."""
        state = threading.local()
        record, create = Cases.record, Keyring.create_keys
        commit: Any = DefaultDialect.do_commit
        rollback: Any = DefaultDialect.do_rollback

        def recorded(self: Cases, *args: Any) -> None:
            state.moved = True
            record(self, *args)

        def created(self: Keyring, *args: Any) -> None:
            state.keys = True
            create(self, *args)

        def committed(dialect: DefaultDialect, connection: Any) -> None:
            moved, keys = vars(state).pop("moved", False), vars(state).pop("keys", False)
            if moved:
                self.passed("before COMMIT")
            commit(dialect, connection)
            if moved:
                self.passed("after COMMIT")
            elif keys:
                self.passed(BETWEEN_KEYS_AND_DATA)

        def rolled_back(dialect: DefaultDialect, connection: Any) -> None:
            vars(state).clear()
            rollback(dialect, connection)

        def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith("INSERT INTO transitions"):
                self.passed("after the head moved")

        replace_attributes(Cases, record=recorded)
        replace_attributes(Keyring, create_keys=created)
        replace_attributes(DefaultDialect, do_commit=committed, do_rollback=rolled_back)
        event.listen(Engine, "after_cursor_execute", executed)


def _watched(application: ASGIApp, point: _Point) -> ASGIApp:
    """The application with the points before and after its answers to new entries."""

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        has_created = False

        async def send_with_points(message: Message) -> None:
            nonlocal has_created
            if message["type"] == "http.response.start":
                has_created = message["status"] == CREATED and "/cases" in scope["path"]
            if has_created and message["type"] == "http.response.start":
                point.passed("before the answer")
            await send(message)
            if has_created and message["type"] == "http.response.body":
                # The event loop writes at the end of its round: one round later the answer has left.
                asyncio.get_running_loop().call_later(0.001, point.passed, "after the answer")

        await application(scope, receive, send_with_points if scope["type"] == "http" else send)

    return watched


def main() -> None:
    """Run one life as a new process: `python -m api_tests.faults.failing SETTINGS FAULTS LOG`, the first two JSON."""
    settings, faults, log = sys.argv[1:]
    live(json.loads(settings), Faults(**json.loads(faults)), log)


if __name__ == "__main__":
    main()
