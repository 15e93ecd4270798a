"""No event is sent to an address that is not public: neither at the creation of a webhook nor at a delivery."""

import asyncio
import socket
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.people import People
from api_tests.support.receivers import run_receiver
from api_tests.support.sabotages import broken_by
from service.events.relay.webhook_client import WebhookClient
from service.events.rules import FeedEntry, to_event
from service.events.use_cases.delivery import WebhookAnswer

pytestmark = pytest.mark.server

REFUSED = {
    "https://127.0.0.1/": "webhook_not_public",
    "https://localhost/": "webhook_not_public",
    "https://10.1.2.3/events": "webhook_not_public",
    "https://172.16.0.1/": "webhook_not_public",
    "https://192.168.1.1:8443/": "webhook_not_public",
    "https://100.64.0.1/": "webhook_not_public",
    "https://169.254.169.254/latest/meta-data": "webhook_not_public",
    "https://0.0.0.0/": "webhook_not_public",
    "https://192.0.0.8/": "webhook_not_public",
    "https://224.0.0.1/": "webhook_not_public",
    "https://240.0.0.1/": "webhook_not_public",
    "https://2130706433/": "webhook_not_public",
    "https://[::1]/": "webhook_not_public",
    "https://[fd00::1]/": "webhook_not_public",
    "https://[fe80::1]/": "webhook_not_public",
    "https://[fec0::1]/": "webhook_not_public",
    "https://[3fff::1]/": "webhook_not_public",
    "https://[::ffff:10.0.0.1]/": "webhook_not_public",
    "https://[64:ff9b::a00:1]/": "webhook_not_public",
    "https://[2002:a00:1::]/": "webhook_not_public",
    "http://93.184.215.14/": "webhook_not_https",
    "https://no-such-host.invalid/": "webhook_not_found",
    "https://93.184.215.14:99999/": "webhook_malformed",
}


@broken_by(
    "A webhook cannot target a site-local address of IPv6",
    "service/events/relay/webhook_targets.py",
    "if address not in _GLOBAL_UNICAST:",
    "if False:",
    case="sqlite-https://[fec0::1]/-webhook_not_public",
)
@pytest.mark.parametrize(("url", "code"), REFUSED.items())
def test_a_webhook_at_an_address_that_is_not_public_is_refused(people: People, url: str, code: str) -> None:
    body = {"organisationId": str(ORGANISATION_IDS["ret"]), "url": url}

    answer = people.roos.post("/subscriptions", body)

    assert answer.status_code == 400, answer.text
    assert [(error["location"], error["code"]) for error in answer.json()["errors"]] == [("/url", code)]


def deliver(url: str, **options: Any) -> WebhookAnswer:
    now = datetime.now(UTC)
    news = FeedEntry(
        position=1, case_id=uuid4(), part_id=uuid4(), part_kind="case", part_sequence=1, trigger="submit",
        state="submitted", phase="referral", occurred_at=now, recorded_at=now,
    )  # fmt: skip
    event = to_event(news, source="urn:nld:oin:00000000000000000000:systeem:casusroute", address="https://c.example")
    webhook_client = WebhookClient(address="https://c.example", **options)

    async def send() -> WebhookAnswer:
        async with webhook_client.open():
            return await webhook_client.send(url, event, [b"s" * 32], now=now)

    return asyncio.run(send())


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """The network's edge: a name server that gives the next address at every question. Returns the names asked for."""
    remaining, names = list(addresses), list[str]()

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        names.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (remaining.pop(0), port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names


@broken_by(
    "Every delivery checks the address of its webhook again and refuses a private one",
    "service/events/relay/webhook_targets.py",
    'if allowed == "public" and not all(map(is_public, addresses)):',
    "if False:",
)
def test_an_address_that_was_public_when_the_webhook_was_made_is_checked_again_at_every_delivery(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with run_receiver() as receiver:
        port = receiver.url.split(":")[2]
        resolve_to(monkeypatch, "127.0.0.1")

        answer = deliver(f"https://receiver.example:{port}", targets="public")

    assert answer.error == "webhook_not_public"
    assert receiver.requests == []


@broken_by(
    "A delivery connects to the address that was checked",
    "service/events/relay/webhook_targets.py",
    "return Target(f\"{parts.scheme}://{netloc}{parts.path or '/'}\", host, parts.netloc)",
    "return Target(url, host, parts.netloc)",
)
def test_the_connection_goes_to_the_very_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is looked up twice can be answered with two addresses."""
    with run_receiver() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        names = resolve_to(monkeypatch, "127.0.0.1", "203.0.113.1")

        answer = deliver(f"http://receiver.example:{port}/events", targets="any")

    assert (answer.status, names) == (204, ["receiver.example"])
    assert receiver.requests[0].headers["host"] == f"receiver.example:{port}"


def test_a_redirect_is_not_followed_and_no_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with run_receiver() as other_receiver, run_receiver() as receiver:
        monkeypatch.setenv("HTTP_PROXY", other_receiver.url)
        receiver.answers = lambda _: (307, {"Location": other_receiver.url})

        answer = deliver(receiver.url, targets="any")

    assert answer.status == 307
    assert (len(receiver.posted), other_receiver.requests) == (1, [])


def test_a_receiver_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.events.relay.webhook_client.TIMEOUT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = deliver(f"http://127.0.0.1:{silent.getsockname()[1]}/", targets="any")

    assert (answer.status, answer.error) == (None, "timeout")


def test_only_the_status_of_an_answer_is_read() -> None:
    with run_receiver() as receiver:
        receiver.answers = lambda _: (200, {"Content-Length": "1000000000000"})

        answer = deliver(receiver.url, targets="any")

    assert (answer.status, answer.error) == (200, None)
