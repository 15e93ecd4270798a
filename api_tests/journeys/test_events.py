"""Events for others: feeds to pull, webhooks to be told, and the fate of an event that did not arrive."""

import time
from typing import Any
from uuid import uuid4

import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.people import People
from api_tests.support.receivers import PATIENCE_SECONDS, Event, feed, run_receiver, webhook
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService


def wait_for_events(people: People, by: str, case: CaseFile, *, entries: int) -> list[Event]:
    """Returns the events of a case in the feed of this person's organisation, once there are so many."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        events = [event for event in feed(people, by) if event["subject"] == case.id]
        if len(events) >= entries:
            return events
        assert time.monotonic() < deadline, events


def failing_first(*statuses: int, of: str, **headers: str) -> Any:
    """Answers to the first events of this case with these statuses, and to all later ones with 204."""
    remaining = list(statuses)
    return lambda event: (remaining.pop(0), headers) if remaining and event["subject"] == of else (204, {})


def parts_put_to(organisation: str, case: CaseFile) -> set[str]:
    organisation_id = str(ORGANISATION_IDS[organisation])
    return {part["id"] for part in case.view()["parts"] if (part["addressee"] or {}).get("id") == organisation_id}


def test_a_team_and_a_submitter_are_told_everything_and_an_addressee_its_own_part_alone(told_people: People) -> None:
    case = CaseFile.submitted(told_people).go_to("help_started")
    history = case.history()
    parts_of_addressee = {"ivo": parts_put_to("de-veste", case), "karim": parts_put_to("gemeente-haarlem", case)}
    event_ids = [f"{entry['partId']}:{entry['partSequence']}" for entry in history]

    for by in ("esra", "anna"):
        assert [event["id"] for event in wait_for_events(told_people, by, case, entries=len(history))] == event_ids
    for by, part_ids in parts_of_addressee.items():
        expected = [event_id for event_id in event_ids if event_id.partition(":")[0] in part_ids]
        assert expected
        assert [event["id"] for event in wait_for_events(told_people, by, case, entries=len(expected))] == expected
    assert [
        event for by in ("bram", "otto", "petra") for event in feed(told_people, by) if event["subject"] == case.id
    ] == []
    for by in ("esra", "anna", *parts_of_addressee):
        for event in wait_for_events(told_people, by, case, entries=1):
            path = event["dataref"].partition("/v1")[2]
            assert told_people[by].get(path).status_code == 200, f"{by} heard of what they may not see: {event}"


@broken_by(
    "The submitter of a case receives every event of that case",
    "service/events/store/feeds.py",
    "return {row.team_id, row.submitter_id} | addressed",
    "return {row.team_id} | addressed",
)
def test_the_positions_of_a_feed_follow_each_other_without_a_gap_however_it_is_read(told_people: People) -> None:
    case = CaseFile.submitted(told_people)
    for _ in range(4):
        case.fire("add_note", by="anna")
    wait_for_events(told_people, "anna", case, entries=5)

    positions = [int(event["sequence"]) for event in feed(told_people, "anna")]
    by_three = [int(event["sequence"]) for event in feed(told_people, "anna", limit=3)]

    assert positions[:5] == [1, 2, 3, 4, 5]
    assert positions == by_three == list(range(1, len(positions) + 1))
    assert [int(event["sequence"]) for event in feed(told_people, "anna", after=len(positions) - 2)] == positions[-2:]


@broken_by(
    "Only team, submitting and addressed roles read the event feed of their organisation",
    "service/events/use_cases/feed.py",
    "allowed = actor.organisations(_FEED_ROLES)",
    "allowed = frozenset(membership.organisation_id for membership in actor.memberships)",
)
def test_a_feed_is_pulled_by_the_workers_of_its_organisation_and_by_nobody_else(told_people: People) -> None:
    team, other_team = ORGANISATION_IDS["ret"], ORGANISATION_IDS["ret-twente"]

    assert told_people.esra.get("/events", params={"organisation": str(team)}).status_code == 200
    for person in (told_people.esra, told_people.roos):
        for unknown in (other_team, uuid4()):
            assert person.get("/events", params={"organisation": str(unknown)}).status_code == 404
    for key in ("floor", "gijs", "noor", "quint", "roos"):
        assert told_people[key].get("/events").status_code == 403, key


def test_a_webhook_is_told_in_order_signed_once_it_agreed_and_its_secret_is_told_once(told_people: People) -> None:
    with run_receiver() as receiver, webhook(told_people, receiver) as hook:
        case = CaseFile.submitted(told_people)
        for _ in range(3):
            case.fire("add_note", by="anna")
        receiver.wait_until(lambda receiver_now: len(receiver_now.sequences_of(case.id)) == 4)

        assert receiver.requests[0].method == "OPTIONS"
        assert receiver.requests[0].headers["webhook-request-origin"] == "127.0.0.1"
        assert receiver.sequences_of(case.id) == [1, 2, 3, 4]
        assert all(delivery.is_signed_with(hook.secret) for delivery in receiver.posted)
        events = {event["id"]: event for event in feed(told_people, "anna")}
        assert [delivery.event for delivery in receiver.posted] == [
            events[delivery.headers["webhook-id"]] for delivery in receiver.posted
        ]
        subscriptions = told_people.roos.get("/subscriptions").json()["items"]
        assert hook.secret not in told_people.roos.get(hook.path).text
        assert [set(subscription) & {"secret", "secrets"} for subscription in subscriptions] == [set()] * len(
            subscriptions
        )


@pytest.mark.parametrize(
    ("agrees", "code"),
    [
        ((200, {}), "webhook_not_agreed"),
        ((200, {"WebHook-Allowed-Origin": "somebody.example"}), "webhook_not_agreed"),
        ((405, {"WebHook-Allowed-Origin": "*"}), "webhook_not_agreed"),
    ],
)
def test_a_receiver_that_does_not_agree_gets_no_webhook(told_people: People, agrees: Any, code: str) -> None:
    with run_receiver(agrees=agrees) as receiver:
        body = {"organisationId": str(ORGANISATION_IDS["ret"]), "url": receiver.url}

        answer = told_people.roos.post("/subscriptions", body)

    assert (answer.status_code, [error["code"] for error in answer.json()["errors"]]) == (400, [code])
    assert receiver.url not in told_people.roos.get("/subscriptions").text


@broken_by(
    "Later events of a case wait while an earlier event of that case waits",
    "service/events/store/deliveries.py",
    '_DUE = and_(_delivery.state == _WAITING, _delivery.next_at <= bindparam("now"), _FIRST_OF_ITS_CASE)',
    '_DUE = and_(_delivery.state == _WAITING, _delivery.next_at <= bindparam("now"))',
)
def test_while_one_event_of_a_case_waits_later_ones_wait_too_and_other_cases_go_on(
    telling: RunningService, told_people: People
) -> None:
    with run_receiver() as receiver, webhook(told_people, receiver):
        stuck = CaseFile.submitted(told_people)
        receiver.wait_until(lambda receiver_now: receiver_now.sequences_of(stuck.id) == [1])
        receiver.answers = failing_first(500, of=stuck.id)
        stuck.fire("add_note", by="anna")
        receiver.wait_until(lambda receiver_now: receiver_now.sequences_of(stuck.id) == [1, 2])
        stuck.fire("add_note", by="anna")

        other = CaseFile.submitted(told_people)
        receiver.wait_until(lambda receiver_now: receiver_now.sequences_of(other.id) == [1])
        meanwhile = receiver.sequences_of(stuck.id)
        receiver.wait_until(
            lambda receiver_now: len(receiver_now.sequences_of(stuck.id)) == 4, while_passes=telling.clock
        )

        assert meanwhile == [1, 2]
        assert receiver.sequences_of(stuck.id) == [1, 2, 2, 3]


def test_an_event_that_never_arrives_is_a_dead_letter_that_can_be_read_and_sent_again(
    telling: RunningService, told_people: People
) -> None:
    roos = told_people.roos
    with run_receiver() as receiver, webhook(told_people, receiver) as hook:
        case = CaseFile.submitted(told_people)
        receiver.wait_until(lambda receiver_now: receiver_now.sequences_of(case.id) == [1])
        receiver.answers = failing_first(500, 302, 503, of=case.id, Location=receiver.url)
        case.fire("add_note", by="anna")
        receiver.wait_until(
            lambda receiver_now: receiver_now.sequences_of(case.id) == [1, 2, 2, 2], while_passes=telling.clock
        )
        case.fire("add_note", by="anna")
        receiver.wait_until(lambda receiver_now: receiver_now.sequences_of(case.id) == [1, 2, 2, 2, 3])

        letter = hook.dead_letters()[0]
        resending_path = f"{hook.path}/dead-letters/{letter['position']}/resendings"
        forbidden = told_people.esra.post(resending_path, None)
        key = str(uuid4())
        first, replay = roos.post(resending_path, None, key=key), roos.post(resending_path, None, key=key)
        receiver.wait_until(lambda receiver_now: receiver_now.sequences_of(case.id) == [1, 2, 2, 2, 3, 2])
        too_late = roos.post(resending_path, None)

        assert (letter["event"]["data"]["partSequence"], letter["attempts"], letter["status"]) == (2, 3, 503)
        assert [first.status_code, replay.status_code, replay.headers["Idempotent-Replayed"]] == [201, 201, "true"]
        assert (forbidden.status_code, too_late.status_code) == (403, 409)
        assert hook.dead_letters() == []


def test_a_receiver_answers_that_it_is_gone_that_it_cannot_read_an_event_or_when_to_retry(
    telling: RunningService, told_people: People
) -> None:
    with run_receiver() as receiver, webhook(told_people, receiver) as hook:
        case, other = CaseFile.submitted(told_people), CaseFile.submitted(told_people)
        receiver.wait_until(
            lambda receiver_now: receiver_now.sequences_of(case.id) == receiver_now.sequences_of(other.id) == [1]
        )

        receiver.answers = failing_first(415, of=case.id)
        case.fire("add_note", by="anna")
        case.fire("add_note", by="anna")
        receiver.wait_until(lambda receiver_now: receiver_now.sequences_of(case.id) == [1, 2, 3])
        unreadable = [
            (letter["event"]["data"]["partSequence"], letter["attempts"], letter["status"])
            for letter in hook.dead_letters()
        ]

        receiver.answers = failing_first(429, of=case.id, **{"Retry-After": "3600"})
        case.fire("add_note", by="anna")
        receiver.wait_until(lambda receiver_now: receiver_now.sequences_of(case.id) == [1, 2, 3, 4])
        other.fire("add_note", by="anna")
        receiver.wait_until(lambda receiver_now: receiver_now.sequences_of(other.id) == [1, 2])
        telling.clock.let_pass(minutes=59)
        other.fire("add_note", by="anna")
        receiver.wait_until(lambda receiver_now: receiver_now.sequences_of(other.id) == [1, 2, 3])
        too_soon = receiver.sequences_of(case.id)
        telling.clock.let_pass(minutes=2)
        receiver.wait_until(lambda receiver_now: receiver_now.sequences_of(case.id) == [1, 2, 3, 4, 4])

        receiver.answers = failing_first(410, of=case.id)
        case.fire("add_note", by="anna")
        receiver.wait_until(lambda receiver_now: receiver_now.sequences_of(case.id) == [1, 2, 3, 4, 4, 5])
        case.fire("add_note", by="anna")
        wait_for_events(told_people, "anna", case, entries=6)

        assert unreadable == [(2, 1, 415)]
        assert too_soon == [1, 2, 3, 4]
        assert (hook.view()["state"], hook.view()["reason"], hook.view()["changedBy"]) == ("retired", "gone", None)
        assert receiver.sequences_of(case.id) == [1, 2, 3, 4, 4, 5]


@broken_by(
    "The service signs events with the old and the new secret during a rotation",
    "service/events/use_cases/subscriptions.py",
    "secrets=(os.urandom(SECRET_BYTES), subscription.secrets[0]) if rotates else subscription.secrets,",
    "secrets=(os.urandom(SECRET_BYTES),) if rotates else subscription.secrets,",
)
def test_a_webhook_is_paused_resumed_and_gets_a_new_secret_next_to_the_old_one(told_people: People) -> None:
    with run_receiver() as receiver, run_receiver() as witness, webhook(told_people, witness):
        note = "nl.jeugdcasussen.cases.add-note.v1"
        with webhook(told_people, receiver, types=[note]) as hook:
            case = CaseFile.submitted(told_people)
            case.fire("add_note", by="anna")
            receiver.wait_until(lambda receiver_now: receiver_now.sequences_of(case.id) == [2])
            hook.change("pause", "maintenance")
            case.fire("add_note", by="anna")
            witness.wait_until(lambda receiver_now: receiver_now.sequences_of(case.id) == [1, 2, 3])
            while_paused = receiver.sequences_of(case.id)
            first_rotation = hook.change("rotate_secret")
            hook.change("resume", "repaired")
            receiver.wait_until(lambda receiver_now: receiver_now.sequences_of(case.id) == [2, 3])
            second_rotation = hook.change("rotate_secret", "secret_leaked")
            case.fire("add_note", by="anna")
            receiver.wait_until(lambda receiver_now: receiver_now.sequences_of(case.id) == [2, 3, 4])

        assert while_paused == [2]
        assert {delivery.event["type"] for delivery in receiver.posted} == {note}
        secrets = (hook.secret, first_rotation["secret"], second_rotation["secret"])
        assert [[delivery.is_signed_with(secret) for secret in secrets] for delivery in receiver.posted] == [
            [True, False, False],
            [True, True, False],
            [False, True, True],
        ]


def test_a_webhook_is_changed_by_its_version_and_once(told_people: People) -> None:
    with run_receiver() as receiver, webhook(told_people, receiver) as hook:
        path, body, key = f"{hook.path}/changes", {"change": "pause", "reason": "maintenance"}, str(uuid4())

        missing = told_people.roos.post(path, body)
        first = told_people.roos.post(path, body, version=1, key=key)
        replay = told_people.roos.post(path, body, version=1, key=key)
        stale = told_people.roos.post(path, {"change": "resume", "reason": "repaired"}, version=1)
        second_pause = told_people.roos.post(path, body, version=2)

        assert [answer.status_code for answer in (missing, first, replay, stale, second_pause)] == [
            428,
            201,
            201,
            412,
            409,
        ]
        assert (first.json(), hook.view()["version"]) == (replay.json(), 2)


def test_a_webhook_requested_twice_with_one_key_is_created_once_with_the_same_answer(told_people: People) -> None:
    with run_receiver() as receiver:
        body, key = {"organisationId": str(ORGANISATION_IDS["ret"]), "url": receiver.url}, str(uuid4())

        first, replay = (told_people.roos.post("/subscriptions", body, key=key) for _ in range(2))

        subscriptions = told_people.roos.get("/subscriptions").json()["items"]
        assert first.json() == replay.json()
        assert [subscription["url"] for subscription in subscriptions].count(receiver.url) == 1
        assert [request.method for request in receiver.requests] == ["OPTIONS"]
        retirement = {"change": "retire", "reason": "no_longer_used"}
        told_people.roos.post(f"/subscriptions/{first.json()['id']}/changes", retirement, version=1)
