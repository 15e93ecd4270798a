"""Moments, days and traces: the accepted forms, and the form of the answers."""

import re
from typing import Any

import httpx
import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.openapi_documents import walk_nodes
from api_tests.support.people import People
from api_tests.support.problems import faults_in, problem_of
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.workflows import form_for

NO_MOMENTS: list[tuple[Any, str]] = [
    ("2026-01-31T09:30:00", "timezone_aware"),
    ("2026-01-31t09:30:00Z", "datetime_parsing"),
    ("2026-01-31T09:30:00z", "datetime_parsing"),
    ("2026-01-31T09:30:00-00:00", "datetime_parsing"),
    ("2026-01-31 09:30:00Z", "datetime_parsing"),
    ("2026-01-31T09:30Z", "datetime_parsing"),
    ("2026-01-31T09:30:00+0100", "datetime_parsing"),
    ("20260131T093000Z", "datetime_parsing"),
    ("2026-01-31", "datetime_parsing"),
    ("2026-02-30T09:30:00Z", "datetime_parsing"),
    ("2026-01-31T25:00:00Z", "datetime_parsing"),
    ("2026-01-31T09:30:00+99:00", "datetime_parsing"),
    ("0001-01-01T00:00:00+14:00", "datetime_parsing"),
    ("9999-12-31T23:59:59-14:00", "datetime_parsing"),
    ("\u0662\u0660\u0662\u0666-01-31T09:30:00Z", "datetime_parsing"),
    ("1769851800", "datetime_parsing"),
    (1769851801, "datetime_parsing"),
    (1769851800.5, "datetime_parsing"),
    (True, "datetime_parsing"),
    ([], "datetime_parsing"),
]


@broken_by(
    "A moment with the offset -00:00 is refused",
    "service/vocabulary/fields.py",
    'if match is None or match[1] == "-00:00":',
    "if match is None:",
)
@pytest.mark.parametrize(("moment", "code"), NO_MOMENTS)
def test_a_value_that_is_no_moment_with_an_offset_is_refused(
    people: People, case: CaseFile, moment: Any, code: str
) -> None:
    body = {"trigger": "add_note", "form": {"text": "x"}, "occurredAt": moment}

    answer = people.anna.post(f"{case.path}/transitions", body, version=1)

    assert faults_in(answer) == {("body", "/occurredAt", code)}


@broken_by(
    "A moment in an address shows how a plus sign is written",
    "service/http/strict_route.py",
    'if place == "query" and error["type"] in _MOMENT_FAULTS:',
    'if place == "nowhere":',
)
@pytest.mark.parametrize("path", ["", "/transitions", "/file"])
@pytest.mark.parametrize("typed", ["2026-01-31T09:30:00+01:00", "2026-01-31T09:30:00", "gisteren"])
def test_a_moment_in_an_address_with_a_bare_plus_is_refused_with_the_way_to_write_it(
    people: People, case: CaseFile, typed: str, path: str
) -> None:
    (fault,) = problem_of(people.anna.get(f"{case.path}{path}?knownAt={typed}"), 400, "invalid")["errors"]
    as_shown = people.anna.get(f"{case.path}{path}?knownAt=2126-01-31T09:30:00%2B01:00")

    assert "2026-01-31T09:30:00%2B01:00" in fault["nl"]
    assert "2026-01-31T09:30:00%2B01:00" in fault["en"]
    assert faults_in(as_shown) == {("query", "knownAt", "moment_in_future")}, "read as a moment"


@pytest.mark.parametrize(
    ("moment", "in_utc"),
    [
        ("2025-06-15T09:30:00Z", "2025-06-15T09:30:00Z"),
        ("2025-06-15T09:30:00+01:00", "2025-06-15T08:30:00Z"),
        ("2025-06-15T00:30:00+02:00", "2025-06-14T22:30:00Z"),
        ("2025-06-15T09:30:00.25-05:30", "2025-06-15T15:00:00.250000Z"),
        ("2025-06-15T09:30:00.123456789Z", "2025-06-15T09:30:00.123456Z"),
    ],
)
def test_a_moment_with_any_offset_is_answered_in_utc(people: People, moment: str, in_utc: str) -> None:
    body = {"trigger": "submit", "form": form_for("case", "submit"), "occurredAt": moment}

    submission = people.anna.post("/cases", body)

    assert submission.status_code == 201, submission.text
    assert submission.json()["transition"]["occurredAt"] == in_utc
    assert submission.json()["transition"]["recordedAt"].endswith("Z")


@pytest.mark.parametrize(
    "day", ["2026-01-31T00:00:00", "2026-01-31T00:00:00Z", "1769817600", "2026-1-31", "31-01-2026"]
)
def test_a_day_carries_no_time(people: People, day: str) -> None:
    listing = people.anna.get("/cases", params={"dueBefore": day})
    form = {**(form_for("case", "submit") or {}), "residence": {"municipality": "GM0392", "sinceOn": day}}
    submission = people.anna.post("/cases", {"trigger": "submit", "form": form})

    assert faults_in(listing) == {("query", "dueBefore", "date_type")}
    assert faults_in(submission) == {("body", "/form/residence/sinceOn", "date_type")}


def test_names_of_days_end_in_on_and_names_of_moments_in_at(people: People, case: CaseFile) -> None:
    case.go_to("arranging_placement")
    answers = [
        people.esra.get(f"{case.path}{suffix}").json()
        for suffix in ("", "/transitions", "/file", "/advices", "/advices/1")
    ]

    members = [
        (name, value)
        for _, node in walk_nodes(answers)
        if isinstance(node, dict)
        for name, value in node.items()
        if value
    ]
    values_of_days = [value for name, value in members if re.search(r"[a-z]On$", name)]
    days = [day for value in values_of_days for day in (value if isinstance(value, list) else [value])]
    moments = [value for name, value in members if re.search(r"[a-z]At$", name) and name != "reachableAt"]
    assert len(days) > 5 < len(moments)
    assert [day for day in days if not re.fullmatch(r"\d{4}-\d\d-\d\d", day)] == []
    assert [
        moment for moment in moments if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", moment)
    ] == []


TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def trace_of(answer: httpx.Response) -> str:
    """Returns the trace that the answer belongs to. Its span is the service's own."""
    version, trace, span, flags = answer.headers["traceparent"].split("-")
    assert re.fullmatch("[0-9a-f]{32}", trace)
    assert re.fullmatch("[0-9a-f]{16}", span)
    assert (version, flags) == ("00", "01")
    assert span not in (SPAN, "0" * 16)
    return str(trace)


@pytest.mark.parametrize("path", ["/v1/regions", "/v1/cases", "/nowhere"])
def test_a_trace_goes_on_in_the_answer(service: RunningService, path: str) -> None:
    answer = httpx.get(f"{service.url}{path}", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})

    assert trace_of(answer) == TRACE


@broken_by(
    "An invalid trace is replaced by a new one",
    "service/http/edge.py",
    "if match and not _INVALID_IDS & set(match.groups())",
    "if match",
)
@pytest.mark.parametrize(
    "traceparent",
    [
        None,
        "",
        "nonsense",
        f"00-{TRACE}-{SPAN}",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
    ],
)
def test_an_invalid_trace_is_replaced_by_a_new_one(service: RunningService, traceparent: str | None) -> None:
    headers = {"traceparent": traceparent} if traceparent is not None else {}
    traces = {trace_of(httpx.get(f"{service.url}/v1/regions", headers=headers)) for _ in range(2)}

    assert len(traces) == 2
    assert traces.isdisjoint({TRACE, "0" * 32})
