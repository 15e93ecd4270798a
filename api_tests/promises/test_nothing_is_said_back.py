"""No refusal, no failure and no line of the log repeats text that a person typed."""

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
def own_process(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """The service in a process of its own, on a database of its own."""
    folder = tmp_path_factory.mktemp(f"alone_{request.param}")
    with process(folder, new_database(request, folder, request.param)) as own_process:
        yield own_process


@pytest.fixture(scope="module")
def people_there(own_process: Process) -> Iterator[People]:
    people = everybody(own_process.url)
    yield people
    for person in people.values():
        person.client.close()


def in_forms(case: CaseFile) -> Iterator[httpx.Response]:
    anna, referral = case.people.anna, form_for("case", "submit") or {}
    bad_values = (TYPED, [TYPED], {"code": TYPED}, {"text": TYPED}, TYPED * 5000, {"code": "other", "text": [TYPED]})
    for name in referral:
        for value in bad_values:
            yield anna.post("/cases", {"trigger": "submit", "form": {**referral, name: value}})
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
    bad_contents = (TYPED, '{"form": {"a": "TYPED"', '{"form": "TYPED", "form": 1}', '{"form": {"a": "TYPED\\ud800"}}')
    for content in (*bad_contents, '{"form": {"TYPED": 1e999}}', '{"form": {"TYPED": ' + "[" * 5000):
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
    """Requests of administrators and providers."""
    roos, ivo = case.people.roos, case.people.ivo
    ret, region = str(ORGANISATION_IDS["ret"]), "/regions/JZ10/settings"
    requests: list[tuple[Person, str, dict[str, Any]]] = [
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
    for person, path, body in requests:
        for name in (*body, "form"):
            for value in (f"{TYPED}\x00", [TYPED], {"code": TYPED}, {"working_days": TYPED}):
                yield person.post(path, {**body, name: value})
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
    read_headers = ("If-Match", "Idempotency-Key", "Authorization", "Accept", "Content-Type")
    for name in (*read_headers, "Accept-Language", "traceparent", "X-Request-Id", "Forwarded", "User-Agent"):
        headers = {"If-Match": '"9"', "Idempotency-Key": str(uuid4()), name: f"{TYPED} {TYPED}"}
        body = {"trigger": "add_note", "form": {"text": "x"}}
        yield case.people.anna.client.post(f"{case.path}/transitions", json=body, headers=headers)


@broken_by(
    "No refusal and no log repeats typed text",
    "service/vocabulary/input_faults.py",
    'json_pointer(under, error["loc"]), *_code_and_sentence(error))',
    'json_pointer(under, (*error["loc"], str(error.get("ctx")))), *_code_and_sentence(error))',
)
@broken_by(
    "The log names the route of a request and not its address",
    "service/http/edge.py",
    "                status=answer.status,\n                ms",
    '                status=scope["path"],\n                ms',
)
@pytest.mark.parametrize(
    "place", [in_forms, in_json, in_addresses, around_the_cases, in_headers], ids=lambda place: place.__name__
)
def test_no_refusal_and_no_log_repeats_typed_text(
    own_process: Process, people_there: People, place: Callable[[CaseFile], Iterator[httpx.Response]]
) -> None:
    case = CaseFile.submitted(people_there)

    refusals = [answer for answer in place(case) if answer.status_code != 201]

    assert len(refusals) > 5
    assert {refusal.status_code for refusal in refusals} <= {400, 401, 403, 404, 405, 406, 409, 412, 415}
    texts = [refusal.text + json.dumps(dict(refusal.headers)) for refusal in refusals]
    assert [text for text in texts if TYPED.lower() in text.lower()] == []
    own_process.log_once(
        lambda lines: {_trace(refusal) for refusal in refusals} <= {line.get("trace_id") for line in lines}
    )
    assert TYPED.lower() not in own_process.log_file.read_text(encoding="utf-8").lower()


def _trace(answer: httpx.Response) -> str:
    return answer.headers["traceparent"].split("-")[1]


def test_the_log_tells_of_a_request_its_route_and_never_its_address(own_process: Process, people_there: People) -> None:
    case = CaseFile.submitted(people_there)
    answer = people_there.anna.get(f"{case.path}/transitions?paeg=2")

    trace = _trace(answer)
    lines = own_process.log_once(lambda lines: any(line.get("trace_id") == trace for line in lines))
    line = next(line for line in lines if line.get("trace_id") == trace)
    assert line.pop("request_id") == answer.headers["traceparent"].split("-")[2]
    del line["timestamp"], line["ms"]
    assert line == {
        "event": "request",
        "level": "info",
        "method": "GET",
        "route": "/cases/{caseId}/transitions",
        "status": 400,
        "trace_id": trace,
    }
    assert case.id not in own_process.log_file.read_text(encoding="utf-8")


@broken_by(
    "ASVS 16.3: every refusal leaves a log line with its kind, route and moment",
    "service/http/edge.py",
    "                status=answer.status,\n                ms=",
    "                status=min(answer.status, 400),\n                ms=",
)
def test_every_refusal_leaves_a_line_with_its_kind_route_and_moment(own_process: Process, people_there: People) -> None:
    """The line names no person: an identity without an accepted token is unproven."""
    case = CaseFile.submitted(people_there)
    anna, bad_token = people_there.anna, {"Authorization": "Bearer nonsense"}
    answers = {
        401: anna.get(case.path, headers=bad_token),
        403: case.attempt("start_triage", by="anna"),
        404: people_there.ivo.get(case.path),
        409: case.attempt("close", by="esra"),
        412: case.attempt("add_note", by="anna", version=9),
        400: anna.get(f"{case.path}?paeg=2"),
    }

    by_trace = {_trace(answer): answer for answer in answers.values()}
    lines = own_process.log_once(lambda lines: by_trace.keys() <= {line.get("trace_id") for line in lines})
    log_lines = {line["status"]: line for line in lines if line.get("trace_id") in by_trace}
    assert {status: answer.status_code for status, answer in answers.items()} == {status: status for status in answers}
    assert log_lines.keys() == answers.keys()
    assert {line["route"].startswith("/cases/{caseId}") for line in log_lines.values()} == {True}
    assert {datetime.fromisoformat(line["timestamp"]).utcoffset() for line in log_lines.values()} == {timedelta(0)}


def test_an_internal_error_is_told_by_type_and_place_to_the_log_alone(
    own_process: Process, people_there: People
) -> None:
    case, key = CaseFile.submitted(people_there), str(uuid4())
    engine = open_engine(own_process.database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE outbox RENAME TO outbox_gone")

    answer = case.attempt("add_note", by="anna", version=1, key=key, grounds=TYPED, text=TYPED)

    problem = problem_of(answer, 500, "internal")
    assert problem.keys() == {"type", "title", "status", "detail", "code"}
    for secret in ("outbox", "sql", "traceback", "service.", "/", TYPED):
        assert secret.lower() not in problem["detail"].lower()
    trace = _trace(answer)
    lines = own_process.log_once(
        lambda lines: any(line["event"] == "request" and line["trace_id"] == trace for line in lines)
    )
    entry = next(line for line in lines if line["event"] == "unexpected")
    assert entry.keys() == {"event", "error", "place", "trace_id", "level", "timestamp"}
    assert (entry["trace_id"], entry["level"]) == (trace, "error")
    assert entry["place"].startswith("service.cases.store.cases:")
    assert entry["error"] in ("OperationalError", "ProgrammingError")
    assert "outbox" not in own_process.log_file.read_text(encoding="utf-8")

    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE outbox_gone RENAME TO outbox")
    engine.dispose()
    assert [step["trigger"] for step in case.history()] == ["submit"]
    assert case.attempt("add_note", by="anna", version=1, key=key, grounds=TYPED, text=TYPED).status_code == 201
