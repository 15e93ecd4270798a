"""The ten checkable constraints of the NL GOV profile for CloudEvents 1.1, each held against what is really told."""

import json
import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import ValidationError

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.openapi_documents import fits, resolved
from api_tests.support.people import People
from api_tests.support.receivers import Event, Received, feed, receiving, webhook
from api_tests.support.sabotages import broken_by
from api_tests.support.workflows import form_for
from service.people.use_cases.demonstration import ORGANISATIONS
from service.people.use_cases.demonstration import PEOPLE as EVERYBODY
from service.settings import Settings

URI = r"https?://[a-z0-9.:\[\]-]+/\S+"
DAY_BEFORE = "2025-03-03T10:00:00+01:00"


@dataclass(frozen=True)
class Told:
    """A case in which a lot happened, as its team was told of it and can pull it."""

    case: CaseFile
    history: list[dict[str, Any]]
    requests: list[Received]
    asked: list[Received]
    pulled: list[Event]

    @property
    def events(self) -> list[Event]:
        return [request.event for request in self.requests]


@pytest.fixture(scope="module")
def told(told_people: People) -> Told:
    with receiving() as receiver, webhook(told_people, receiver, "ret"):
        case = CaseFile.submitted(told_people).go_to("help_started")
        case.fire("seek_placement")
        case.fire("add_note", by="esra", form={"text": "Het meisje vertelde dat zij bang is."})
        history = case.history()
        receiver.wait_until(lambda it: len(it.told) == len(history))
        pulled = [it for it in feed(told_people, "esra") if it["subject"] == case.id]
        return Told(case, history, receiver.told, receiver.requests[:1], pulled)


def test_1_every_event_has_the_required_attributes_and_version_1_0(told: Told) -> None:
    assert len(told.events) == len(told.history) > 10
    for event in told.events:
        assert event["specversion"] == "1.0"
        assert all(isinstance(event[name], str) and event[name] for name in ("id", "source", "type"))


def test_2_source_and_id_are_unique_and_the_id_is_the_lasting_one_of_the_transition(told: Told) -> None:
    ids = [event["id"] for event in told.events]

    assert ids == [f"{it['partId']}:{it['partSequence']}" for it in told.history]
    assert len({(event["source"], event["id"]) for event in told.events}) == len(ids)
    assert [request.headers["webhook-id"] for request in told.requests] == ids
    mine = [it for it in feed(told.case.people, "anna") if it["subject"] == told.case.id]
    assert [it["id"] for it in mine] == [it["id"] for it in told.pulled] == ids


def test_3_the_source_is_a_urn_of_an_organisation_and_a_system_and_no_location(told: Told) -> None:
    for event in told.events:
        assert re.fullmatch(r"urn:nld:oin:[0-9]{20}:systeem:[a-z-]+", event["source"])
    assert Settings(event_source="urn:nld:kvk-nr:12345678:systeem:casusroute").event_source
    for wrong in ("https://casusroute.example", "urn:nld:oin:1:systeem:casusroute", "urn:nld:oin:" + "0" * 20):
        with pytest.raises(ValidationError):
            Settings(event_source=wrong)


def test_4_the_type_is_a_reverse_domain_in_the_plural_with_one_version_and_its_meaning_is_documented(
    told: Told,
) -> None:
    workflows = told.case.people.anna.get("/workflows").json()["items"]
    documented = {trigger["eventType"]: trigger for workflow in workflows for trigger in workflow["triggers"]}

    for event in told.events:
        assert re.fullmatch(r"nl\.jeugdcasussen\.[a-z-]+s\.[a-z-]+\.v[0-9]+", event["type"])
        assert documented[event["type"]]["label"]["nl"]
        assert documented[event["type"]]["code"] == event["data"]["trigger"]
        assert not {organisation.key for organisation in ORGANISATIONS} & set(re.split(r"[.-]", event["type"]))
    assert {it["type"] for it in told.events} >= {
        "nl.jeugdcasussen.cases.submit.v1",
        "nl.jeugdcasussen.commitments.start-help.v1",
        "nl.jeugdcasussen.placements.seek-placement.v1",
    }


def test_5_names_of_attributes_are_short_and_in_lower_case(told: Told) -> None:
    names = {name for event in told.events for name in event}

    assert len(names) > 10
    assert [name for name in names if not re.fullmatch(r"[a-z0-9]{1,20}", name)] == []


@broken_by(
    "NL GOV profile for CloudEvents, constraint 6: the time is that of recording",
    "service/events/rules.py",
    "time=entry.recorded_at,",
    "time=entry.occurred_at,",
)
def test_6_the_time_is_that_of_recording_and_data_tells_when_it_happened(told: Told, told_people: People) -> None:
    times = [(it["time"], it["data"]["occurredAt"]) for it in told.events]
    assert times == [(it["recordedAt"], it["occurredAt"]) for it in told.history]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", it) for pair in times for it in pair)

    with receiving() as receiver, webhook(told_people, receiver, "ret"):
        body = {"trigger": "submit", "occurredAt": DAY_BEFORE, "form": form_for("case", "submit")}
        case_id = told_people.anna.post("/cases", body).json()["caseId"]
        receiver.wait_until(lambda it: it.of(case_id) == [1])

        event = receiver.told[0].event
        assert event["data"]["occurredAt"] == "2025-03-03T09:00:00Z"
        assert event["time"] > "2025-03-04"


def test_7_data_is_json_of_a_published_schema_at_a_uri_with_a_version(told: Told) -> None:
    where, _, pointer = told.events[0]["dataschema"].partition("#")
    for event in told.events:
        assert event["dataschema"] == f"{where}#{pointer}"
        assert event["datacontenttype"] == "application/json"
        assert re.fullmatch(URI, event["dataschema"])
        assert "/v1/" in where
    document = httpx.get(where).json()
    schema = resolved(document, {"$ref": f"#{pointer}"})

    assert schema["additionalProperties"] is False
    assert all(fits(document, schema, it["data"]) for it in told.events)
    assert not fits(document, schema, {**told.events[0]["data"], "name": "Lotte"})
    assert not fits(document, schema, {})


def test_8_an_event_refers_to_what_happened_and_tells_nothing_of_a_person(told: Told) -> None:
    for event, entry in zip(told.events, told.history, strict=True):
        path = event["dataref"].partition("/v1")[2]
        shown = told.case.people.esra.get(path).json()["entry"]
        assert (shown["partId"], shown["partSequence"]) == (entry["partId"], entry["partSequence"])
        assert httpx.get(event["dataref"]).status_code == 401
        assert event["subject"] == str(UUID(event["subject"])) == told.case.id
        assert event["data"].keys() == {
            "caseId", "partId", "partKind", "partSequence", "trigger", "state", "phase", "occurredAt",
        }  # fmt: skip
    text = json.dumps([json.loads(request.body) for request in told.requests], ensure_ascii=False)
    for secret in (told.case.number, "meisje", *(it.name for it in (*EVERYBODY, *ORGANISATIONS))):
        assert secret not in text
    assert max(len(request.body) for request in told.requests) < 64 * 1024


def test_9_the_sequence_sorts_as_text_rises_by_one_and_begins_at_one(told: Told) -> None:
    whole = [it["sequence"] for it in feed(told.case.people, "esra")]

    assert whole == sorted(whole)
    assert [int(it) for it in whole] == list(range(1, len(whole) + 1))
    assert {event["sequencetype"] for event in told.events} == {"Integer"}
    assert [event["sequence"] for event in told.events] == [it["sequence"] for it in told.pulled]


def test_10_a_webhook_agreed_first_and_is_posted_to_as_the_profile_says(told: Told, told_people: People) -> None:
    assert [(it.method, it.headers["webhook-request-origin"]) for it in told.asked] == [("OPTIONS", "127.0.0.1")]
    for request in told.requests:
        assert (request.method, request.path) == ("POST", "/events")
        assert request.headers["content-type"] == "application/cloudevents+json"

    answers = [200, 201, 202, 204]
    with receiving(answers=lambda _: (answers.pop(0), {})) as receiver, webhook(told_people, receiver) as hook:
        case = CaseFile.submitted(told_people)
        for _ in range(3):
            case.fire("add_note", by="anna")
        receiver.wait_until(lambda it: it.of(case.id) == [1, 2, 3, 4])
        assert hook.dead() == []


@pytest.mark.parametrize(
    "url", ["https://user:token@public.example/", "https://public.example/?access_token=t", "https://public.example/#t"]
)
def test_10_no_token_stands_in_the_address_of_a_webhook(told_people: People, url: str) -> None:
    body = {"organisationId": str(ORGANISATION_IDS["ret"]), "url": url}

    answer = told_people.roos.post("/subscriptions", body)

    assert (answer.status_code, [error["code"] for error in answer.json()["errors"]]) == (400, ["webhook_malformed"])
