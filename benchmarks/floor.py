"""The floor: a server that reads and writes the same rows with the bare driver, one commit per request, no checks.

It has no token, access check, form, encryption, chain or trigger; only network, driver and disk remain. It works on a
copy of the service's database without triggers and foreign keys. A request of the service left rows in that database;
the floor writes copies of them under other numbers.
"""

import asyncio
import base64
import json
import os
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import uvicorn
from sqlalchemy import Table, make_url
from starlette.types import Receive, Scope, Send

from service.audit.store.tables import access_log
from service.cases.store.tables import contents, outbox, transitions
from service.database.tables import requests
from service.events.store.tables import deliveries, feed

READERS = 4
CONNECTIONS = 8
Row = dict[str, Any]
_EVENT = b"POST /events HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 850\r\n\r\n" + b'{"data":"' + b"x" * 839 + b'"}'
_HEAD_OF_PART = ("sequence", "state", "phase", "occurred_at", "party", "party_id", "assignee_id", "due_on")


class Driver:
    """A database driver: statements with named parameters, one connection per thread, one writer thread on SQLite."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self._local = threading.local()
        self.writers = ThreadPoolExecutor(1 if self.sqlite else CONNECTIONS)
        self.readers = ThreadPoolExecutor(READERS) if self.sqlite else self.writers

    def connection(self) -> Any:
        if not hasattr(self._local, "connection"):
            self._local.connection = self._connect()
        return self._local.connection

    def _connect(self) -> Any:
        if not self.sqlite:
            return psycopg.connect(self.url.set(drivername="postgresql").render_as_string(), autocommit=True)
        connection = sqlite3.connect(Path(self.url.database or ""), isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def begin(self) -> None:
        self.connection().execute("BEGIN IMMEDIATE" if self.sqlite else "BEGIN")

    def run(self, statement: str, values: Row) -> Any:
        return self.connection().execute(statement, values)

    def rows(self, statement: str, values: Row) -> list[Row]:
        cursor = self.run(statement, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def placeholder(self, name: str) -> str:
        return f":{name}" if self.sqlite else f"%({name})s"

    def insert(self, table: Table, without: str = "") -> str:
        names = [column.name for column in table.columns if column.name != without]
        return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join(map(self.placeholder, names))})"

    def update(self, table: str, names: tuple[str, ...]) -> str:
        assignments = ", ".join(f"{name} = {self.placeholder(name)}" for name in names)
        return f"UPDATE {table} SET {assignments} WHERE id = {self.placeholder('id')}"


class Floor:
    """The ASGI application of the floor. Each request is one function, run on a thread of the driver."""

    def __init__(self, driver: Driver, team_id: str) -> None:
        self._driver = driver
        self._team_id = team_id
        at = driver.placeholder
        self._page = (
            "SELECT p.*, c.number, c.region, c.submitted_at, m.state AS case_state, m.workflow AS case_workflow"
            " FROM parts p JOIN cases c ON c.id = p.case_id JOIN parts m ON m.id = p.case_id"
            f" WHERE p.team_id = {at('team_id')} AND p.phase <> 'ended' ORDER BY p.due_on, p.id LIMIT 51"
        )
        self._names = f"SELECT id, name FROM organisations WHERE id = {at('id')}"
        self._entries = f"SELECT * FROM transitions WHERE case_id = {at('id')} ORDER BY sequence"
        self._contents = f"SELECT * FROM contents WHERE case_id = {at('id')} ORDER BY sequence"
        self._log_a_reading = driver.insert(access_log, without="id")
        self._case = f"SELECT p.*, c.* FROM parts p JOIN cases c ON c.id = p.case_id WHERE p.case_id = {at('id')}"
        self._news = "SELECT id, case_id, sequence FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT 100"
        self._publish = (
            driver.insert(feed),
            driver.insert(deliveries),
            f"UPDATE outbox SET published_at = 1 WHERE id = {at('id')}",
        )
        self._delivered = (
            f"UPDATE deliveries SET state = 'delivered', attempts = 1, status = 204 WHERE position = {at('position')}"
            f" AND subscription_id = {at('subscription_id')}"
        )
        self._position = 1_000_000
        self._moved = 0
        self._writes = [
            (driver.insert(transitions), self._newest("transitions")),
            (driver.insert(contents), self._newest("contents")),
            (driver.insert(outbox, without="id"), self._newest("outbox")),
            (driver.update("parts", _HEAD_OF_PART), self._newest("parts")),
            (driver.update("cases", ("sequence", "digest", "recorded_at", "region")), self._newest("cases")),
        ]
        self._request = (driver.insert(requests), self._newest("requests"))
        self._reading = self._newest("access_log")
        self._heads = {
            row["id"]: (row["sequence"], row["part_sequence"])
            for row in driver.rows(
                "SELECT c.id, c.sequence, p.sequence AS part_sequence FROM cases c JOIN parts p ON p.id = c.id", {}
            )
        }

    def _newest(self, table: str) -> Row:
        """Returns the row that the request of the service left, a template with the same columns and size."""
        case = "SELECT case_id FROM requests WHERE sequence > 1 ORDER BY at DESC LIMIT 1"
        key, order = ("id", "id") if table in ("cases", "parts") else ("case_id", "sequence")
        order = "id" if table == "access_log" else order
        query = f"SELECT * FROM {table} WHERE {key} = ({case}) ORDER BY {order} DESC LIMIT 1"
        return next(iter(self._driver.rows(query, {})), {})

    def write(self, case_id: str, *, once: bool = True) -> tuple[bytes, int]:
        sequence, part_sequence = (number + 1 for number in self._heads[case_id])
        new_values: Row = {
            "id": case_id,
            "case_id": case_id,
            "part_id": case_id,
            "sequence": sequence,
            "prev_sequence": sequence - 1,
            "part_sequence": part_sequence,
            "prev_part_sequence": part_sequence - 1,
            "digest": os.urandom(32).hex(),
            "key": str(uuid4()),
        }
        self._driver.begin()
        for statement, row in (*self._writes, self._request)[: None if once else -1]:
            self._driver.run(statement, row | new_values)
        self._driver.run("COMMIT", {})
        self._heads[case_id] = (sequence, part_sequence)
        return _json(self._writes[0][1] | new_values), part_sequence

    def move(self, count: int) -> bytes:
        """Write the rows of a step in `count` cases, one after another."""
        for case_id in list(self._heads)[self._moved : self._moved + count]:
            self.write(case_id, once=False)
        self._moved += count
        return b"{}"

    def tell(self, port: int) -> bytes:
        """Put waiting events into two feeds, one commit per hundred; POST each event and commit its delivery."""
        subscription = str(uuid4())
        while waiting := self._driver.rows(self._news, {}):
            positions = range(self._position, self._position + len(waiting))
            self._position = positions.stop
            self._driver.begin()
            for position, row in zip(positions, waiting, strict=True):
                values = row | {"position": position, "prev_position": position - 1, "subscription_id": subscription}
                values |= {"state": "waiting", "attempts": 0, "next_at": 0, "status": None, "error": None}
                for organisation in (self._team_id, subscription):
                    self._driver.run(self._publish[0], values | {"organisation_id": organisation})
                self._driver.run(self._publish[1], values)
                self._driver.run(self._publish[2], row)
            self._driver.run("COMMIT", {})
            for position in positions:
                _post(port)
                self._driver.run(self._delivered, {"position": position, "subscription_id": subscription})
        return b"{}"

    def case(self, case_id: str) -> bytes:
        results = [self._driver.rows(query, {"id": case_id}) for query in (self._case, self._entries)]
        return _json([*results, self._driver.rows(self._names, {"id": self._team_id})])

    def file(self, case_id: str) -> bytes:
        self._driver.begin()
        entries = self._driver.rows(self._entries, {"id": case_id})
        contents = self._driver.rows(self._contents, {"id": case_id})
        self._driver.run(self._log_a_reading, self._reading | {"case_id": case_id})
        self._driver.run("COMMIT", {})
        return _json([entries, contents])

    def page(self) -> bytes:
        rows = self._driver.rows(self._page, {"team_id": self._team_id})
        return _json([rows, self._driver.rows(self._names, {"id": self._team_id})])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        _, operation, *arguments = scope["path"].split("/")
        await receive()
        version, body = 0, b""
        match operation:
            case "write":
                body, version = await _run_on(self._driver.writers, lambda: self.write(arguments[0]))
            case "file":
                body = await _run_on(self._driver.writers, lambda: self.file(arguments[0]))
            case "move":
                body = await _run_on(self._driver.writers, lambda: self.move(int(arguments[0])))
            case "tell":
                body = await _run_on(self._driver.writers, lambda: self.tell(int(arguments[0])))
            case "case":
                body = await _run_on(self._driver.readers, lambda: self.case(arguments[0]))
            case _:
                body = await _run_on(self._driver.readers, self.page)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        headers += [(b"etag", f'"{version}"'.encode())] if version else []
        await send({"type": "http.response.start", "status": 201 if version else 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def _run_on(pool: ThreadPoolExecutor, work: Callable[[], Any]) -> Any:
    return await asyncio.get_running_loop().run_in_executor(pool, work)


def _post(port: int) -> None:
    """POST an event of the size of the service's events, over a new connection, as the service does."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(_EVENT)
        assert connection.recv(1000).startswith(b"HTTP/1.0 204")


def _json(value: Any) -> bytes:
    return json.dumps(value, default=lambda blob: base64.b64encode(blob).decode()).encode()


if __name__ == "__main__":
    uvicorn.run(
        Floor(Driver(sys.argv[1]), sys.argv[2]), port=int(sys.argv[3]), access_log=False, lifespan="off",
        log_level="warning", loop="uvloop", http="httptools",
    )  # fmt: skip
