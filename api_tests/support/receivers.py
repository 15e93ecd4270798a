"""Somebody else's system that is told of events: an HTTP server of its own, and whoever makes it a webhook."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any
from uuid import uuid4

from sqlalchemy import func, insert, select

from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.people import People
from api_tests.support.servers import Clock, Running
from service.database.transaction import Transaction
from service.events.store.subscriptions import Subscription, Subscriptions
from service.events.store.tables import deliveries
from service.events.store.tables import feed as feed_table

Event = dict[str, Any]
PATIENCE = 30  # seconds, for what should happen within one


@dataclass(frozen=True)
class Received:
    """One request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> Event:
        found: Event = json.loads(self.body)
        return found

    def is_signed_with(self, secret: str) -> bool:
        """As Standard Webhooks says: HMAC-SHA256 over id, time and body, one of those in the header."""
        told = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        expected = "v1," + base64.b64encode(hmac.new(key, told, hashlib.sha256).digest()).decode()
        return expected in self.headers["webhook-signature"].split(" ")


Answer = tuple[int, dict[str, str]]


@dataclass
class Receiver:
    """Keeps what it is sent. `answers` decides on each event; `agrees` is what it says when asked whether it may be."""

    answers: Callable[[Event], Answer] = lambda _: (204, {})
    agrees: Answer = (200, {"WebHook-Allowed-Origin": "*"})
    requests: list[Received] = field(default_factory=list)
    changed: Condition = field(default_factory=Condition)
    url: str = ""

    def keep(self, request: Received) -> Answer:
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
        return self.agrees if request.method == "OPTIONS" else self.answers(request.event)

    @property
    def told(self) -> list[Received]:
        with self.changed:
            return [request for request in self.requests if request.method == "POST"]

    def of(self, case_id: str) -> list[int]:
        """The transitions of the main part of this case that it was told of, as they came in."""
        return [it.event["data"]["partSequence"] for it in self.told if it.event["data"]["partId"] == case_id]

    def wait_until(self, holds: Callable[["Receiver"], bool], *, while_passes: Clock | None = None) -> None:
        """`while_passes`: time enough for another try passes on this clock, again and again."""
        deadline = time.monotonic() + PATIENCE
        with self.changed:
            while not self.changed.wait_for(lambda: holds(self), 0.1 if while_passes else PATIENCE):
                assert time.monotonic() < deadline, [(it.event["id"], it.event["type"]) for it in self.told]
                if while_passes:
                    while_passes.let_pass(hours=7)


@contextmanager
def receiving(**how: Any) -> Iterator[Receiver]:
    receiver = Receiver(**how)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): it for name, it in self.headers.items()}
            status, answered = receiver.keep(Received(self.command, self.path, headers, body))
            self.send_response(status)
            for name, value in {"Content-Length": "0", **answered}.items():
                self.send_header(name, value)
            self.end_headers()

        do_OPTIONS = do_POST  # noqa: N815 - as http.server calls it

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/events"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@dataclass(frozen=True)
class Webhook:
    """A subscription, as an administrator looks after it."""

    people: People
    made: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/subscriptions/{self.made['id']}"

    @property
    def secret(self) -> str:
        return str(self.made["secret"])

    def seen(self) -> dict[str, Any]:
        found: dict[str, Any] = self.people.roos.get(self.path).json()
        return found

    def change(self, change: str, reason: str = "routine") -> dict[str, Any]:
        body, version = {"change": change, "reason": reason}, self.seen()["version"]
        answer = self.people.roos.post(f"{self.path}/changes", body, version=version)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def dead(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.people.roos.get(f"{self.path}/dead-letters").json()["items"]
        return found


@contextmanager
def webhook(people: People, receiver: Receiver, organisation: str = "team-haarlem", **more: Any) -> Iterator[Webhook]:
    """A webhook of this organisation, until the block ends."""
    body = {"organisationId": str(ORGANISATION_IDS[organisation]), "url": receiver.url, **more}
    answer = people.roos.post("/subscriptions", body)
    assert answer.status_code == 201, answer.text
    made = Webhook(people, answer.json())
    try:
        yield made
    finally:
        if made.seen()["state"] != "retired":
            made.change("retire", "no_longer_used")


def dead_letter(service: Running, case_id: str) -> dict[str, Any]:
    """A webhook with one dead letter of this case, put into the database of a service that tells nobody."""

    def work(transaction: Transaction) -> dict[str, Any]:
        transaction.allow_all_rows("test")
        made, team, roos = uuid4(), ORGANISATION_IDS["ret"], PERSON_IDS["roos"]
        Subscriptions(transaction).add(
            Subscription(
                id=made, organisation_id=team, url="https://gone.example/", types=None, per_minute=None,
                state="active", reason=None, version=1, secrets=(b"s" * 32,), made_by=roos, made_at=transaction.now,
                changed_by=roos, changed_at=transaction.now,
            )
        )  # fmt: skip
        of = (feed_table.c.organisation_id == str(team), feed_table.c.case_id == case_id)
        position = transaction.connection.execute(select(feed_table.c.position).where(*of)).scalar()
        if position is None:
            last = transaction.connection.execute(select(func.max(feed_table.c.position)).where(of[0])).scalar()
            position = (last or 0) + 1
            row = {"organisation_id": str(team), "position": position, "prev_position": last, "case_id": case_id}
            transaction.connection.execute(insert(feed_table), {**row, "sequence": 1})
        row = {"subscription_id": str(made), "position": position, "case_id": case_id, "attempts": 12, "next_at": 0}
        transaction.connection.execute(insert(deliveries), {**row, "state": "dead", "status": 500})
        return {"subscriptionId": str(made), "position": str(position)}

    return service.built.database.write_now(work)


def feed(people: People, by: str, **query: Any) -> list[Event]:
    """Everything that this person's organisation heard, page by page."""
    found: list[Event] = []
    after = query.pop("after", 0)
    while True:
        answer = people[by].get("/events", params={"after": after, **query})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        if page["last"] == after:
            return found
        found += page["items"]
        after = page["last"]
