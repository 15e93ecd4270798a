"""The service as it is really run, watched while every step is taken with marks in everything that is typed."""

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
from api_tests.support.every_step import Part, how
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.receivers import Receiver, feed
from api_tests.support.shared_case import FAR_AHEAD
from api_tests.support.workflows import RULES, form_for
from service.people.use_cases.demonstration import ISSUER
from service.workflows.rules.kinds import PartKind


@dataclass
class Watched:
    """A service in a process of its own, what it wrote and what it answered."""

    people: People
    engine: Engine
    log: Path
    folder: Path
    told: Receiver
    metrics_url: str
    canaries: Canaries = field(default_factory=Canaries)
    words: Canaries = field(default_factory=lambda: Canaries("mussën"))  # of organisations, not of a case
    answers: list[httpx.Response] = field(default_factory=list)
    cases: list[CaseFile] = field(default_factory=list)

    def mark(self, place: str) -> str:
        return self.canaries.mark("request", place)


class Process:
    """The service as it is really run, with its output in a file."""

    def __init__(self, folder: Path, database_url: str) -> None:
        with socket.socket() as free, socket.socket() as another:
            free.bind(("127.0.0.1", 0))
            another.bind(("127.0.0.1", 0))
            self._port, self._metrics_port = free.getsockname()[1], another.getsockname()[1]
        self.metrics_url = f"http://127.0.0.1:{self._metrics_port}/metrics"
        self._log = folder / "output.log"
        self._environment = {
            **{name: it for name, it in os.environ.items() if not name.startswith("CASUSROUTE_")},
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


def keep(watched: Watched, answer: httpx.Response) -> None:
    answer.read()
    watched.answers.append(answer)


def submitted(watched: Watched) -> CaseFile:
    """The first by way of a draft that was saved twice, the others at once."""
    anna, grounds = watched.people.anna, watched.mark("grounds")
    form = watched.canaries.marked("referral@1", form_for("case", "submit") or {})
    body: dict[str, Any] = {"trigger": "submit", "grounds": grounds, "form": form}
    if not watched.cases:
        draft = anna.post("/drafts", {"form": watched.canaries.marked("referral@1", form)}).json()
        saved = anna.client.put(f"/drafts/{draft['id']}", json={"form": form}, headers={"If-Match": '"1"'})
        assert saved.json()["complete"], saved.text
        body = {"trigger": "submit", "grounds": grounds, "draftId": draft["id"]}
    answer = anna.post("/cases", body)
    assert answer.status_code == 201, answer.text
    watched.cases.append(CaseFile(watched.people, answer.json()["caseId"], answer.json()["number"], ["submit"]))
    return watched.cases[-1]


def asked(watched: Watched) -> CaseFile:
    """A question for a consult."""
    form = watched.canaries.marked("consult_request@1", filled("consult_request@1"))
    answer = watched.people.anna.post("/cases", {"trigger": "ask_consult", "form": form})
    assert answer.status_code == 201, answer.text
    watched.cases.append(CaseFile(watched.people, answer.json()["caseId"], answer.json()["number"], ["ask_consult"]))
    return watched.cases[-1]


def take(watched: Watched, case: CaseFile, trigger: str, part: Part) -> None:
    """Once in vain, for a moment that has not come, and once for good; each with marks of its own."""
    kind: PartKind = part["kind"] if part else "case"
    name = RULES.current(kind).definition.triggers[trigger].form
    for when in (FAR_AHEAD, None):
        chosen = how(case, trigger, part, watched.mark("amendment"))
        form = chosen.pop("form", None) or form_for(kind, trigger)
        if name and form and name != "amendment@1":
            form = watched.canaries.marked(name, form)
        step = {**chosen, "part": part, "form": form, "grounds": watched.mark("grounds"), "occurred_at": when}
        if when:
            assert case.attempt(trigger, **step).status_code == 400
        else:
            case.fire(trigger, **step)


def ask_beside(watched: Watched) -> None:
    """What begins by itself: a request about the file, and reading in an emergency."""
    case, marked = watched.cases[0], watched.canaries.marked
    asked_for = {"trigger": "ask_about_file", "form": marked("file_request@1", filled("file_request@1"))}
    answers = [watched.people.anna.post(f"{case.path}/file-requests", asked_for)]
    taken = {"trigger": "take_emergency_access", "form": marked("emergency_access@1", filled("emergency_access@1"))}
    answers.append(watched.people.petra.post("/emergency-accesses", taken | {"number": case.number}))
    assert [answer.status_code for answer in answers] == [201, 201], [answer.text for answer in answers]


def adopt(watched: Watched, case: CaseFile) -> None:
    """Take a case that began on another version to the workflow in force, and say why."""
    roos, old = watched.people.roos, case.history()[0]["workflow"]
    plan = roos.post("/workflow-plans", {"kind": "case", "from": old}).json()["hash"]
    moved = roos.post(f"/workflow-plans/{plan}/adoptions", {"grounds": watched.mark("grounds")})
    assert moved.json()["adopted"] == 1, moved.text
    watched.cases.append(case)


def administer(watched: Watched) -> None:
    """What organisations are called, and what they say that they can do."""
    roos, ivo, word = watched.people.roos, watched.people.ivo, watched.words.mark
    made = roos.post("/organisations", {"kind": "provider", "name": word("request", "name")}).json()
    roos.post(f"/organisations/{made['subject']}/names", {"name": word("request", "name")})
    person = {"issuer": ISSUER, "subject": word("request", "subject"), "name": word("request", "name")}
    known = roos.post("/people", person).json()
    roos.post(f"/people/{known['subject']}/names", {"name": word("request", "name")})
    assert roos.post("/people", person).status_code == 409
    assert roos.post("/organisations", {"kind": word("request", "kind"), "name": 1}).status_code == 400
    other = {"code": "other", "text": word("request", "other")}
    provider = str(ORGANISATION_IDS["de-veste"])
    offer = {"providerId": provider, "domain": other, "function": other, "expertise": word("request", "expertise")}
    begun = ivo.post("/offers", offer | {"validFrom": "2025-01-01"})
    said = {"statedOn": "2025-06-30", "note": word("request", "note")}
    assert ivo.post(f"/offers/{begun.json()['id']}/statements", said).status_code == 201, begun.text


def hear_it_all(watched: Watched) -> None:
    """Every feed is pulled, and the webhook was told of the last thing that happened."""
    for key, person in watched.people.items():
        if person.get("/events").status_code == 200:
            feed(watched.people, key)
    last = [f"{case.id}:{case.seen()['main']['version']}" for case in watched.cases]
    watched.told.wait_until(lambda receiver: {*last} <= {it.event["id"] for it in receiver.told})


def ask_badly(watched: Watched) -> None:
    """Marks where nobody expects them. Only the name of an unknown member is told back: it must be pointed at."""
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


def break_the_database(watched: Watched) -> None:
    """For a moment: what nobody expected goes to the log as well."""
    _run_on(watched.engine, _BREAK)
    form = {"text": watched.mark("unexpected")}
    failed = watched.cases[0].attempt("add_note", by="esra", form=form, grounds=watched.mark("unexpected"))
    assert failed.status_code == 500, failed.text
    _run_on(watched.engine, _MEND)


def _run_on(engine: Engine, statements: dict[str, list[str]]) -> None:
    with engine.begin() as connection:
        for statement in statements[engine.dialect.name]:
            connection.exec_driver_sql(statement)
