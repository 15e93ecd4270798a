"""The ten checkable constraints of the NL GOV profile for CloudEvents 1.1, each compared with real events."""

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
from api_tests.support.openapi_documents import is_valid, resolve_reference
from api_tests.support.people import People
from api_tests.support.receivers import Event, ReceivedRequest, feed, run_receiver, webhook
from api_tests.support.sabotages import broken_by
from api_tests.support.workflows import form_for
from service.people.use_cases.demonstration import ORGANISATIONS
from service.people.use_cases.demonstration import PEOPLE as EVERYBODY
from service.settings import Settings

URI = r"https?://[a-z0-9.:\[\]-]+/\S+"
DAY_BEFORE = "2025-03-03T10:00:00+01:00"


@dataclass(frozen=True)
class CaseEvents:
    """A case with many steps, with its events as its team received them and can pull them."""

    case: CaseFile
    history: list[dict[str, Any]]
    requests: list[ReceivedRequest]
    agreement_requests: list[ReceivedRequest]
    pulled: list[Event]

    @property
    def events(self) -> list[Event]:
        return [request.event for request in self.requests]


@pytest.fixture(scope="module")
def case_events(told_people: People) -> CaseEvents:
    with run_receiver() as receiver, webhook(told_people, receiver, "ret"):
        case = CaseFile.submitted(told_people).go_to("help_started")
        case.fire("seek_placement")
        case.fire("add_note", by="esra", form={"text": "Het meisje vertelde dat zij bang is."})
        history = case.history()
        receiver.wait_until(lambda receiver_now: len(receiver_now.posted) == len(history))
        pulled = [event for event in feed(told_people, "esra") if event["subject"] == case.id]
        return CaseEvents(case, history, receiver.posted, receiver.requests[:1], pulled)


def test_1_every_event_has_the_required_attributes_and_version_1_0(case_events: CaseEvents) -> None:
    assert len(case_events.events) == len(case_events.history) > 10
    for event in case_events.events:
        assert event["specversion"] == "1.0"
        assert all(isinstance(event[name], str) and event[name] for name in ("id", "source", "type"))


def test_2_source_and_id_are_unique_and_the_id_is_the_lasting_one_of_the_transition(case_events: CaseEvents) -> None:
    ids = [event["id"] for event in case_events.events]

    assert ids == [f"{entry['partId']}:{entry['partSequence']}" for entry in case_events.history]
    assert len({(event["source"], event["id"]) for event in case_events.events}) == len(ids)
    assert [request.headers["webhook-id"] for request in case_events.requests] == ids
    submitter_events = [
        event for event in feed(case_events.case.people, "anna") if event["subject"] == case_events.case.id
    ]
    assert [event["id"] for event in submitter_events] == [event["id"] for event in case_events.pulled] == ids


def test_3_the_source_is_a_urn_of_an_organisation_and_a_system_and_no_location(case_events: CaseEvents) -> None:
    for event in case_events.events:
        assert re.fullmatch(r"urn:nld:oin:[0-9]{20}:systeem:[a-z-]+", event["source"])
    assert Settings(event_source="urn:nld:kvk-nr:12345678:systeem:casusroute").event_source
    for faulty in ("https://casusroute.example", "urn:nld:oin:1:systeem:casusroute", "urn:nld:oin:" + "0" * 20):
        with pytest.raises(ValidationError):
            Settings(event_source=faulty)


def test_4_the_type_is_a_reverse_domain_in_the_plural_with_one_version_and_its_meaning_is_documented(
    case_events: CaseEvents,
) -> None:
    workflows = case_events.case.people.anna.get("/workflows").json()["items"]
    documented = {trigger["eventType"]: trigger for workflow in workflows for trigger in workflow["triggers"]}

    for event in case_events.events:
        assert re.fullmatch(r"nl\.jeugdcasussen\.[a-z-]+s\.[a-z-]+\.v[0-9]+", event["type"])
        assert documented[event["type"]]["label"]["nl"]
        assert documented[event["type"]]["code"] == event["data"]["trigger"]
        assert not {organisation.key for organisation in ORGANISATIONS} & set(re.split(r"[.-]", event["type"]))
    assert {event["type"] for event in case_events.events} >= {
        "nl.jeugdcasussen.cases.submit.v1",
        "nl.jeugdcasussen.commitments.start-help.v1",
        "nl.jeugdcasussen.placements.seek-placement.v1",
    }


def test_5_names_of_attributes_are_short_and_in_lower_case(case_events: CaseEvents) -> None:
    names = {name for event in case_events.events for name in event}

    assert len(names) > 10
    assert [name for name in names if not re.fullmatch(r"[a-z0-9]{1,20}", name)] == []


@broken_by(
    "NL GOV profile for CloudEvents, constraint 6: the time of an event is the time of recording",
    "service/events/rules.py",
    "time=entry.recorded_at,",
    "time=entry.occurred_at,",
)
def test_6_the_time_is_that_of_recording_and_data_tells_when_it_happened(
    case_events: CaseEvents, told_people: People
) -> None:
    times = [(event["time"], event["data"]["occurredAt"]) for event in case_events.events]
    assert times == [(entry["recordedAt"], entry["occurredAt"]) for entry in case_events.history]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", time) for pair in times for time in pair)

    with run_receiver() as receiver, webhook(told_people, receiver, "ret"):
        body = {"trigger": "submit", "occurredAt": DAY_BEFORE, "form": form_for("case", "submit")}
        case_id = told_people.anna.post("/cases", body).json()["caseId"]
        receiver.wait_until(lambda receiver_now: receiver_now.sequences_of(case_id) == [1])

        event = receiver.posted[0].event
        assert event["data"]["occurredAt"] == "2025-03-03T09:00:00Z"
        assert event["time"] > "2025-03-04"


def test_7_data_is_json_of_a_published_schema_at_a_uri_with_a_version(case_events: CaseEvents) -> None:
    document_address, _, pointer = case_events.events[0]["dataschema"].partition("#")
    for event in case_events.events:
        assert event["dataschema"] == f"{document_address}#{pointer}"
        assert event["datacontenttype"] == "application/json"
        assert re.fullmatch(URI, event["dataschema"])
        assert "/v1/" in document_address
    document = httpx.get(document_address, timeout=30).json()
    schema = resolve_reference(document, {"$ref": f"#{pointer}"})

    assert schema["additionalProperties"] is False
    assert all(is_valid(document, schema, event["data"]) for event in case_events.events)
    assert not is_valid(document, schema, {**case_events.events[0]["data"], "name": "Lotte"})
    assert not is_valid(document, schema, {})


def test_8_an_event_refers_to_what_happened_and_tells_nothing_of_a_person(case_events: CaseEvents) -> None:
    for event, entry in zip(case_events.events, case_events.history, strict=True):
        path = event["dataref"].partition("/v1")[2]
        entry_view = case_events.case.people.esra.get(path).json()["entry"]
        assert (entry_view["partId"], entry_view["partSequence"]) == (entry["partId"], entry["partSequence"])
        assert httpx.get(event["dataref"]).status_code == 401
        assert event["subject"] == str(UUID(event["subject"])) == case_events.case.id
        assert event["data"].keys() == {
            "caseId", "partId", "partKind", "partSequence", "trigger", "state", "phase", "occurredAt",
        }  # fmt: skip
    text = json.dumps([json.loads(request.body) for request in case_events.requests], ensure_ascii=False)
    for secret in (case_events.case.number, "meisje", *(subject.name for subject in (*EVERYBODY, *ORGANISATIONS))):
        assert secret not in text
    assert max(len(request.body) for request in case_events.requests) < 64 * 1024


def test_9_the_sequence_sorts_as_text_rises_by_one_and_begins_at_one(case_events: CaseEvents) -> None:
    sequences = [event["sequence"] for event in feed(case_events.case.people, "esra")]

    assert sequences == sorted(sequences)
    assert [int(sequence) for sequence in sequences] == list(range(1, len(sequences) + 1))
    assert {event["sequencetype"] for event in case_events.events} == {"Integer"}
    assert [event["sequence"] for event in case_events.events] == [event["sequence"] for event in case_events.pulled]


def test_10_a_webhook_agreed_first_and_is_posted_to_as_the_profile_says(
    case_events: CaseEvents, told_people: People
) -> None:
    assert [
        (request.method, request.headers["webhook-request-origin"]) for request in case_events.agreement_requests
    ] == [("OPTIONS", "127.0.0.1")]
    for request in case_events.requests:
        assert (request.method, request.path) == ("POST", "/events")
        assert request.headers["content-type"] == "application/cloudevents+json"

    answers = [200, 201, 202, 204]
    with run_receiver(answers=lambda _: (answers.pop(0), {})) as receiver, webhook(told_people, receiver) as hook:
        case = CaseFile.submitted(told_people)
        for _ in range(3):
            case.fire("add_note", by="anna")
        receiver.wait_until(lambda receiver_now: receiver_now.sequences_of(case.id) == [1, 2, 3, 4])
        assert hook.dead_letters() == []


@pytest.mark.parametrize(
    "url", ["https://user:token@public.example/", "https://public.example/?access_token=t", "https://public.example/#t"]
)
def test_10_no_token_stands_in_the_address_of_a_webhook(told_people: People, url: str) -> None:
    body = {"organisationId": str(ORGANISATION_IDS["ret"]), "url": url}

    answer = told_people.roos.post("/subscriptions", body)

    assert (answer.status_code, [error["code"] for error in answer.json()["errors"]]) == (400, ["webhook_malformed"])
