"""Only the token identifies the caller: no session, no proxy header. Every body declares its type (ASVS 4.1, 7)."""

import json
from collections.abc import Iterator

import httpx
import pytest

from api_tests.promises.test_manners_of_http import filled_path
from api_tests.support.case_file import CaseFile
from api_tests.support.openapi_documents import operations
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService

# Headers that a proxy, a gateway or a framework may set. A caller has no say in any of them.
FORGED = {
    "X-Forwarded-For": "10.0.0.1",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-User": "esra",
    "X-Real-IP": "10.0.0.1",
    "X-User-ID": "esra",
    "X-Remote-User": "esra",
    "X-Authenticated-Userid": "esra",
    "X-Client-Cert": "CN=esra",
    "X-HTTP-Method-Override": "DELETE",
    "X-Original-URL": "/v1/cases",
    "X-Rewrite-URL": "/v1/cases",
    "Forwarded": "for=10.0.0.1;host=evil.example;proto=https",
}


@pytest.fixture(scope="module")
def answers(service: RunningService, people: People) -> list[httpx.Response]:
    """Answers of every reading operation, with and without a right; of each media type; of a few that create."""
    case = CaseFile.submitted(people)
    document = httpx.get(f"{service.url}/v1/openapi.json", timeout=30).json()
    with httpx.Client(base_url=f"{service.url}/v1") as anybody:
        answers = [
            client.get(filled_path(path))
            for path, method, _ in operations(document)
            if method == "get"
            for client in (people.esra.client, anybody)
        ]
        answers += [anybody.get(path) for path in ("/docs", "/openapi.json")]
    esra, noor, anna = people.esra, people.noor, people.anna
    answers += [esra.get(case.path), esra.get(f"{case.path}/file"), noor.get("/learning/histories")]
    answers += [esra.get(f"{case.path}/subject-access", headers={"Accept": "text/plain"})]
    answers += [noor.get("/learning/histories", headers={"Accept": "text/csv"})]
    answers += [
        anna.submit(),
        anna.post("/drafts", {"form": {}}),
        anna.post("/demonstration/tokens", {"person": "anna"}),
    ]
    return answers


@broken_by(
    "ASVS 4.1.1: every text answer declares its character set",
    "service/learning/api.py",
    'media_type=f"{CSV}; charset=utf-8; header=present"',
    'media_type=f"{CSV}; charset=latin-1; header=present"',
)
def test_every_body_has_its_declared_type_and_every_text_declares_its_characters(answers: list[httpx.Response]) -> None:
    kinds = {answer.headers["content-type"] for answer in answers}

    mismatches = [
        answer.request.url for answer in answers if "json" in answer.headers["content-type"] and not _is_json(answer)
    ]
    assert mismatches == []
    assert {kind.partition(";")[0] for kind in kinds if "; charset=utf-8" in kind} == {
        "text/html",
        "text/plain",
        "text/csv",
    }
    assert {kind for kind in kinds if "charset" not in kind} == {"application/json", "application/problem+json"}


def _is_json(answer: httpx.Response) -> bool:
    """JSON is UTF-8 without declaring it (RFC 8259)."""
    return isinstance(json.loads(answer.content.decode("utf-8")), dict | list)


@broken_by(
    "ASVS 7: the service has no session and sets no cookie",
    "service/http/edge.py",
    '    (b"referrer-policy", b"no-referrer"),\n',
    '    (b"referrer-policy", b"no-referrer"),\n    (b"set-cookie", b"seen=1"),\n',
)
def test_no_answer_leaves_a_session_behind(answers: list[httpx.Response]) -> None:
    assert len(answers) > 100
    assert [answer.request.url for answer in answers if "set-cookie" in answer.headers] == []


def _ask(client: httpx.Client, case: CaseFile, headers: dict[str, str]) -> Iterator[tuple[int, object]]:
    for path in (case.path, "/me", "/cases?limit=1", "/nowhere"):
        answer = client.get(path, headers=headers)
        yield answer.status_code, answer.json()
    creation = client.post("/drafts", json={"form": {}}, headers={"Idempotency-Key": f"proxied-{case.id}", **headers})
    yield creation.status_code, creation.headers.get("location", "").replace("/v1", "")


@broken_by(
    "ASVS 4.1.3: headers that only a proxy may set change nothing when a user sends them",
    "service/http/edge.py",
    '        scope["root_path"] = API_PREFIX\n',
    '        scope["root_path"] = API_PREFIX\n'
    '        scope["method"] = headers.get(b"x-http-method-override", scope["method"].encode()).decode()\n',
)
def test_headers_of_a_proxy_change_nothing_when_a_caller_sends_them(service: RunningService, case: CaseFile) -> None:
    with httpx.Client(base_url=f"{service.url}/v1") as anonymous:
        for client in (case.people.anna.client, anonymous):
            expected = [*_ask(client, case, {})]

            one_by_one = {name: [*_ask(client, case, {name: value})] for name, value in FORGED.items()}
            together = [*_ask(client, case, FORGED)]

            assert one_by_one == dict.fromkeys(FORGED, expected)
            assert together == expected
