"""The service as a process, observed while each step is taken with marks in each text that people type."""

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine

from api_tests.support.canaries import Canaries
from api_tests.support.case_file import CaseFile
from api_tests.support.checkout import ROOT
from api_tests.support.databases import environment_of
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.every_step import Part, step_arguments
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.receivers import Receiver, feed
from api_tests.support.shared_case import FAR_AHEAD
from api_tests.support.workflows import RULES, form_for
from service.people.use_cases.demonstration import DEMONSTRATION_ISSUER
from service.workflows.rules.kinds import PartKind


@dataclass
class WatchedService:
    """A service in a process of its own, its output, and its answers."""

    people: People
    engine: Engine
    log: Path
    folder: Path
    receiver: Receiver
    metrics_url: str
    canaries: Canaries = field(default_factory=Canaries)
    words: Canaries = field(default_factory=lambda: Canaries("mussën"))  # of organisations, not of a case
    answers: list[httpx.Response] = field(default_factory=list)
    cases: list[CaseFile] = field(default_factory=list)

    def mark(self, place: str) -> str:
        return self.canaries.mark("request", place)


class Process:
    """The service as an operator runs it, with its output in a file."""

    def __init__(self, folder: Path, database_url: str) -> None:
        with socket.socket() as probe, socket.socket() as metrics_probe:
            probe.bind(("127.0.0.1", 0))
            metrics_probe.bind(("127.0.0.1", 0))
            self._port, self._metrics_port = probe.getsockname()[1], metrics_probe.getsockname()[1]
        self.metrics_url = f"http://127.0.0.1:{self._metrics_port}/metrics"
        self._log = folder / "output.log"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CASUSROUTE_")},
            "CASUSROUTE_PORT": str(self._port),
            "CASUSROUTE_METRICS_PORT": str(self._metrics_port),
            **environment_of(database_url),
            "CASUSROUTE_MASTER_KEY_FILE": str(folder / "master.key"),
            "CASUSROUTE_LOG_LEVEL": "DEBUG",
            "CASUSROUTE_WEBHOOK_TARGETS": "any",
            "CASUSROUTE_DATABASE_MAY_LOSE_DATA": "true",
        }

    def __enter__(self) -> tuple[str, Path]:
        with self._log.open("wb") as log:
            command = [sys.executable, "-m", "service", "run"]
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)
        url = f"http://127.0.0.1:{self._port}"
        deadline = time.monotonic() + 60
        while not _answers(url):
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, "the service did not start"
        return url, self._log

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/v1/health", timeout=2).is_success
    except httpx.TransportError:
        return False


def keep_answer(watched: WatchedService, answer: httpx.Response) -> None:
    answer.read()
    watched.answers.append(answer)


def submit_case(watched: WatchedService) -> CaseFile:
    """Submit a case: the first from a draft that was saved twice, the others directly."""
    anna, grounds = watched.people.anna, watched.mark("grounds")
    form = watched.canaries.mark_form("referral@1", form_for("case", "submit") or {})
    body: dict[str, Any] = {"trigger": "submit", "grounds": grounds, "form": form}
    if not watched.cases:
        draft = anna.post("/drafts", {"form": watched.canaries.mark_form("referral@1", form)}).json()
        saved = anna.client.put(f"/drafts/{draft['id']}", json={"form": form}, headers={"If-Match": '"1"'})
        assert saved.json()["complete"], saved.text
        body = {"trigger": "submit", "grounds": grounds, "draftId": draft["id"]}
    answer = anna.post("/cases", body)
    assert answer.status_code == 201, answer.text
    watched.cases.append(CaseFile(watched.people, answer.json()["caseId"], answer.json()["number"], ["submit"]))
    return watched.cases[-1]


def ask_consult(watched: WatchedService) -> CaseFile:
    """Begin a case with a question for a consult."""
    form = watched.canaries.mark_form("consult_request@1", filled("consult_request@1"))
    answer = watched.people.anna.post("/cases", {"trigger": "ask_consult", "form": form})
    assert answer.status_code == 201, answer.text
    watched.cases.append(CaseFile(watched.people, answer.json()["caseId"], answer.json()["number"], ["ask_consult"]))
    return watched.cases[-1]


def take_step(watched: WatchedService, case: CaseFile, trigger: str, part: Part) -> None:
    """Take a step twice, each time with new marks: first at a time in the future, which is refused, then for good."""
    kind: PartKind = part["kind"] if part else "case"
    name = RULES.current(kind).definition.triggers[trigger].form
    for when in (FAR_AHEAD, None):
        options = step_arguments(case, trigger, part, watched.mark("amendment"))
        form = options.pop("form", None) or form_for(kind, trigger)
        if name and form and name != "amendment@1":
            form = watched.canaries.mark_form(name, form)
        step = {**options, "part": part, "form": form, "grounds": watched.mark("grounds"), "occurred_at": when}
        if when:
            assert case.attempt(trigger, **step).status_code == 400
        else:
            case.fire(trigger, **step)


def begin_outside_file(watched: WatchedService) -> None:
    """Begin the parts outside the file: a request about the file, and emergency access."""
    case, marked = watched.cases[0], watched.canaries.mark_form
    file_request = {"trigger": "ask_about_file", "form": marked("file_request@1", filled("file_request@1"))}
    answers = [watched.people.anna.post(f"{case.path}/file-requests", file_request)]
    emergency_access = {
        "trigger": "take_emergency_access",
        "form": marked("emergency_access@1", filled("emergency_access@1")),
    }
    answers.append(watched.people.petra.post("/emergency-accesses", emergency_access | {"number": case.number}))
    entry_destruction = {
        "trigger": "propose_destruction",
        "form": marked("entry_destruction@1", filled("entry_destruction@1", partId=case.id, number=2)),
    }
    answers.append(watched.people.carla.post(f"{case.path}/entry-destructions", entry_destruction))
    assert [answer.status_code for answer in answers] == [201, 201, 201], [answer.text for answer in answers]


def adopt(watched: WatchedService, case: CaseFile) -> None:
    """Move a case that began on an older version to the workflow in force, with grounds."""
    roos, old = watched.people.roos, case.history()[0]["workflow"]
    plan = roos.post("/workflow-plans", {"kind": "case", "from": old}).json()["hash"]
    adoption = roos.post(f"/workflow-plans/{plan}/adoptions", {"grounds": watched.mark("grounds")})
    assert adoption.json()["adopted"] == 1, adoption.text
    watched.cases.append(case)


def administer(watched: WatchedService) -> None:
    """Change organisations and people, and add an offer with a statement."""
    roos, ivo, word = watched.people.roos, watched.people.ivo, watched.words.mark
    organisation = roos.post("/organisations", {"kind": "provider", "name": word("request", "name")}).json()
    roos.post(f"/organisations/{organisation['subject']}/names", {"name": word("request", "name")})
    person = {"issuer": DEMONSTRATION_ISSUER, "subject": word("request", "subject"), "name": word("request", "name")}
    person_change = roos.post("/people", person).json()
    roos.post(f"/people/{person_change['subject']}/names", {"name": word("request", "name")})
    assert roos.post("/people", person).status_code == 409
    assert roos.post("/organisations", {"kind": word("request", "kind"), "name": 1}).status_code == 400
    other = {"code": "other", "text": word("request", "other")}
    provider = str(ORGANISATION_IDS["de-veste"])
    offer = {"providerId": provider, "domain": other, "function": other, "expertise": word("request", "expertise")}
    added_offer = ivo.post("/offers", offer | {"validFrom": "2025-01-01"})
    statement = {"statedOn": "2025-06-30", "note": word("request", "note")}
    assert ivo.post(f"/offers/{added_offer.json()['id']}/statements", statement).status_code == 201, added_offer.text


def pull_every_feed(watched: WatchedService) -> None:
    """Pull each feed, and wait until the webhook received the last event."""
    for key, person in watched.people.items():
        if person.get("/events").status_code == 200:
            feed(watched.people, key)
    last = [f"{case.id}:{case.view()['main']['version']}" for case in watched.cases]
    watched.receiver.wait_until(lambda receiver: {*last} <= {request.event["id"] for request in receiver.posted})


def send_marks_everywhere(watched: WatchedService) -> None:
    """Send marks in unexpected places. Only the name of an unknown member is repeated in the answer, to point at it."""
    anna, esra, case, mark = watched.people.anna, watched.people.esra, watched.cases[0], watched.mark
    path = f"{case.path}/transitions"
    anna.post("/cases", {"trigger": "submit", "form": {"sofi": mark("value"), "question": [mark("item")]}})
    anna.post("/cases", {"trigger": mark("trigger")})
    anna.client.post("/cases", content=mark("no JSON").encode(), headers=_JSON | {"Idempotency-Key": "1"})
    anna.client.post("/cases", content=json.dumps(mark("JSON")), headers=_JSON | {"Idempotency-Key": "2"})
    esra.post(path, {"trigger": "add_note", "form": {"text": mark("stale")}}, version=1)
    esra.post(path, {"trigger": "add_note", "form": {"text": mark("no version")}})
    watched.people.petra.post(path, {"trigger": "add_note", "form": {"text": mark("forbidden")}}, version=1)
    esra.get("/work-items", params={"state": mark("state"), "cursor": mark("cursor"), "q": mark("value")})
    esra.get(f"/cases/{mark('id')}")
    esra.get(
        "/me", headers={"Authorization": "Bearer " + watched.canaries.token, "traceparent": watched.canaries.token}
    )


_JSON = {"Content-Type": "application/json"}
_BREAK = {
    "sqlite": ["CREATE TRIGGER broken BEFORE INSERT ON contents BEGIN SELECT RAISE(ABORT, 'broken'); END"],
    "postgresql": [
        "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE USING MESSAGE = NEW::text; END $$",
        "CREATE TRIGGER broken BEFORE INSERT ON contents FOR EACH ROW EXECUTE FUNCTION broken()",
    ],
}
_MEND = {"sqlite": ["DROP TRIGGER broken"], "postgresql": ["DROP TRIGGER broken ON contents"]}


def break_the_database(watched: WatchedService) -> None:
    """Break the database for one request: an unexpected error is logged as well."""
    _run_on(watched.engine, _BREAK)
    form = {"text": watched.mark("unexpected")}
    failed = watched.cases[0].attempt("add_note", by="esra", form=form, grounds=watched.mark("unexpected"))
    assert failed.status_code == 500, failed.text
    _run_on(watched.engine, _MEND)


def _run_on(engine: Engine, statements: dict[str, list[str]]) -> None:
    with engine.begin() as connection:
        for statement in statements[engine.dialect.name]:
            connection.exec_driver_sql(statement)
