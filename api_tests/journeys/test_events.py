"""The outside hears of what happens: feeds to pull, webhooks that are told, and what becomes of what did not arrive."""

import time
from typing import Any
from uuid import uuid4

import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.people import People
from api_tests.support.receivers import PATIENCE, Event, feed, receiving, webhook
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import Running


def heard(people: People, by: str, case: CaseFile, *, entries: int) -> list[Event]:
    """What this person's organisation heard of a case, once that is so much."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = [it for it in feed(people, by) if it["subject"] == case.id]
        if len(found) >= entries:
            return found
        assert time.monotonic() < deadline, found


def failing(*statuses: int, of: str, **headers: str) -> Any:
    """Answers so to the first events of this case, and then as it should."""
    left = list(statuses)
    return lambda event: (left.pop(0), headers) if left and event["subject"] == of else (204, {})


def parts_put_to(organisation: str, case: CaseFile) -> set[str]:
    mine = str(ORGANISATION_IDS[organisation])
    return {part["id"] for part in case.seen()["parts"] if (part["addressee"] or {}).get("id") == mine}


def test_a_team_and_a_submitter_hear_of_everything_and_an_addressee_of_its_own_part_alone(told_people: People) -> None:
    case = CaseFile.submitted(told_people).go_to("help_started")
    history = case.history()
    own = {"ivo": parts_put_to("de-veste", case), "karim": parts_put_to("gemeente-haarlem", case)}
    told = [f"{it['partId']}:{it['partSequence']}" for it in history]

    for by in ("esra", "anna"):
        assert [it["id"] for it in heard(told_people, by, case, entries=len(history))] == told
    for by, part_ids in own.items():
        wanted = [it for it in told if it.partition(":")[0] in part_ids]
        assert wanted
        assert [it["id"] for it in heard(told_people, by, case, entries=len(wanted))] == wanted
    assert [it for by in ("bram", "otto", "petra") for it in feed(told_people, by) if it["subject"] == case.id] == []
    for by in ("esra", "anna", *own):
        for event in heard(told_people, by, case, entries=1):
            path = event["dataref"].partition("/v1")[2]
            assert told_people[by].get(path).status_code == 200, f"{by} heard of what they may not see: {event}"


@broken_by(
    "Issue 3 point 9: whoever submitted a case hears of everything that happens with it",
    "service/events/store/feeds.py",
    "return {row.team_id, row.submitter_id} | addressed",
    "return {row.team_id} | addressed",
)
def test_the_positions_of_a_feed_follow_each_other_without_a_gap_however_it_is_read(told_people: People) -> None:
    case = CaseFile.submitted(told_people)
    for _ in range(4):
        case.fire("add_note", by="anna")
    heard(told_people, "anna", case, entries=5)

    whole = [int(it["sequence"]) for it in feed(told_people, "anna")]
    by_three = [int(it["sequence"]) for it in feed(told_people, "anna", limit=3)]

    assert whole[:5] == [1, 2, 3, 4, 5]
    assert whole == by_three == list(range(1, len(whole) + 1))
    assert [int(it["sequence"]) for it in feed(told_people, "anna", after=len(whole) - 2)] == whole[-2:]


@broken_by(
    "Issue 3 point 9: a feed is pulled by whoever does the work it tells of",
    "service/events/use_cases/feed.py",
    "allowed = actor.organisations(_FEED_ROLES)",
    "allowed = frozenset(membership.organisation_id for membership in actor.memberships)",
)
def test_a_feed_is_pulled_by_whoever_does_the_work_of_the_organisation_and_by_nobody_else(told_people: People) -> None:
    team, other = ORGANISATION_IDS["ret"], ORGANISATION_IDS["ret-twente"]

    assert told_people.esra.get("/events", params={"organisation": str(team)}).status_code == 200
    for somebody in (told_people.esra, told_people.roos):
        for unknown in (other, uuid4()):
            assert somebody.get("/events", params={"organisation": str(unknown)}).status_code == 404
    for key in ("floor", "gijs", "noor", "quint", "roos"):
        assert told_people[key].get("/events").status_code == 403, key


def test_a_webhook_is_told_in_order_signed_once_it_agreed_and_its_secret_is_told_once(told_people: People) -> None:
    with receiving() as receiver, webhook(told_people, receiver) as hook:
        case = CaseFile.submitted(told_people)
        for _ in range(3):
            case.fire("add_note", by="anna")
        receiver.wait_until(lambda it: len(it.of(case.id)) == 4)

        assert receiver.requests[0].method == "OPTIONS"
        assert receiver.requests[0].headers["webhook-request-origin"] == "127.0.0.1"
        assert receiver.of(case.id) == [1, 2, 3, 4]
        assert all(it.is_signed_with(hook.secret) for it in receiver.told)
        pulled = {it["id"]: it for it in feed(told_people, "anna")}
        assert [it.event for it in receiver.told] == [pulled[it.headers["webhook-id"]] for it in receiver.told]
        listed = told_people.roos.get("/subscriptions").json()["items"]
        assert hook.secret not in told_people.roos.get(hook.path).text
        assert [set(it) & {"secret", "secrets"} for it in listed] == [set()] * len(listed)


@pytest.mark.parametrize(
    ("agrees", "code"),
    [
        ((200, {}), "webhook_not_agreed"),
        ((200, {"WebHook-Allowed-Origin": "somebody.example"}), "webhook_not_agreed"),
        ((405, {"WebHook-Allowed-Origin": "*"}), "webhook_not_agreed"),
    ],
)
def test_nobody_is_told_who_does_not_agree(told_people: People, agrees: Any, code: str) -> None:
    with receiving(agrees=agrees) as receiver:
        body = {"organisationId": str(ORGANISATION_IDS["ret"]), "url": receiver.url}

        answer = told_people.roos.post("/subscriptions", body)

    assert (answer.status_code, [error["code"] for error in answer.json()["errors"]]) == (400, [code])
    assert receiver.url not in told_people.roos.get("/subscriptions").text


@broken_by(
    "Issue 3 point 9: while one event of a case waits, later ones of that case wait too",
    "service/events/store/deliveries.py",
    '_DUE = and_(_delivery.state == _WAITING, _delivery.next_at <= bindparam("now"), _FIRST_OF_ITS_CASE)',
    '_DUE = and_(_delivery.state == _WAITING, _delivery.next_at <= bindparam("now"))',
)
def test_while_one_event_of_a_case_waits_later_ones_wait_too_and_other_cases_go_on(
    telling: Running, told_people: People
) -> None:
    with receiving() as receiver, webhook(told_people, receiver):
        stuck = CaseFile.submitted(told_people)
        receiver.wait_until(lambda it: it.of(stuck.id) == [1])
        receiver.answers = failing(500, of=stuck.id)
        stuck.fire("add_note", by="anna")
        receiver.wait_until(lambda it: it.of(stuck.id) == [1, 2])
        stuck.fire("add_note", by="anna")

        other = CaseFile.submitted(told_people)
        receiver.wait_until(lambda it: it.of(other.id) == [1])
        meanwhile = receiver.of(stuck.id)
        receiver.wait_until(lambda it: len(it.of(stuck.id)) == 4, while_passes=telling.clock)

        assert meanwhile == [1, 2]
        assert receiver.of(stuck.id) == [1, 2, 2, 3]


def test_what_never_arrives_is_a_dead_letter_that_can_be_seen_and_sent_again(
    telling: Running, told_people: People
) -> None:
    roos = told_people.roos
    with receiving() as receiver, webhook(told_people, receiver) as hook:
        case = CaseFile.submitted(told_people)
        receiver.wait_until(lambda it: it.of(case.id) == [1])
        receiver.answers = failing(500, 302, 503, of=case.id, Location=receiver.url)
        case.fire("add_note", by="anna")
        receiver.wait_until(lambda it: it.of(case.id) == [1, 2, 2, 2], while_passes=telling.clock)
        case.fire("add_note", by="anna")
        receiver.wait_until(lambda it: it.of(case.id) == [1, 2, 2, 2, 3])

        letter = hook.dead()[0]
        resent = f"{hook.path}/dead-letters/{letter['position']}/resendings"
        refused = told_people.esra.post(resent, None)
        key = str(uuid4())
        first, again = roos.post(resent, None, key=key), roos.post(resent, None, key=key)
        receiver.wait_until(lambda it: it.of(case.id) == [1, 2, 2, 2, 3, 2])
        too_late = roos.post(resent, None)

        assert (letter["event"]["data"]["partSequence"], letter["attempts"], letter["status"]) == (2, 3, 503)
        assert [first.status_code, again.status_code, again.headers["Idempotent-Replayed"]] == [201, 201, "true"]
        assert (refused.status_code, too_late.status_code) == (403, 409)
        assert hook.dead() == []


def test_a_receiver_says_that_it_is_gone_that_it_cannot_read_this_or_when_to_come_back(
    telling: Running, told_people: People
) -> None:
    with receiving() as receiver, webhook(told_people, receiver) as hook:
        case, other = CaseFile.submitted(told_people), CaseFile.submitted(told_people)
        receiver.wait_until(lambda it: it.of(case.id) == it.of(other.id) == [1])

        receiver.answers = failing(415, of=case.id)
        case.fire("add_note", by="anna")
        case.fire("add_note", by="anna")
        receiver.wait_until(lambda it: it.of(case.id) == [1, 2, 3])
        unreadable = [(it["event"]["data"]["partSequence"], it["attempts"], it["status"]) for it in hook.dead()]

        receiver.answers = failing(429, of=case.id, **{"Retry-After": "3600"})
        case.fire("add_note", by="anna")
        receiver.wait_until(lambda it: it.of(case.id) == [1, 2, 3, 4])
        other.fire("add_note", by="anna")
        receiver.wait_until(lambda it: it.of(other.id) == [1, 2])
        telling.clock.let_pass(minutes=59)
        other.fire("add_note", by="anna")
        receiver.wait_until(lambda it: it.of(other.id) == [1, 2, 3])
        too_soon = receiver.of(case.id)
        telling.clock.let_pass(minutes=2)
        receiver.wait_until(lambda it: it.of(case.id) == [1, 2, 3, 4, 4])

        receiver.answers = failing(410, of=case.id)
        case.fire("add_note", by="anna")
        receiver.wait_until(lambda it: it.of(case.id) == [1, 2, 3, 4, 4, 5])
        case.fire("add_note", by="anna")
        heard(told_people, "anna", case, entries=6)

        assert unreadable == [(2, 1, 415)]
        assert too_soon == [1, 2, 3, 4]
        assert (hook.seen()["state"], hook.seen()["reason"], hook.seen()["changedBy"]) == ("retired", "gone", None)
        assert receiver.of(case.id) == [1, 2, 3, 4, 4, 5]


@broken_by(
    "Issue 3 point 9: while secrets are rotated events are signed with both",
    "service/events/use_cases/subscriptions.py",
    "secrets=(os.urandom(SECRET_BYTES), subscription.secrets[0]) if rotates else subscription.secrets,",
    "secrets=(os.urandom(SECRET_BYTES),) if rotates else subscription.secrets,",
)
def test_a_webhook_is_paused_resumed_and_given_a_new_secret_beside_the_old_one(told_people: People) -> None:
    with receiving() as receiver, receiving() as witness, webhook(told_people, witness):
        note = "nl.jeugdcasussen.cases.add-note.v1"
        with webhook(told_people, receiver, types=[note]) as hook:
            case = CaseFile.submitted(told_people)
            case.fire("add_note", by="anna")
            receiver.wait_until(lambda it: it.of(case.id) == [2])
            hook.change("pause", "maintenance")
            case.fire("add_note", by="anna")
            witness.wait_until(lambda it: it.of(case.id) == [1, 2, 3])
            paused = receiver.of(case.id)
            renewed = hook.change("rotate_secret")
            hook.change("resume", "repaired")
            receiver.wait_until(lambda it: it.of(case.id) == [2, 3])
            latest = hook.change("rotate_secret", "secret_leaked")
            case.fire("add_note", by="anna")
            receiver.wait_until(lambda it: it.of(case.id) == [2, 3, 4])

        assert paused == [2]
        assert {it.event["type"] for it in receiver.told} == {note}
        secrets = (hook.secret, renewed["secret"], latest["secret"])
        assert [[it.is_signed_with(secret) for secret in secrets] for it in receiver.told] == [
            [True, False, False],
            [True, True, False],
            [False, True, True],
        ]


def test_a_webhook_is_changed_by_its_version_and_once(told_people: People) -> None:
    with receiving() as receiver, webhook(told_people, receiver) as hook:
        path, body, key = f"{hook.path}/changes", {"change": "pause", "reason": "maintenance"}, str(uuid4())

        missing = told_people.roos.post(path, body)
        first = told_people.roos.post(path, body, version=1, key=key)
        again = told_people.roos.post(path, body, version=1, key=key)
        stale = told_people.roos.post(path, {"change": "resume", "reason": "repaired"}, version=1)
        twice = told_people.roos.post(path, body, version=2)

        assert [it.status_code for it in (missing, first, again, stale, twice)] == [428, 201, 201, 412, 409]
        assert (first.json(), hook.seen()["version"]) == (again.json(), 2)


def test_making_a_webhook_twice_with_one_key_makes_one_and_answers_the_same(told_people: People) -> None:
    with receiving() as receiver:
        body, key = {"organisationId": str(ORGANISATION_IDS["ret"]), "url": receiver.url}, str(uuid4())

        first, again = (told_people.roos.post("/subscriptions", body, key=key) for _ in range(2))

        listed = told_people.roos.get("/subscriptions").json()["items"]
        assert first.json() == again.json()
        assert [it["url"] for it in listed].count(receiver.url) == 1
        assert [request.method for request in receiver.requests] == ["OPTIONS"]
        retired = {"change": "retire", "reason": "no_longer_used"}
        told_people.roos.post(f"/subscriptions/{first.json()['id']}/changes", retired, version=1)
