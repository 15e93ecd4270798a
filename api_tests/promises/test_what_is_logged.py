"""The log, and telemetry beside it: declared events with declared fields, and nothing else."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from opentelemetry import _logs, metrics, trace

from api_tests.support.case_file import CaseFile
from api_tests.support.checkout import ROOT
from api_tests.support.people import everybody
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import running, settings_for
from service.logs import LOG_EVENTS


def log_calls() -> Iterator[tuple[str, ast.Call]]:
    """Yields every call in the service that writes to the log: (place, call)."""
    for file in sorted((ROOT / "service").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            function = node.func if isinstance(node, ast.Call) else None
            if isinstance(node, ast.Call) and isinstance(function, ast.Attribute):
                owner = function.value
                if isinstance(owner, ast.Name) and owner.id in ("log", "logger", "logging", "structlog"):
                    yield f"{file.relative_to(ROOT)}:{node.lineno} {function.attr}", node


def test_every_log_call_is_declared_and_writes_no_exception() -> None:
    """`log.exception` would write a trace, whose last line can hold typed text."""
    calls = [(place, call) for place, call in log_calls() if place.endswith((" debug", " info", " warning", " error"))]
    other_methods = {place.rpartition(" ")[2] for place, _ in log_calls()} - {"debug", "info", "warning", "error"}

    events = {
        (place, argument.value) for place, call in calls for argument in call.args if isinstance(argument, ast.Constant)
    }
    undeclared = [
        f"{place} {keyword.arg}"
        for place, call in calls
        for keyword in call.keywords
        if keyword.arg not in LOG_EVENTS[str(ast.literal_eval(call.args[0]))]
    ]

    assert len(events) == len(calls) >= 4
    assert undeclared == []
    assert other_methods.isdisjoint({"exception", "critical", "fatal", "msg", "log"})


SCRIPT = """
import json, logging, structlog
from service.logs import configure_logging
configure_logging("DEBUG")
log = structlog.get_logger("casusroute")
log.info("request", method="GET", route="/cases/{case_id}", status=200, ms=1.5, trace_id="a\\nb", path="/cases/MARK")
log.error("unexpected", error=ValueError("MARK"), place=["MARK"], trace_id="x" * 5000, exc_info=ValueError("MARK"))
log.warning("something MARK", name="MARK")
for name in ("uvicorn.error", "uvicorn.access", "sqlalchemy.engine", "httpx", "asyncio"):
    library = logging.getLogger(name)
    library.setLevel(logging.DEBUG)
    library.info("GET %s", "MARK", extra={"MARK": "MARK"})
    try:
        raise ValueError("MARK")
    except ValueError:
        library.exception("MARK")
"""


@broken_by(
    "The log omits a field that was not declared",
    "service/logs.py",
    "for name, value in event.items() if name in fields}",
    "for name, value in event.items() if name in fields or fields}",
)
@pytest.mark.server
def test_an_undeclared_field_is_not_written_and_of_libraries_only_the_name() -> None:
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    lines = [json.loads(line) for line in (process.stdout + process.stderr).splitlines()]

    own_lines = [line for line in lines if line["event"] != "library"]
    assert "MARK" not in process.stdout + process.stderr
    assert [line["event"] for line in own_lines] == ["request", "unexpected", "undeclared"]
    assert own_lines[0].keys() == {"event", "level", "timestamp", "method", "route", "status", "ms", "trace_id"}
    assert (own_lines[1]["error"], own_lines[1]["place"], len(own_lines[1]["trace_id"])) == ("ValueError", "list", 200)
    assert own_lines[2].keys() == {"event", "level", "timestamp"}
    assert len(lines) - len(own_lines) == 10
    assert {line.keys() - {"event", "logger", "level"} == set() for line in lines if line not in own_lines} == {True}
    assert all(line["timestamp"].endswith("Z") for line in own_lines)


class TelemetrySdk:
    """Stands in for an OpenTelemetry SDK, which would export everything that it is handed."""

    def __getattr__(self, name: str) -> Any:
        def refuse(*_: object, **__: object) -> NoReturn:
            raise AssertionError(f"telemetry was asked for {name}")

        return refuse


@broken_by(
    "The service sends nothing to an OpenTelemetry that is installed",
    "service/http/application.py",
    'telemetry={"tracing": False, ',
    'telemetry={"tracing": True, ',
)
@pytest.mark.server
def test_nothing_is_exported_to_an_opentelemetry_that_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The framework would trace, meter and log every request, with its address and the messages of exceptions."""
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", TelemetrySdk())
    monkeypatch.setattr(metrics._internal, "_METER_PROVIDER", TelemetrySdk())  # noqa: SLF001 - it can be set but once
    monkeypatch.setattr(_logs._internal, "_LOGGER_PROVIDER", TelemetrySdk())  # noqa: SLF001 - where OpenTelemetry keeps it
    assert isinstance(trace.get_tracer_provider(), TelemetrySdk)
    assert isinstance(metrics.get_meter_provider(), TelemetrySdk)
    assert isinstance(_logs.get_logger_provider(), TelemetrySdk)

    with running(settings_for(tmp_path, f"sqlite:///{tmp_path / 'casusroute.db'}")) as service:
        people = everybody(service.url)
        case = CaseFile.submitted(people)
        answers = [people.esra.get(f"{case.path}/file"), people.esra.get("/cases?paeg=2"), people.esra.get("/nowhere")]
        for person in people.values():
            person.client.close()

    assert [answer.status_code for answer in answers] == [200, 400, 404]
