"""No refusal, no failure and no line of the log holds what somebody typed."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api_tests.support.administration import DECISIONS
from api_tests.support.case_file import CaseFile
from api_tests.support.databases import new_database
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.engines import ENGINES
from api_tests.support.people import People, Person, everybody
from api_tests.support.problems import problem_of
from api_tests.support.processes import Process, process
from api_tests.support.sabotages import broken_by
from api_tests.support.workflows import form_for
from service.database.engine import open_engine

pytestmark = pytest.mark.server

TYPED = "Zwaardvisje"


@pytest.fixture(scope="module", params=ENGINES)
def alone(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """The service in a process of its own, on a database of its own."""
    folder = tmp_path_factory.mktemp(f"alone_{request.param}")
    with process(folder, new_database(request, folder, request.param)) as started:
        yield started


@pytest.fixture(scope="module")
def its_people(alone: Process) -> Iterator[People]:
    people = everybody(alone.url)
    yield people
    for person in people.values():
        person.client.close()


def in_forms(case: CaseFile) -> Iterator[httpx.Response]:
    anna, referral = case.people.anna, form_for("case", "submit") or {}
    wrongs = (TYPED, [TYPED], {"code": TYPED}, {"text": TYPED}, TYPED * 5000, {"code": "other", "text": [TYPED]})
    for name in referral:
        for wrong in wrongs:
            yield anna.post("/cases", {"trigger": "submit", "form": {**referral, name: wrong}})
    for body in (TYPED, [TYPED], {"trigger": TYPED}, {"trigger": "submit", "form": TYPED, "draftId": TYPED}):
        yield anna.post("/cases", body)
        yield anna.post(f"{case.path}/transitions", body, version=1)
    for step in ({"occurredAt": TYPED}, {"form": {"text": f"\x00{TYPED}"}}, {"grounds": {TYPED: 1}}, {"form": [TYPED]}):
        yield anna.post(f"{case.path}/transitions", {"trigger": "add_note", **step}, version=1)
    yield case.attempt("close", by="esra", grounds=TYPED)
    yield case.attempt("start_triage", by="anna", grounds=TYPED)
    yield case.attempt("add_note", by="anna", grounds=TYPED, text=TYPED, version=99)
    yield anna.client.post("/demonstration/tokens", json={"person": TYPED})


def in_json(case: CaseFile) -> Iterator[httpx.Response]:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    broken = (TYPED, '{"form": {"a": "TYPED"', '{"form": "TYPED", "form": 1}', '{"form": {"a": "TYPED\\ud800"}}')
    for content in (*broken, '{"form": {"TYPED": 1e999}}', '{"form": {"TYPED": ' + "[" * 5000):
        yield case.people.anna.client.post("/drafts", content=content.replace("TYPED", TYPED).encode(), headers=headers)


def in_addresses(case: CaseFile) -> Iterator[httpx.Response]:
    anna = case.people.anna
    for query in ("state", "party", "dueBefore", "number", "limit", "cursor", "includeEnded", "whose", "kind"):
        yield anna.get("/work-items", params={query: TYPED})
    yield anna.get("/learning/histories", params={"region": TYPED})
    yield anna.client.request("PATCH", f"/cases/{TYPED}")
    for path in ("/cases/TYPED", "/TYPED", "/workflows/TYPED", "/drafts/TYPED", f"{case.path}/transitions/TYPED"):
        yield anna.get(path.replace("TYPED", TYPED))


def around_the_cases(case: CaseFile) -> Iterator[httpx.Response]:
    """Where administrators and providers type."""
    roos, ivo = case.people.roos, case.people.ivo
    ret, region = str(ORGANISATION_IDS["ret"]), "/regions/JZ10/settings"
    asked: list[tuple[Person, str, dict[str, Any]]] = [
        (roos, "/organisations", DECISIONS["addOrganisation"]),
        (roos, "/people", DECISIONS["addPerson"]),
        (roos, "/person-searches", DECISIONS["findPerson"]),
        (roos, "/memberships", DECISIONS["beginMembership"]),
        (roos, "/coverage-ends", DECISIONS["endCoverage"]),
        (roos, region, {"validFrom": "2098-01-01", "settings": {"small_cell": 5}}),
        (roos, "/workflow-plans", {"kind": "case", "from": "0" * 64, "mapping": {}}),
        (roos, "/subscriptions", {"organisationId": ret, "url": "https://127.0.0.1/", "types": []}),
        (ivo, "/offers", {"providerId": ret, "domain": {"code": "living"}, "expertise": "Rust."}),
        (case.people.mila, "/escalation-signals", {"trigger": "signal_escalation", "number": "0000-0000", "form": {}}),
    ]
    for person, path, body in asked:
        for name in (*body, "form"):
            for wrong in (f"{TYPED}\x00", [TYPED], {"code": TYPED}, {"working_days": TYPED}):
                yield person.post(path, {**body, name: wrong})
    yield roos.post("/person-searches", {"issuer": TYPED, "subject": TYPED})
    yield roos.post("/subscriptions", {"organisationId": ret, "url": f"https://{TYPED}:{TYPED}@example.org/"})
    yield roos.post("/subscriptions", {"organisationId": ret, "url": f"https://{TYPED}.invalid/{TYPED}"})
    for path in (
        f"/regions/{TYPED}/settings",
        f"/regions/{TYPED}/gaps",
        f"/workflow-plans/{TYPED}",
        f"/people/{TYPED}",
    ):
        yield roos.get(path)
    for query in ("region", "domain", "function", "provider"):
        yield ivo.get("/offers", params={query: TYPED})
    for query in ("after", "limit", "organisation"):
        yield ivo.get("/events", params={query: TYPED})


def in_headers(case: CaseFile) -> Iterator[httpx.Response]:
    ours = ("If-Match", "Idempotency-Key", "Authorization", "Accept", "Content-Type")
    for name in (*ours, "Accept-Language", "traceparent", "X-Request-Id", "Forwarded", "User-Agent"):
        headers = {"If-Match": '"9"', "Idempotency-Key": str(uuid4()), name: f"{TYPED} {TYPED}"}
        body = {"trigger": "add_note", "form": {"text": "x"}}
        yield case.people.anna.client.post(f"{case.path}/transitions", json=body, headers=headers)


@broken_by(
    "nothing typed is said back",
    "service/vocabulary/input_faults.py",
    'json_pointer(under, error["loc"]), *_code_and_sentence(error))',
    'json_pointer(under, (*error["loc"], str(error.get("ctx")))), *_code_and_sentence(error))',
)
@broken_by(
    "the log names no address",
    "service/http/edge.py",
    "                status=answer.status,\n                ms",
    '                status=scope["path"],\n                ms',
)
@pytest.mark.parametrize(
    "place", [in_forms, in_json, in_addresses, around_the_cases, in_headers], ids=lambda it: it.__name__
)
def test_no_refusal_and_no_log_says_back_what_somebody_typed(
    alone: Process, its_people: People, place: Callable[[CaseFile], Iterator[httpx.Response]]
) -> None:
    case = CaseFile.submitted(its_people)

    refused = [it for it in place(case) if it.status_code != 201]

    assert len(refused) > 5
    assert {it.status_code for it in refused} <= {400, 401, 403, 404, 405, 406, 409, 412, 415}
    said = [it.text + json.dumps(dict(it.headers)) for it in refused]
    assert [it for it in said if TYPED.lower() in it.lower()] == []
    alone.log_once(lambda lines: {_trace(it) for it in refused} <= {line.get("trace_id") for line in lines})
    assert TYPED.lower() not in alone.log_file.read_text(encoding="utf-8").lower()


def _trace(answer: httpx.Response) -> str:
    return answer.headers["traceparent"].split("-")[1]


def test_the_log_tells_of_a_request_its_route_and_never_its_address(alone: Process, its_people: People) -> None:
    case = CaseFile.submitted(its_people)
    answer = its_people.anna.get(f"{case.path}/transitions?paeg=2")

    trace = _trace(answer)
    lines = alone.log_once(lambda lines: any(line.get("trace_id") == trace for line in lines))
    told = next(line for line in lines if line.get("trace_id") == trace)
    assert told.pop("request_id") == answer.headers["traceparent"].split("-")[2]
    del told["timestamp"], told["ms"]
    assert told == {
        "event": "request",
        "level": "info",
        "method": "GET",
        "route": "/cases/{caseId}/transitions",
        "status": 400,
        "trace_id": trace,
    }
    assert case.id not in alone.log_file.read_text(encoding="utf-8")


@broken_by(
    "ASVS 16.3: every refusal leaves a line with its kind, its route and its moment",
    "service/http/edge.py",
    "                status=answer.status,\n                ms=",
    "                status=min(answer.status, 400),\n                ms=",
)
def test_every_refusal_leaves_a_line_with_its_kind_route_and_moment(alone: Process, its_people: People) -> None:
    """By whom is not in it: whose token was not taken is unproven, and the log names nobody."""
    case = CaseFile.submitted(its_people)
    anna, wrong = its_people.anna, {"Authorization": "Bearer nonsense"}
    refused = {
        401: anna.get(case.path, headers=wrong),
        403: case.attempt("start_triage", by="anna"),
        404: its_people.ivo.get(case.path),
        409: case.attempt("close", by="esra"),
        412: case.attempt("add_note", by="anna", version=9),
        400: anna.get(f"{case.path}?paeg=2"),
    }

    of_each = {_trace(it): it for it in refused.values()}
    lines = alone.log_once(lambda lines: of_each.keys() <= {line.get("trace_id") for line in lines})
    told = {line["status"]: line for line in lines if line.get("trace_id") in of_each}
    assert {status: it.status_code for status, it in refused.items()} == {status: status for status in refused}
    assert told.keys() == refused.keys()
    assert {it["route"].startswith("/cases/{caseId}") for it in told.values()} == {True}
    assert {datetime.fromisoformat(it["timestamp"]).utcoffset() for it in told.values()} == {timedelta(0)}


def test_an_error_inside_is_told_to_nobody_but_by_its_type_and_place_to_the_log(
    alone: Process, its_people: People
) -> None:
    case, key = CaseFile.submitted(its_people), str(uuid4())
    engine = open_engine(alone.database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE outbox RENAME TO outbox_gone")

    answer = case.attempt("add_note", by="anna", version=1, key=key, grounds=TYPED, text=TYPED)

    told = problem_of(answer, 500, "internal")
    assert told.keys() == {"type", "title", "status", "detail", "code"}
    for secret in ("outbox", "sql", "traceback", "service.", "/", TYPED):
        assert secret.lower() not in told["detail"].lower()
    trace = _trace(answer)
    lines = alone.log_once(
        lambda lines: any(line["event"] == "request" and line["trace_id"] == trace for line in lines)
    )
    logged = next(line for line in lines if line["event"] == "unexpected")
    assert logged.keys() == {"event", "error", "place", "trace_id", "level", "timestamp"}
    assert (logged["trace_id"], logged["level"]) == (trace, "error")
    assert logged["place"].startswith("service.cases.store.cases:")
    assert logged["error"] in ("OperationalError", "ProgrammingError")
    assert "outbox" not in alone.log_file.read_text(encoding="utf-8")

    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE outbox_gone RENAME TO outbox")
    engine.dispose()
    assert [it["trigger"] for it in case.history()] == ["submit"]
    assert case.attempt("add_note", by="anna", version=1, key=key, grounds=TYPED, text=TYPED).status_code == 201
