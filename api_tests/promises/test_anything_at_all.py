"""Any request to any operation gets an answer or a problem, and never an internal error."""

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic.alias_generators import to_pascal

from api_tests.support.administration import DECISIONS
from api_tests.support.checkout import ROOT
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.openapi_documents import operations
from api_tests.support.people import People
from api_tests.support.places import kind_of, path_values, person_for
from api_tests.support.problems import problem_of
from api_tests.support.servers import RunningService
from api_tests.support.workflows import RULES, form_for

DOCUMENT: dict[str, Any] = json.loads((ROOT / "openapi" / "openapi.json").read_text(encoding="utf-8"))
OPERATIONS = {operation["operationId"]: (path, method, operation) for path, method, operation in operations(DOCUMENT)}
# Valid bodies that change nothing on which other tests build. Every other operation gets any body.
VALID: dict[str, dict[str, Any]] = {
    **DECISIONS,
    "createSubscription": {"organisationId": str(ORGANISATION_IDS["ret"]), "url": "https://127.0.0.1/"},
    "addSubscriptionChange": {"change": "pause", "reason": "maintenance"},
    "tryWorkflow": {"kind": "case", "mapping": {"submitted": "in_triage"}},
    "addPlan": {"kind": "case", "from": RULES.current("case").hash, "mapping": {"submitted": "submitted"}},
    "addAdoptions": {"limit": 1, "grounds": "Zo."},
    "addOfferStatement": {"statedOn": "2025-06-30", "placesFree": 1, "waitingDays": 3, "note": "Zo."},
    "addEscalationSignal": {"trigger": "signal_escalation", "form": form_for("case", "signal_escalation")},
}

AWKWARD = ["", "\x00", "null", "-1", "0", "1e9", "9" * 30, "true", "[]", "../..", "%2e%2e", "\ud7ff", "é", "a" * 3000]
TEXT = st.sampled_from(AWKWARD) | st.text(max_size=20)
HEADER = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=30)
NUMBER = st.integers(-(2**70), 2**70) | st.floats(allow_nan=True, allow_infinity=True)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def triggers_of(operation_id: str) -> list[tuple[str, str]]:
    """Returns the triggers that an operation takes, each as (kind of part, trigger)."""
    path, _, operation = OPERATIONS[operation_id]
    if not path.endswith("/transitions") or "requestBody" not in operation:
        return []
    kind = kind_of(path)
    union = DOCUMENT["components"]["schemas"][f"{to_pascal(kind)}Step"]
    return [(kind, trigger) for trigger in union["discriminator"]["mapping"]]


def spoil(body: Any, steps: list[int], value: Any) -> Any:
    """Returns the body with this value at the place to which these steps lead."""
    if not steps or not isinstance(body, dict | list) or not body:
        return value
    if isinstance(body, dict):
        key = sorted(body)[steps[0] % len(body)]
        return {**body, key: spoil(body[key], steps[1:], value)}
    position = steps[0] % len(body)
    return [*body[:position], spoil(body[position], steps[1:], value), *body[position + 1 :]]


@st.composite
def bodies(draw: st.DrawFn, operation_id: str) -> bytes:
    """Bytes, JSON, or a valid body in which one value was replaced."""
    triggers = triggers_of(operation_id)
    valid: list[Any] = [
        {"trigger": trigger, "form": form_for(kind, trigger), "grounds": "Zo."} for kind, trigger in triggers
    ]
    valid += [VALID[operation_id]] if operation_id in VALID else []
    valid = valid or [{"trigger": "submit", "form": form_for("case", "submit")}, {"form": {"a": 1}}, {"person": "anna"}]
    spoilt_bodies = st.builds(spoil, st.sampled_from(valid), st.lists(st.integers(0, 50), min_size=1, max_size=5), JSON)
    return draw(st.binary(max_size=30) | (spoilt_bodies | JSON).map(lambda body: json.dumps(body).encode()))


@st.composite
def requests(draw: st.DrawFn, operation_id: str) -> dict[str, Any]:
    _, method, operation = OPERATIONS[operation_id]
    keys = [parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"]
    version = st.sampled_from(['"1"', '"2"', "*", "1"]) | HEADER
    key, kind = st.uuids().map(str) | HEADER, st.just("application/json") | HEADER
    headers = {"If-Match": version, "Idempotency-Key": key, "Content-Type": kind}
    optional_headers = {"Accept": st.just("*/*") | HEADER, "Accept-Language": HEADER, "traceparent": HEADER}
    chosen_headers = draw(st.fixed_dictionaries(headers if method != "get" else {}, optional=optional_headers))
    query_names = (st.sampled_from(keys) | TEXT) if keys else TEXT
    return {
        "params": draw(
            st.lists(st.tuples(query_names, TEXT), max_size=2 if method == "get" else draw(st.integers(0, 1)))
        ),
        "headers": [(name.encode(), value.encode("latin-1").strip()) for name, value in chosen_headers.items()],
        "content": draw(bodies(operation_id)) if method in ("post", "put") else b"",
        "places": draw(st.lists(st.none() | TEXT.filter(bool), min_size=3, max_size=3)),
    }


@pytest.fixture(scope="module")
def target(service: RunningService, people: People) -> dict[str, str]:
    """A case with a part of every kind and its surroundings, as the target of requests."""
    return path_values(service, people)


# Statuses of an address or a header that is too long. They are answered before any operation is chosen.
BEFORE_ANY_OPERATION = ("414", "431")


def address(path: str, target: dict[str, str], replacements: list[str | None]) -> str:
    """Returns the path with real ids, or with a replacement where there is one."""
    real = {**target, "partId": target.get(kind_of(path), "")}
    names = [step[1:-1] for step in path.split("/") if step.startswith("{")]
    filled = {
        name: real[name] if replacement is None else quote(replacement, safe="")
        for name, replacement in zip(names, replacements, strict=False)
    }
    return path.format(**filled)


def is_proper_answer(answer: httpx.Response) -> bool:
    if answer.status_code >= 400:
        problem_of(answer, answer.status_code)
    return answer.status_code < 500 and answer.status_code != 422


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_no_request_causes_an_internal_error(people: People, target: dict[str, str], operation_id: str) -> None:
    path, method, operation = OPERATIONS[operation_id]
    person = person_for(people, path, operation)
    times = 20 if method in ("post", "put") else 6

    @settings(max_examples=times, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(requests(operation_id))
    def send(request: dict[str, Any]) -> None:
        headers = [(b"Authorization", person.client.headers["Authorization"].encode()), *request["headers"]]
        request_path = address(path, target, request["places"])
        with_query = f"{request_path}?{httpx.QueryParams(request['params'])}" if request["params"] else request_path
        answer = person.client.request(method, with_query, headers=headers, content=request["content"])
        assert is_proper_answer(answer), answer.text
        if request_path == address(path, target, [None] * 3):  # another path may name another operation
            assert str(answer.status_code) in {*operation["responses"], *BEFORE_ANY_OPERATION}, answer.text

    send()


def test_a_spoilt_body_reaches_every_form() -> None:
    triggers = {trigger for operation_id in OPERATIONS for _, trigger in triggers_of(operation_id)}

    assert len(triggers) > 40
    assert spoil({"a": [1, {"b": 2}]}, [0, 1, 0], "x") == {"a": [1, {"b": "x"}]}
