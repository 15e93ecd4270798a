"""A mark in everything that people type is found in the file of the case, and nowhere else."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import MetaData, make_url, select

from api_tests.support.canaries import text_fields
from api_tests.support.case_file import CaseFile
from api_tests.support.changed_rules import copy_workflows, replace_in_workflow, service_with_people
from api_tests.support.databases import new_database
from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.engines import ENGINES
from api_tests.support.every_step import take_every_step
from api_tests.support.people import everybody
from api_tests.support.postgres import SUPERUSER, Cluster
from api_tests.support.receivers import run_receiver, webhook
from api_tests.support.sabotages import broken_by
from api_tests.support.watched_service import (
    Process,
    WatchedService,
    administer,
    adopt,
    ask_consult,
    begin_outside_file,
    break_the_database,
    keep_answer,
    pull_every_feed,
    send_marks_everywhere,
    submit_case,
    take_step,
)
from api_tests.support.workflows import RULES
from service.database.engine import open_engine
from service.kinds import KINDS
from service.logs import LOG_EVENTS

pytestmark = pytest.mark.server

# Addresses that serve content to those who may read it. A mark anywhere else is a leak.
CONTENT = re.compile(r"/v1/(cases/[^/]+/(file|advices/\d+|(\w+/[^/]+/)?transitions/\d+)|drafts.*)")


@pytest.fixture(scope="module", params=ENGINES)
def watched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedService]:
    """A service in which every step of every workflow was taken, with marks in every text that can be typed."""
    folder: Path = tmp_path_factory.mktemp("canary")
    url, older = new_database(request, folder, request.param), copy_workflows(folder)
    replace_in_workflow(older, "case", 'label = { nl = "Casus", en = "Case" }', 'label = { nl = "Zaak", en = "Case" }')
    with service_with_people(folder, url, older) as (_, people):
        waiting = CaseFile.submitted(people)
    process = Process(folder, url)
    with run_receiver() as receiver, process as (base_url, log):
        watched = WatchedService(everybody(base_url), open_engine(url), log, folder, receiver, process.metrics_url)
        for person in watched.people.values():
            person.client.event_hooks["response"] = [lambda answer: keep_answer(watched, answer)]
        with webhook(watched.people, receiver, "ret"):
            take_every_step(
                lambda: submit_case(watched), lambda: ask_consult(watched), lambda *step: take_step(watched, *step)
            )
            adopt(watched, CaseFile(watched.people, waiting.id, waiting.number))
            administer(watched)
            send_marks_everywhere(watched)
            begin_outside_file(watched)
            pull_every_feed(watched)
            break_the_database(watched)
            yield watched
        watched.engine.dispose()
        for person in watched.people.values():
            person.client.close()


def test_a_mark_is_put_into_every_text_field_of_every_form(watched: WatchedService) -> None:
    """The reason of an amendment and what it changes are marked by hand, since they must fit the case."""
    marked = set(watched.canaries.places.values())

    definitions = [rules.definition for rules in RULES.newest.values()]
    in_use = {trigger.form for definition in definitions for trigger in definition.triggers.values()} - {None}
    missing = {(form, place) for form in KINDS.forms.keys() & in_use for place in text_fields(form)} - marked

    assert missing == {("amendment@1", "/reason")}
    assert len(marked) > 250


def test_every_mark_that_was_recorded_is_read_in_the_file_of_its_case(watched: WatchedService) -> None:
    files = "".join(watched.people.esra.get(f"{case.path}/file").text for case in watched.cases)
    submissions = [
        answer
        for answer in watched.answers
        if answer.request.method == "POST" and answer.is_success and "/drafts" not in answer.url.path
    ]

    recorded = {mark for answer in submissions for mark in re.findall(r"kanariën \w+ \d+", _sent(answer))}

    assert len(recorded) > 700
    assert [mark for mark in recorded if f'{mark}"' not in files] == []


def _sent(answer: httpx.Response) -> str:
    return json.dumps(json.loads(answer.request.content), ensure_ascii=False)


@broken_by(
    "decision 0005: the database holds content only in encrypted form",
    "service/cases/store/contents.py",
    '            "form": content.form,',
    '            "form": str(content.body),',
)
@broken_by(
    "The record of an administrative change holds no name",
    "service/people/use_cases/apply_decision.py",
    'action="person_added", subject_kind="person", subject=str(context.change_id), details={})',
    'action="person_added", subject_kind="person", subject=str(context.change_id), details={"name": decision.name})',
)
def test_no_mark_stands_in_any_row_of_the_database(watched: WatchedService) -> None:
    """Every table, including the history, the outbox, the requests and the access log."""
    everything = MetaData()
    everything.reflect(watched.engine)

    with watched.engine.connect() as connection:
        rows = {
            table.name: [repr(row) for row in connection.execute(select(table))] for table in everything.tables.values()
        }

    used = ("outbox", "requests", "access_log", "feed", "deliveries", "administrative_changes", "workflow_plans")
    assert [name for name in used if not rows[name]] == []
    assert [name for name, table_rows in rows.items() if watched.canaries.token in "".join(table_rows)] == []
    # Names of organisations, and their own statements, stand in tables of their own.
    tables = [name for name, table_rows in rows.items() if watched.words.token in "".join(table_rows)]
    assert sorted(tables) == ["offer_statements", "offers", "organisations", "people"]


def test_no_mark_and_no_name_leaves_with_an_event(watched: WatchedService) -> None:
    messages = [f"{message.path} {message.headers} {message.body.decode()}" for message in watched.receiver.posted]

    assert len(messages) > 150
    assert [
        message for message in messages if watched.canaries.token in message or watched.words.token in message
    ] == []


@broken_by(
    "The database holds the secret of a webhook only in encrypted form",
    "service/events/use_cases/subscriptions.py",
    'details={"webhook": str(subscription.id)},',
    'details={"webhook": subscription.secrets[0].hex()},',
)
def test_the_secret_of_a_webhook_is_told_to_its_maker_once_and_stands_nowhere(
    watched: WatchedService, request: pytest.FixtureRequest
) -> None:
    creation = next(
        answer for answer in watched.answers if answer.url.path == "/v1/subscriptions" and answer.status_code == 201
    )
    secret = creation.json()["secret"].removeprefix("whsec_")
    watched.people.roos.get("/subscriptions")
    raw = base64.b64decode(secret)

    files = [file.read_bytes() for file in (*_files_of_the_database(watched, request), watched.log)]
    assert [file for file in files if raw in file or raw.hex().encode() in file or secret.encode() in file] == []
    assert [answer.url.path for answer in watched.answers if secret in answer.text] == ["/v1/subscriptions"]


def test_no_mark_stands_in_any_file_of_the_database(watched: WatchedService, request: pytest.FixtureRequest) -> None:
    files = _files_of_the_database(watched, request)

    leaks = {file.name for file in files for spelling in watched.canaries.spellings() if spelling in file.read_bytes()}

    number = watched.cases[0].number.encode()
    assert leaks == set()
    assert any(number in file.read_bytes() for file in files), "the files of another database were searched"


def _files_of_the_database(watched: WatchedService, request: pytest.FixtureRequest) -> list[Path]:
    if watched.engine.dialect.name == "sqlite":
        files = [file for file in watched.folder.iterdir() if file.name.startswith("casusroute.db")]
        assert {"casusroute.db", "casusroute.db-wal", "casusroute.db.keys"} <= {file.name for file in files}
        return files
    cluster: Cluster = request.getfixturevalue("cluster")
    with psycopg.connect(
        make_url(str(watched.engine.url)).set(drivername="postgresql", username=SUPERUSER).render_as_string(),
        autocommit=True,
    ) as connection:
        connection.execute("CHECKPOINT")
    return [file for file in cluster.data_directory.rglob("*") if file.is_file()]


@broken_by(
    "The log of the service holds the route of a request and never its address",
    "service/http/edge.py",
    "                route=route,\n",
    '                route=str(scope.get("query_string")),\n',
)
def test_no_mark_stands_in_the_log_of_the_service_even_when_something_breaks(watched: WatchedService) -> None:
    text = watched.log.read_text(encoding="utf-8")

    assert '"event": "request"' in text
    assert '"event": "unexpected"' in text
    assert watched.canaries.token not in text
    assert watched.words.token not in text
    assert "kanari" not in text
    for line in filter(None, text.partition("Stop with Ctrl-C; the data stays.\n")[2].splitlines()):
        entry = json.loads(line)  # text that a client sent begins no line of its own
        fields = {"logger"} if entry["event"] == "library" else LOG_EVENTS[entry["event"]]
        assert entry.keys() <= fields | {"event", "level", "timestamp"}, line
    assert [case.id for case in watched.cases if case.id in text] == []


def test_metrics_are_counted_by_route_and_code_and_tell_of_nobody(watched: WatchedService) -> None:
    """No label holds a case, a number, a person, an organisation or an address."""
    watched.people.anna.get(f"{watched.cases[0].path}/file")
    text = httpx.get(watched.metrics_url).text
    ids = [*ORGANISATION_IDS.values(), *PERSON_IDS.values(), *(case.id for case in watched.cases)]

    samples = [line.rpartition(" ") for line in text.splitlines() if line.startswith("casusroute_")]
    routes = {route for name, _, _ in samples for route in re.findall(r'route="([^"]*)"', name)}
    codes = {code for name, _, _ in samples for code in re.findall(r'code="([^"]*)"', name)}
    figures = {name: float(value) for name, _, value in samples}
    labels = {label for name in figures for label in re.findall(r'(\w+)="', name)}

    assert labels == {"method", "route", "status", "le", "code", "outcome"}
    assert {"/cases", "/cases/{caseId}/transitions", "/cases/{caseId}/file"} <= routes
    assert {"invalid", "not_found", "stale", "version_missing", "internal"} <= codes
    # Every answer was counted. Others than these people ask as well, so the sum may be higher.
    count = sum(value for name, value in figures.items() if name.startswith("casusroute_requests_total"))
    assert count >= len(watched.answers)
    series = 'casusroute_requests_total{method="POST",route="/cases",status="2xx"}'
    assert figures[series] == len(
        [answer for answer in watched.answers if answer.url.path == "/v1/cases" and answer.status_code == 201]
    )
    assert figures['casusroute_units_total{outcome="committed"}'] > len(watched.cases)
    assert figures["casusroute_database_up"] == 1
    marks = (watched.canaries.token, watched.words.token, *map(str, ids), *(case.number for case in watched.cases))
    assert [mark for mark in (*marks, "127.0.0.1") if mark in text] == []


def test_no_mark_stands_in_any_answer_or_address_but_where_content_is_served(watched: WatchedService) -> None:
    leaks = [
        f"{answer.request.method} {answer.url.path} {answer.status_code}"
        for answer in watched.answers
        if watched.canaries.token in repr(answer.headers)
        or (watched.canaries.token in answer.text and not CONTENT.fullmatch(answer.url.path))
        or (watched.words.token in answer.text and not answer.is_success)
    ]

    assert len(watched.answers) > 400
    assert {400, 404, 409, 412, 428, 500} <= {answer.status_code for answer in watched.answers}
    assert leaks == []


def test_no_mark_reaches_the_learning_table(watched: WatchedService) -> None:
    """Cases of the tests above are too few to be released. Two more of each sort than the ladder asks are enough."""
    for _ in range(7):
        submit_case(watched)

    answers = [
        watched.people.noor.get("/learning/histories", headers={"Accept": media})
        for media in ("application/json", "text/csv")
    ]

    assert [len(answers[0].json()["histories"]) >= 5, "submitted" in answers[1].text] == [True, True]
    assert [watched.canaries.token in answer.text for answer in answers] == [False, False]
