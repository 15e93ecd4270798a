"""The keys that issuers publish: fetched over a real socket from an issuer that answers well, badly, late or not."""

import asyncio
import base64
import json
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import pytest

from api_tests.support.issuer import Issuer as Publisher
from api_tests.support.issuer import key, new_issuer, public_keys, wait_until
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import WITHOUT_TLS
from service.identity import discovery as published
from service.identity.issuer import Issuer
from service.identity.trusted_issuer import TrustedIssuer
from service.vocabulary.refusals import IssuerUnreachable

pytestmark = pytest.mark.server

T = TypeVar("T")
GOOD, OTHER = key("good"), key("other")
DAY = 86_400


@pytest.fixture(scope="module")
def publisher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publisher]:
    with new_issuer(tmp_path_factory.mktemp("publisher")) as publisher:
        publisher.publish(GOOD)
        publisher.start()
        yield publisher


@dataclass
class Clock:
    """A clock that a test sets."""

    seconds: float = 0

    def __call__(self) -> float:
        return self.seconds


def trusted_issuer(publisher: Publisher, clock: Callable[[], float] = time.monotonic) -> Issuer:
    trusted = TrustedIssuer(name=publisher.name)
    return Issuer(trusted, partial(published.fetch_keys, trusted, WITHOUT_TLS), keep_seconds=DAY, clock=clock)


async def outcome_of(issuer: Issuer, kid: str) -> str:
    try:
        return "known" if await issuer.find_key(kid) else "unknown"
    except IssuerUnreachable:
        return "unreachable"


def run(story: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return asyncio.run(story())


@broken_by(
    "The service asks an issuer for an unknown key at most once a minute",
    "service/identity/issuer.py",
    "if self._clock() < self._no_refresh_before:",
    "if False:",
)
def test_an_unknown_key_is_asked_for_once_a_minute_at_most(publisher: Publisher) -> None:
    publisher.publish(GOOD)
    clock, requests_before = Clock(), publisher.request_count()
    issuer = trusted_issuer(publisher, clock)

    async def story() -> list[tuple[set[str], int]]:
        outcomes = []
        for seconds in (0, 1, 59, 61, 100, 122):
            clock.seconds = seconds
            answers = await asyncio.gather(*(outcome_of(issuer, f"made-up-{index}") for index in range(10)))
            outcomes.append((set(answers), publisher.request_count() - requests_before))
        return outcomes

    assert run(story) == [({"unknown"}, times) for times in (1, 1, 1, 2, 2, 3)]


@broken_by(
    "The service uses the keys of an unreachable issuer for at most one day",
    "service/identity/issuer.py",
    "return self._keys if self._clock() < self._keys_valid_until else {}",
    "return self._keys",
)
def test_the_keys_of_a_silent_issuer_go_on_for_a_day_and_no_longer(publisher: Publisher) -> None:
    clock = Clock()
    issuer = trusted_issuer(publisher, clock)

    async def story() -> list[str]:
        publisher.publish(GOOD)
        await issuer.refresh()
        publisher.serve({}, status=503)
        clock.seconds = DAY - 1
        await issuer.refresh()
        within_a_day = await outcome_of(issuer, "good")
        clock.seconds = DAY + 1
        after_a_day = await outcome_of(issuer, "good")
        publisher.publish(GOOD)
        clock.seconds += 60
        return [within_a_day, after_a_day, await outcome_of(issuer, "good")]

    assert run(story) == ["known", "unreachable", "known"]


def test_a_withdrawn_key_ends_with_the_next_fetch_and_tokens_verified_with_it_are_verified_again(
    publisher: Publisher,
) -> None:
    issuer = trusted_issuer(publisher)

    async def story() -> tuple[list[str], bool, bool]:
        publisher.publish(GOOD, OTHER)
        await issuer.refresh()
        edition = issuer.keys_version
        await issuer.refresh()
        unchanged = issuer.keys_version == edition
        publisher.publish(GOOD)
        await issuer.refresh()
        return [await outcome_of(issuer, kid) for kid in ("good", "other")], unchanged, issuer.keys_version == edition

    assert run(story) == (["known", "unknown"], True, False)


def test_tokens_with_known_keys_do_not_wait_for_an_issuer_that_hangs(publisher: Publisher) -> None:
    issuer = trusted_issuer(publisher)

    async def story() -> tuple[str, bool, list[str]]:
        publisher.publish(GOOD)
        await issuer.refresh()
        publisher.publish(GOOD, OTHER, held=True)
        waiting = [asyncio.create_task(outcome_of(issuer, "other")) for _ in range(5)]
        await asyncio.to_thread(wait_until, lambda: publisher.request_count() > requests_before)
        meanwhile, still_waiting = await outcome_of(issuer, "good"), not any(task.done() for task in waiting)
        publisher.publish(GOOD, OTHER)
        return meanwhile, still_waiting, await asyncio.gather(*waiting)

    requests_before = publisher.request_count() + 1
    assert run(story) == ("known", True, ["known"] * 5)
    assert publisher.request_count() == requests_before + 1


SOUND_KEYS = json.dumps({"keys": public_keys(OTHER)})
# Each answer holds sound keys, which would be known if they were accepted.
BAD_ANSWERS: dict[str, dict[str, Any]] = {
    "an error": {"status": 500},
    "nothing there": {"status": 404},
    "another place": {"status": 302, "headers": {"Location": "/elsewhere"}},
    "no JSON": {"text": "<html>"},
    "not text": {"text": "\udcff"},
    "a list": {"text": "[]"},
    "no list of keys": {"text": '{"keys": {}}'},
    "no keys": {"text": '{"keys": []}'},
    "nested without end": {"text": '{"keys": ' + "[" * 30_000},
    "keys twice": {"text": '{"keys": [], ' + SOUND_KEYS[1:]},
    "more than is read": {"text": SOUND_KEYS + " " * 64_000},
    "more than twenty keys": {"more": 20},
    "packed": {"headers": {"Content-Encoding": "gzip"}},
    "hanging": {"held": True},
    "another issuer's discovery": {"discovery": {"issuer": "http://127.0.0.1:1"}},
    "a discovery of no keys": {"discovery": {"jwks_uri": None}},
    "a discovery of keys that anybody could change underway": {"discovery": {"jwks_uri": "http://0.0.0.0:{port}/keys"}},
    "a discovery of keys in a file": {"discovery": {"jwks_uri": "file:///etc/passwd"}},
}


@broken_by(
    "The service rejects an answer of an issuer above a fixed size",
    "service/identity/discovery.py",
    "if len(body) > _MAX_BYTES:",
    "if False:",
)
def test_keys_that_come_badly_are_not_taken_and_the_known_ones_stay(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "TIMEOUT_SECONDS", 0.5)

    async def outcomes(answer: dict[str, Any]) -> list[str]:
        issuer = trusted_issuer(publisher)
        publisher.publish(GOOD)
        await issuer.refresh()
        more = [public_keys(OTHER)[0] | {"kid": f"more-{index}"} for index in range(answer.get("more", 0))]
        addressed = json.loads(json.dumps(answer).replace("{port}", str(publisher.port)))
        publisher.serve({"keys": public_keys(OTHER) + more}, **addressed)
        await issuer.refresh()
        return [await outcome_of(issuer, kid) for kid in ("good", "other")]

    async def story() -> dict[str, list[str]]:
        return {name: await outcomes(answer) for name, answer in BAD_ANSWERS.items()}

    assert run(story) == {name: ["known", "unreachable"] for name in BAD_ANSWERS}
    assert publisher.request_count("/elsewhere") == 0


@broken_by(
    "The service ignores a published key that contains its private part",
    "service/identity/jwks.py",
    "if _PRIVATE_MEMBERS & entry.keys() or not isinstance(kind, str)",
    "if not isinstance(kind, str)",
)
def test_a_key_that_is_no_public_key_for_these_signatures_is_ignored(publisher: Publisher) -> None:
    rsa, ec = public_keys(OTHER)[0], public_keys(key("ec", "EC"))[0]
    off_curve = base64.urlsafe_b64encode(b"\x01" * 32).decode().rstrip("=")
    entries: dict[str, Any] = {
        "a shared secret": {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"},
        "a private key": OTHER.as_dict(private=True),
        "a private key of a curve": key("x", "EC").as_dict(private=True),
        "for encryption": {**rsa, "use": "enc"},
        "for signing alone": {**rsa, "key_ops": ["sign"]},
        "for another signature": {**rsa, "alg": "RS512"},
        "for a shared secret": {**rsa, "alg": "HS256"},
        "a short one": {**rsa, "n": number(2**1023 + 1)},
        "a long one": {**rsa, "n": number(2**16_383 + 1)},
        "no number": {**rsa, "n": 7},
        "not on its curve": {**ec, "x": off_curve},
        "an unknown curve": {**ec, "crv": "P-1"},
        "another kind": {"kty": "OKP", "crv": "Ed25519", "x": off_curve},
        "a kind that is a list": {**rsa, "kty": ["RSA"]},
        "use as a list": {**rsa, "use": ["sig"]},
    }
    named_entries = [{**entry, "kid": name} for name, entry in entries.items()]
    duplicates = [{**rsa, "kid": "twice"}, {**ec, "kid": "twice"}]
    nameless: list[Any] = [{name: member for name, member in rsa.items() if name != "kid"}, "text", None]
    issuer = trusted_issuer(publisher)

    async def story() -> dict[str, str]:
        publisher.serve({"keys": [*public_keys(GOOD), *named_entries[:8], *duplicates, *nameless]})
        await issuer.refresh()
        outcomes = {kid: await outcome_of(issuer, kid) for kid in ("good", "twice", "None", *list(entries)[:8])}
        publisher.serve({"keys": [*public_keys(GOOD), *named_entries[8:]]})
        await issuer.refresh()
        return outcomes | {entry: await outcome_of(issuer, entry) for entry in list(entries)[8:]}

    outcomes = run(story)

    assert outcomes.pop("good") == "known"
    assert outcomes == dict.fromkeys(("twice", "None", *entries), "unknown")


def number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8)).decode().rstrip("=")
