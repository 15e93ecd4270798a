"""HTTP behaviour of the service on any request: the technical part of the Dutch API Design Rules."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.openapi_documents import operations
from api_tests.support.people import People
from api_tests.support.problems import has_our_headers, problem_of
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService

ANY_ID = str(uuid4())
PATH_VALUES = {"region": "JZ11", "number": "1", "version": "1", "position": "1", "name": "x", "plan": "0" * 64}


@pytest.fixture(scope="module")
def document(service: RunningService) -> dict[str, Any]:
    document: dict[str, Any] = httpx.get(f"{service.url}/v1/openapi.json", timeout=30).json()
    return document


def filled_path(path: str) -> str:
    """Returns the path with a value in each of its places."""
    return re.sub(r"\{(\w+)\}", lambda match: PATH_VALUES.get(match[1], ANY_ID), path)


def addresses(document: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """Yields every served path, with values in its places, and the methods that it knows."""
    for path, item in document["paths"].items():
        yield filled_path(path), {*item}
    yield from (("/openapi.json", {"get"}), ("/docs", {"get"}))


def test_no_path_ends_in_a_slash_and_nothing_is_redirected(document: dict[str, Any], people: People) -> None:
    for path, _ in addresses(document):
        answer = people.anna.get(f"{path}/")
        problem_of(answer, 404, "not_found")
        assert "location" not in answer.headers


@broken_by(
    "HEAD answers as GET does, without a body",
    "service/http/edge.py",
    'method, scope = scope["method"], dict(scope)',
    'method, scope = scope["method"], scope',
)
def test_head_answers_as_get_does_without_a_body_and_keeps_the_connection(
    service: RunningService, case: CaseFile
) -> None:
    authorization = {"Authorization": case.people.anna.client.headers["Authorization"]}
    connection = HTTPConnection(urlsplit(service.url).netloc, timeout=10)
    connection.connect()
    socket = connection.sock

    for path in ("/v1/regions", "/v1/openapi.json", "/v1/docs", f"/v1{case.path}", "/v1/cases?paeg=2", "/v1/nowhere"):
        answers = {}
        for method in ("HEAD", "GET"):
            connection.request(method, path, headers=authorization)
            answer = connection.getresponse()
            answers[method] = (answer.status, {**answer.headers}, len(answer.read()))
            assert connection.sock is socket, f"{method} {path} broke the connection"
        for _, headers, _ in answers.values():
            del headers["traceparent"], headers["date"]
        assert answers["HEAD"][:2] == answers["GET"][:2]
        assert answers["HEAD"][2] == 0 < answers["GET"][2]
    connection.close()


@broken_by(
    "A 405 answer names every method that is possible",
    "service/http/application.py",
    'return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))',
    'return ", ".join(sorted(methods))',
)
def test_a_method_that_a_path_does_not_know_is_answered_with_all_it_knows(
    document: dict[str, Any], people: People
) -> None:
    for path, known in addresses(document):
        allowed = {method.upper() for method in known} | ({"HEAD"} if "get" in known else set())
        for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - allowed:
            answer = people.anna.client.request(method, path)
            assert answer.status_code == 405, f"{method} {path}"
            assert set(answer.headers["allow"].split(", ")) == allowed
            assert method == "HEAD" or problem_of(answer, 405, "method_not_allowed")


def test_every_operation_refuses_a_media_type_that_it_cannot_answer_in(
    document: dict[str, Any], people: People
) -> None:
    for path, method, _ in operations(document):
        answer = people.anna.client.request(method, filled_path(path), headers={"Accept": "application/xml"})
        problem_of(answer, 406, "not_acceptable")


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("APPLICATION/JSON", 200),
        ("text/html, application/*;q=0.8", 200),
        ("*/*", 200),
        ("text/html", 406),
        ("application/json;q=0, text/html", 406),
        ("nonsense", 406),
    ],
)
def test_an_answer_comes_in_json_when_that_is_welcome(service: RunningService, accept: str, status: int) -> None:
    assert httpx.get(f"{service.url}/v1/regions", headers={"Accept": accept}).status_code == status


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data", "json", ""])
def test_a_body_that_is_not_json_is_not_read(people: People, content_type: str) -> None:
    headers = {"Idempotency-Key": str(uuid4()), "Content-Type": content_type}

    problem_of(
        people.anna.client.post("/drafts", content=b'{"form":{}}', headers=headers), 415, "unsupported_media_type"
    )


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_a_body_that_is_json_is_read_however_it_is_called(people: People, content_type: str) -> None:
    headers = {"Idempotency-Key": str(uuid4()), "Content-Type": content_type}

    assert people.anna.client.post("/drafts", content=b'{"form":{}}', headers=headers).status_code == 201


@pytest.fixture(scope="module")
def anybody(service: RunningService) -> Iterator[httpx.Client]:
    """A client without a token."""
    with httpx.Client(base_url=service.url) as client:
        yield client


def test_version_trace_and_protection_stand_on_every_answer(
    people: People, case: CaseFile, anybody: httpx.Client
) -> None:
    anna = people.anna
    draft = anna.post("/drafts", {"form": {}})
    address = f"/drafts/{draft.json()['id']}"
    answers = [
        anna.get(case.path),
        draft,
        anna.client.delete(address, headers={"If-Match": '"7"'}),
        anna.client.delete(address),
        anna.client.delete(address, headers={"If-Match": '"1"'}),
        anna.get("/cases?paeg=2"),
        anybody.get("/v1/cases"),
        people.carla.submit(),
        anna.get(address),
        anna.client.patch("/cases"),
        anna.get("/cases", headers={"Accept": "application/xml"}),
        case.attempt("close"),
        anna.client.post("/cases", content=b"x" * 1_100_000),
        anna.client.post("/cases", content=b"{}", headers={"Idempotency-Key": "k"}),
        anybody.get("/v1/openapi.json"),
        anybody.get("/v1/docs"),
        anybody.get("/"),
        anybody.get("/v1"),
        anybody.get("/v2/cases"),
    ]
    statuses = [answer.status_code for answer in answers]
    assert statuses == [200, 201, 412, 428, 204, 400, 401, 403, 404, 405, 406, 409, 413, 415, 200, 200, 200, 200, 404]
    assert [answer.request.url for answer in answers if not has_our_headers(answer)] == []


def test_the_version_told_is_that_of_the_document(service: RunningService, document: dict[str, Any]) -> None:
    assert httpx.get(f"{service.url}/v1/health").headers["api-version"] == document["info"]["version"]


@broken_by(
    "Every origin may read the OpenAPI document",
    "service/http/application.py",
    '{"Access-Control-Allow-Origin": "*"}',
    "{}",
)
def test_the_document_alone_may_be_read_from_everywhere(service: RunningService, people: People) -> None:
    origin = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    document_answer = httpx.get(f"{service.url}/v1/openapi.json", headers=origin, timeout=30)

    assert document_answer.headers.get_list("access-control-allow-origin") == ["*"]
    answers = [people.anna.get(path, headers=origin) for path in ("/cases", "/regions", "/docs", "/health", "/nowhere")]
    answers.append(people.anna.client.options("/cases", headers=origin))
    assert [
        answer.request.url for answer in answers if any(name.startswith("access-control") for name in answer.headers)
    ] == []


class _TagCollector(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_documentation_runs_nothing_and_fetches_nothing(service: RunningService, document: dict[str, Any]) -> None:
    answer = httpx.get(f"{service.url}/v1/docs", headers={"Accept": "text/html"}, timeout=30)
    collector = _TagCollector()
    collector.feed(answer.text)

    links = {str(attributes["href"]) for _, attributes in collector.tags if "href" in attributes}
    ids = {f"#{attributes['id']}" for _, attributes in collector.tags if "id" in attributes}
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert {tag for tag, _ in collector.tags}.isdisjoint({"script", "link", "img", "iframe", "object", "form", "base"})
    assert not any(name == "src" or name.startswith("on") for _, attributes in collector.tags for name in attributes)
    assert "url(" not in answer.text
    assert "@import" not in answer.text
    assert links - {"openapi.json"} <= ids
    assert all(f" {path}</code>" in answer.text for path in document["paths"])


@broken_by("A body that is too large is refused", "service/http/application.py", "BodyTooLarge: 413, ", "")
def test_too_large_a_body_is_refused_whether_its_length_is_stated_or_not(people: People) -> None:
    headers = {"Idempotency-Key": str(uuid4()), "Content-Type": "application/json"}
    large = b'{"form":{"x":"' + b"a" * 1_000_000 + b'"}}'

    def in_pieces() -> Iterator[bytes]:
        yield from (large[start : start + 64_000] for start in range(0, len(large), 64_000))

    problem_of(people.anna.client.post("/drafts", content=large, headers=headers), 413, "too_large")
    problem_of(people.anna.client.post("/drafts", content=in_pieces(), headers=headers), 413, "too_large")
    assert people.anna.post("/drafts", {"form": {"x": "a" * 900_000}}).status_code == 201


@pytest.mark.parametrize(
    ("accept_language", "language"),
    [
        (None, "nl"),
        ("nl", "nl"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("de, fr;q=0.5", "nl"),
        ("nl;q=0.4, en;q=0.9", "en"),
        ("nl;q=0.9, en;q=0.4", "nl"),
        ("en;q=0", "nl"),
        ("*", "nl"),
        ("en;q=nonsense", "nl"),
        ("EN", "en"),
        ("e" * 6000, "nl"),
    ],
)
def test_title_and_detail_come_in_the_language_that_is_asked(
    service: RunningService, accept_language: str | None, language: str
) -> None:
    headers = {"Accept-Language": accept_language} if accept_language else {}
    titles = {"nl": "Niet bekend", "en": "Not known"}

    for path in ("/v1/cases", "/v1/nowhere", "/nowhere"):
        answer = httpx.get(f"{service.url}{path}", headers=headers, timeout=30)
        assert answer.headers["content-language"] == language
    assert httpx.get(f"{service.url}/v1/cases", headers=headers).json()["title"] == titles[language]
