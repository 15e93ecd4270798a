"""A request that is too much, too slow, too large or meant for another host is refused before it acts."""

import json
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prometheus_client import REGISTRY

from api_tests.support.openapi_documents import operations
from api_tests.support.people import People, everybody
from api_tests.support.problems import problem_of
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService, running, settings_for
from api_tests.support.shared_case import signer_of
from service.http.rate_limit import MAX_TRACKED_CALLERS, RateLimiter, client_address


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningService, People]]:
    """A service with low limits, and its people."""
    folder = tmp_path_factory.mktemp("strict")
    limits = {"person_per_minute": 6, "failures_per_minute": 3, "address_per_minute": 100, "database_queue": 2}
    with running(settings_for(folder, f"sqlite:///{folder / 'casusroute.db'}", **limits)) as service:
        people = everybody(service.url)
        yield service, people
        for person in people.values():
            person.client.close()


@pytest.fixture
def limited(strict: tuple[RunningService, People]) -> tuple[RunningService, People]:
    """The strict service, as after a minute without requests."""
    _a_minute_passes(strict[0])
    return strict


def _a_minute_passes(service: RunningService) -> None:
    edge = service.built.application
    for meter in (edge._people, edge._asked, edge._unknown):  # type: ignore[attr-defined]  # noqa: SLF001 - the wrapped application
        meter._filled.clear()  # noqa: SLF001 - as after a minute


@broken_by(
    "A request beyond the limit is refused and changes nothing",
    "service/http/edge.py",
    "return self._people.admit((identity.issuer, identity.subject))",
    "return 0",
)
@pytest.mark.server
def test_a_person_who_asks_too_often_waits_while_others_are_served_and_nothing_was_done(
    limited: tuple[RunningService, People],
) -> None:
    service, people = limited
    key, answers = str(uuid4()), [people.anna.get("/me") for _ in range(6)]

    refusal = people.anna.submit(key=key)
    another = people.esra.get("/cases")
    _a_minute_passes(service)
    retry = people.anna.submit(key=key)

    problem = problem_of(refusal, 429, "too_many_requests")
    assert {answer.status_code for answer in answers} == {200}
    assert 1 <= int(refusal.headers["retry-after"]) == problem["seconds"] <= 10
    assert another.json()["items"] == []
    assert retry.status_code == 201
    assert "idempotent-replayed" not in retry.headers


@broken_by(
    "A valid token and a public page are served while an address waits for its bad tokens",
    "service/http/edge.py",
    "        address = client_address(scope)\n        try:",
    "        address = client_address(scope)\n        if self._unknown.seconds_to_wait(address):\n"
    "            return 20\n        try:",
)
@broken_by(
    "An address that sent many bad tokens waits with the next",
    "service/http/edge.py",
    "seconds = self._unknown.admit(address)",
    "seconds = 0",
)
@pytest.mark.server
@pytest.mark.parametrize("path", ["/v1/me", "/v1/regions", "/nowhere"])
def test_bad_tokens_hold_back_bad_tokens_and_nobody_else_at_their_address(
    limited: tuple[RunningService, People], path: str
) -> None:
    """People behind one proxy, or in one building, share an address."""
    service, people = limited
    guesses = ["nonsense", people.anna.client.headers["Authorization"][7:-9] + "AAAAAAAAA", "a.b.c"]
    expired = signer_of(service).sign_token("anna", now=time.time() - 7_200)
    before = {outcome: _invalid_tokens(outcome) for outcome in ("answered", "turned_away")}

    first = [_get_with_token(service, path, guess).status_code for guess in guesses]
    later = [_get_with_token(service, path, guess) for guess in guesses]

    assert first == [{"/v1/me": 401, "/v1/regions": 200, "/nowhere": 404}[path]] * 3
    assert all(1 <= problem_of(answer, 429, "too_many_requests")["seconds"] <= 20 for answer in later)
    assert [_invalid_tokens(outcome) - count for outcome, count in before.items()] == [3, 3]
    assert people.anna.get("/me").status_code == 200
    assert people.anna.get("/regions").status_code == 200
    assert _get_with_token(service, "/v1/me", expired).status_code == 401
    assert httpx.get(f"{service.url}/v1/regions").status_code == 200
    assert httpx.get(f"{service.url}/v1/me").status_code == 401


def _get_with_token(service: RunningService, path: str, token: str) -> httpx.Response:
    return httpx.get(f"{service.url}{path}", headers={"Authorization": f"Bearer {token}"})


def _invalid_tokens(outcome: str) -> float:
    return REGISTRY.get_sample_value("casusroute_invalid_tokens_total", {"outcome": outcome}) or 0


@pytest.mark.server
def test_an_address_that_asks_too_often_without_a_token_waits_and_people_with_a_token_do_not(
    limited: tuple[RunningService, People],
) -> None:
    service, people = limited
    with httpx.Client(base_url=service.url) as anybody:
        answers = [anybody.get("/nowhere").status_code for _ in range(120)]
        forged = anybody.get("/nowhere", headers={"X-Forwarded-For": "203.0.113.7", "Forwarded": "for=203.0.113.7"})
        checks = [anybody.get(f"/v1/{name}").status_code for name in ("health", "ready")]

    assert answers[:100] == [404] * 100
    assert 429 in answers[100:]
    assert people.anna.get("/me").status_code == 200
    problem_of(forged, 429, "too_many_requests")
    assert checks == [200, 200]


def test_a_limiter_allows_a_minutes_worth_at_once_and_then_as_fast_as_time_passes() -> None:
    now = [1000.0]
    limiter = RateLimiter(6, lambda: now[0])

    immediate = [limiter.admit("anna") for _ in range(8)]
    now[0] += 10
    after_ten_seconds = [limiter.admit("anna") for _ in range(2)]
    now[0] += 3600
    after_an_hour = [limiter.admit("anna") for _ in range(7)]

    assert immediate == [0, 0, 0, 0, 0, 0, 10, 10]
    assert after_ten_seconds == [0, 10]
    assert after_an_hour == [0, 0, 0, 0, 0, 0, 10]
    assert [RateLimiter(0).admit("anna") for _ in range(10_000)] == [0] * 10_000


def test_a_limiter_remembers_a_bounded_number_of_callers() -> None:
    limiter = RateLimiter(1, lambda: 0.0)

    for caller in range(MAX_TRACKED_CALLERS + 1):
        limiter.admit(caller)

    assert [limiter.seconds_to_wait(caller) for caller in (0, 1, MAX_TRACKED_CALLERS)] == [0, 60, 60]


@pytest.mark.server
def test_behind_a_proxy_that_is_trusted_each_address_is_its_own(hasty: RunningService) -> None:
    with httpx.Client(base_url=hasty.url) as proxy:
        headers = {"X-Forwarded-For": "203.0.113.7", "Authorization": "Bearer nonsense"}
        for _ in range(30):
            assert proxy.get("/v1/me", headers=headers).status_code == 401
        answers = [
            proxy.get("/v1/me", headers={**headers, "X-Forwarded-For": f"203.0.113.{number}"}).status_code
            for number in (7, 8)
        ]

    assert answers == [429, 401]


_ADDRESSES = ("192.0.2.1", "::ffff:192.0.2.1", "2001:db8:1:2::3", "fe80::1%eth0")


def test_all_addresses_of_one_ipv6_network_count_as_one() -> None:
    counted_as = {
        address: client_address({"client": (address, 1)})
        for address in ("192.0.2.1", "::ffff:192.0.2.1", "2001:db8:1:2::3", "fe80::1%eth0")
    }

    assert counted_as["192.0.2.1"] == counted_as["::ffff:192.0.2.1"] == "192.0.2.1"
    assert counted_as["2001:db8:1:2::3"] == client_address({"client": ("2001:db8:1:2:ffff::9", 1)})
    assert counted_as["2001:db8:1:2::3"] != client_address({"client": ("2001:db8:1:3::3", 1)})
    assert client_address({"client": None}) == ""


@broken_by(
    "A full queue refuses a new request at once",
    "service/database/worker_threads.py",
    "        if self.units_in_progress >= self._queue:\n",
    "        if self.units_in_progress > 10 * self._queue:\n",
)
@pytest.mark.server
def test_a_request_to_a_database_with_a_full_queue_is_told_at_once_to_come_back(
    limited: tuple[RunningService, People],
) -> None:
    service, people = limited
    file = service.settings.database_url.removeprefix("sqlite:///")

    with ThreadPoolExecutor(2) as callers, closing(sqlite3.connect(file, isolation_level=None)) as other_connection:
        other_connection.execute("BEGIN IMMEDIATE")
        waiting = [callers.submit(people.anna.submit) for _ in range(2)]
        _until(lambda: service.built.database.units_in_progress == 2)
        turned_away, ready, alive = (people.esra.get(path) for path in ("/cases", "/ready", "/health"))
        other_connection.execute("ROLLBACK")
        statuses = [submission.result().status_code for submission in waiting]
    later_answer = people.esra.get("/cases")

    problem_of(turned_away, 503, "unavailable")
    assert turned_away.headers["retry-after"].isdigit()
    assert (ready.status_code, alive.status_code) == (200, 200)
    assert statuses == [201, 201]
    assert later_answer.status_code == 200


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service behind a proxy, which waits half a second for a request and knows an outer and an inner host name."""
    folder = tmp_path_factory.mktemp("hasty")
    limits = {"request_seconds": 0.5, "allowed_hosts": "inner.example, casusroute.example", "failures_per_minute": 30}
    limits |= {"trusted_proxies": "127.0.0.1"}
    with running(settings_for(folder, f"sqlite:///{folder / 'casusroute.db'}", **limits)) as service:
        yield service


def send_bytes(service: RunningService, *pieces: bytes) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Returns (status, headers, body) of the answer to these bytes, after which no more is sent."""
    with socket.create_connection(service.address, timeout=20) as connection:
        response = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        while chunk := connection.recv(65536):
            response += chunk
    head, _, body = response.partition(b"\r\n\r\n")
    status_line, *headers = head.decode().split("\r\n")
    by_name = dict(header.lower().split(": ", 1) for header in headers)
    return int(status_line.split()[1]), by_name, json.loads(body)


@pytest.mark.server
def test_an_unfinished_head_is_not_waited_for(hasty: RunningService) -> None:
    status, headers, problem = send_bytes(hasty, b"GET /v1/regions HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow:")

    assert (status, problem["code"], problem["status"]) == (408, "too_slow", 408)
    assert headers["content-type"] == "application/problem+json"


@pytest.mark.server
def test_a_silent_connection_is_closed(hasty: RunningService) -> None:
    assert send_bytes(hasty)[0] == 408


@pytest.mark.server
def test_an_unfinished_body_is_not_waited_for_and_does_nothing(hasty: RunningService) -> None:
    people = everybody(hasty.url)
    authorization = people.anna.client.headers["Authorization"]
    head = (
        f"POST /v1/drafts HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}\r\nIdempotency-Key: slow-1\r\n"
    )
    head += "Content-Type: application/json\r\nContent-Length: 11\r\n\r\n"

    status, headers, problem = send_bytes(hasty, head.encode(), b'{"form":')
    drafts = people.anna.get("/drafts").json()["items"]

    assert (status, problem["code"]) == (408, "too_slow")
    assert (headers["connection"], headers["cache-control"]) == ("close", "no-store")
    assert drafts == []
    assert people.anna.post("/drafts", {"form": {}}, key="slow-1").status_code == 201
    for person in people.values():
        person.client.close()


@pytest.mark.server
def test_a_head_is_read_up_to_a_limit(hasty: RunningService) -> None:
    """The parser itself would accept headers without end."""
    head = b"GET /v1/regions HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nX-Large: "

    within_limit = send_bytes(hasty, head + b"a" * 32_000 + b"\r\n\r\n")
    status, headers, problem = send_bytes(hasty, head, *[b"a" * 3_300] * 10)

    assert within_limit[0] == 200
    assert (status, headers["content-type"], problem["code"]) == (431, "application/problem+json", "head_too_large")


@pytest.mark.server
def test_bytes_that_are_no_http_are_answered_with_a_problem(hasty: RunningService) -> None:
    status, headers, problem = send_bytes(hasty, b"\x16\x03\x01 hello\r\n\r\n")

    assert (status, headers["content-type"], problem["code"]) == (400, "application/problem+json", "invalid")


@pytest.mark.server
def test_an_address_is_read_up_to_a_limit(hasty: RunningService) -> None:
    for path in ("/v1/cases/" + "a" * 9_000, "/v1/cases?cursor=" + "a" * 9_000, "/" + "a" * 9_000):
        problem_of(httpx.get(f"{hasty.url}{path}"), 414, "address_too_long")


@broken_by(
    "A request for another host is not answered",
    "service/http/edge.py",
    "return len(hosts) == 1 and ",
    "return bool(hosts) or ",
)
@pytest.mark.server
@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        (["casusroute.example"], 200),
        (["CASUSROUTE.example:8443"], 200),
        (["127.0.0.1:9"], 200),
        (["localhost"], 200),
        (["inner.example"], 200),
        (["evil.example"], 421),
        (["casusroute.example.evil.example"], 421),
        (["casusroute.example@evil.example"], 421),
        (["evil.example/v1/health?"], 421),
        ([""], 421),
        ([], 421),
        (["casusroute.example", "evil.example"], 421),
    ],
)
def test_a_request_for_another_host_is_not_answered(hasty: RunningService, hosts: list[str], status: int) -> None:
    """A host of the sender's choice would enter everything derived from the address of a request (CVE-2026-48710)."""
    lines = "".join(f"Host: {host}\r\n" for host in hosts)

    answer_status, _, problem = send_bytes(
        hasty, f"GET /v1/regions HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode()
    )

    assert answer_status == status
    assert status == 200 or problem["code"] == "unknown_host"


@pytest.mark.server
def test_health_and_readiness_are_answered_under_any_host_name(hasty: RunningService) -> None:
    assert httpx.get(f"{hasty.url}/v1/health", headers={"Host": "10.1.2.3:8000"}).status_code == 200
    assert httpx.get(f"{hasty.url}/v1/ready", headers={"Host": "10.1.2.3:8000"}).status_code == 200


@pytest.mark.server
@pytest.mark.parametrize(
    "line", ["CONNECT 127.0.0.1:443", "TRACE /v1/regions", "OPTIONS *", "GET http://evil.example/v1/me"]
)
def test_requests_to_a_proxy_are_refused(hasty: RunningService, line: str) -> None:
    status, _, problem = send_bytes(hasty, f"{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())

    assert status in (400, 401, 404, 405)
    assert problem["code"] in ("invalid", "not_known", "not_found", "method_not_allowed")


@pytest.mark.server
def test_every_operation_declares_the_answers_429_and_503(hasty: RunningService) -> None:
    document = httpx.get(f"{hasty.url}/v1/openapi.json", timeout=30).json()

    for path, method, operation in operations(document):
        for status in ("429", "503"):
            answer = operation["responses"][status]
            assert "Retry-After" in answer["headers"], f"{method} {path} {status}"
            assert [*answer["content"]] == ["application/problem+json"]
