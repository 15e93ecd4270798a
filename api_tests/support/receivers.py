"""A system of a third party that receives events: an HTTP server of its own, and its subscription as a webhook."""

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
from api_tests.support.servers import Clock, RunningService
from service.database.transaction import Transaction
from service.events.store.subscriptions import Subscription, WebhookSubscriptions
from service.events.store.tables import deliveries
from service.events.store.tables import feed as feed_table

Event = dict[str, Any]
PATIENCE_SECONDS = 30  # seconds, for an event that should arrive within one


@dataclass(frozen=True)
class ReceivedRequest:
    """One request that the receiver got."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> Event:
        event: Event = json.loads(self.body)
        return event

    def is_signed_with(self, secret: str) -> bool:
        """True when one signature in the header follows Standard Webhooks: HMAC-SHA256 over id, time and body."""
        payload = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        expected = "v1," + base64.b64encode(hmac.new(key, payload, hashlib.sha256).digest()).decode()
        return expected in self.headers["webhook-signature"].split(" ")


Answer = tuple[int, dict[str, str]]


@dataclass
class Receiver:
    """Stores the requests it gets. `answers` decides the answer per event, `agrees` the answer to a request to send."""

    answers: Callable[[Event], Answer] = lambda _: (204, {})
    agrees: Answer = (200, {"WebHook-Allowed-Origin": "*"})
    requests: list[ReceivedRequest] = field(default_factory=list)
    changed: Condition = field(default_factory=Condition)
    url: str = ""

    def handle(self, request: ReceivedRequest) -> Answer:
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
        return self.agrees if request.method == "OPTIONS" else self.answers(request.event)

    @property
    def posted(self) -> list[ReceivedRequest]:
        with self.changed:
            return [request for request in self.requests if request.method == "POST"]

    def sequences_of(self, case_id: str) -> list[int]:
        """The part sequences of the main part of this case in the events received, in order of arrival."""
        return [
            request.event["data"]["partSequence"]
            for request in self.posted
            if request.event["data"]["partId"] == case_id
        ]

    def wait_until(self, holds: Callable[["Receiver"], bool], *, while_passes: Clock | None = None) -> None:
        """Wait for the condition. `while_passes`: a clock that moves on meanwhile, so that deliveries are retried."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self.changed:
            while not self.changed.wait_for(lambda: holds(self), 0.1 if while_passes else PATIENCE_SECONDS):
                assert time.monotonic() < deadline, [
                    (request.event["id"], request.event["type"]) for request in self.posted
                ]
                if while_passes:
                    while_passes.let_pass(hours=7)


@contextmanager
def run_receiver(**options: Any) -> Iterator[Receiver]:
    receiver = Receiver(**options)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, response_headers = receiver.handle(ReceivedRequest(self.command, self.path, headers, body))
            self.send_response(status)
            for name, value in {"Content-Length": "0", **response_headers}.items():
                self.send_header(name, value)
            self.end_headers()

        do_OPTIONS = do_POST  # noqa: N815 - the name that http.server calls

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
    """A subscription, as its administrator maintains it."""

    people: People
    subscription: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/subscriptions/{self.subscription['id']}"

    @property
    def secret(self) -> str:
        return str(self.subscription["secret"])

    def view(self) -> dict[str, Any]:
        view: dict[str, Any] = self.people.roos.get(self.path).json()
        return view

    def change(self, change: str, reason: str = "routine") -> dict[str, Any]:
        body, version = {"change": change, "reason": reason}, self.view()["version"]
        answer = self.people.roos.post(f"{self.path}/changes", body, version=version)
        assert answer.status_code == 201, answer.text
        result: dict[str, Any] = answer.json()
        return result

    def dead_letters(self) -> list[dict[str, Any]]:
        letters: list[dict[str, Any]] = self.people.roos.get(f"{self.path}/dead-letters").json()["items"]
        return letters


@contextmanager
def webhook(people: People, receiver: Receiver, organisation: str = "team-haarlem", **more: Any) -> Iterator[Webhook]:
    """A webhook of this organisation, retired at the end of the block."""
    body = {"organisationId": str(ORGANISATION_IDS[organisation]), "url": receiver.url, **more}
    answer = people.roos.post("/subscriptions", body)
    assert answer.status_code == 201, answer.text
    hook = Webhook(people, answer.json())
    try:
        yield hook
    finally:
        if hook.view()["state"] != "retired":
            hook.change("retire", "no_longer_used")


def dead_letter(service: RunningService, case_id: str) -> dict[str, Any]:
    """Write a webhook with one dead letter of this case into the database of a service without a relay."""

    def work(transaction: Transaction) -> dict[str, Any]:
        transaction.allow_all_rows("test")
        subscription_id, team, roos = uuid4(), ORGANISATION_IDS["ret"], PERSON_IDS["roos"]
        WebhookSubscriptions(transaction).add(
            Subscription(
                id=subscription_id, organisation_id=team, url="https://gone.example/", types=None, per_minute=None,
                state="active", reason=None, version=1, secrets=(b"s" * 32,), made_by=roos, made_at=transaction.now,
                changed_by=roos, changed_at=transaction.now,
            )
        )  # fmt: skip
        conditions = (feed_table.c.organisation_id == str(team), feed_table.c.case_id == case_id)
        position = transaction.connection.execute(select(feed_table.c.position).where(*conditions)).scalar()
        if position is None:
            last = transaction.connection.execute(select(func.max(feed_table.c.position)).where(conditions[0])).scalar()
            position = (last or 0) + 1
            row = {"organisation_id": str(team), "position": position, "prev_position": last, "case_id": case_id}
            transaction.connection.execute(insert(feed_table), {**row, "sequence": 1})
        row = {
            "subscription_id": str(subscription_id),
            "position": position,
            "case_id": case_id,
            "attempts": 12,
            "next_at": 0,
        }
        transaction.connection.execute(insert(deliveries), {**row, "state": "dead", "status": 500})
        return {"subscriptionId": str(subscription_id), "position": str(position)}

    return service.built.database.write_sync(work)


def feed(people: People, by: str, **query: Any) -> list[Event]:
    """All events in the feed of this person's organisation, page by page."""
    events: list[Event] = []
    position = query.pop("after", 0)
    while True:
        answer = people[by].get("/events", params={"after": position, **query})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        if page["last"] == position:
            return events
        events += page["items"]
        position = page["last"]
