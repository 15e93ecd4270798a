"""Every recorded event is delivered at least once and in order per case, wherever the relay dies."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.checkout import ROOT
from api_tests.support.databases import new_database
from api_tests.support.dying_relay import DIED, POINTS
from api_tests.support.engines import ENGINES
from api_tests.support.people import People, everybody
from api_tests.support.receivers import Receiver, feed, run_receiver, webhook
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService, running, settings_for

pytestmark = pytest.mark.server


@pytest.fixture(scope="module", params=ENGINES)
def service_without_relay(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """A service that leaves the delivery of webhooks to a process of its own."""
    folder = tmp_path_factory.mktemp(f"untold_{request.param}")
    settings = settings_for(folder, new_database(request, folder, request.param), webhook_targets="any")
    with running(settings) as started:
        yield started


@pytest.fixture(scope="module")
def people(service_without_relay: RunningService) -> Iterator[People]:
    people = everybody(service_without_relay.url)
    yield people
    for person in people.values():
        person.client.close()


@contextmanager
def other_process(service: RunningService, *module: str) -> Iterator[subprocess.Popen[str]]:
    """Another process on the database of this service; it is terminated at the end."""
    settings = {
        "DATABASE_URL": service.settings.database_url,
        "MASTER_KEY_FILE": str(service.settings.master_key_file),
        "PUBLIC_URL": service.url,
        "WEBHOOK_TARGETS": "any",
        "RELAY_SECONDS": "0.05",
    }
    environment = {**os.environ, **{f"CASUSROUTE_{name}": value for name, value in settings.items()}}
    command = [sys.executable, "-m", *module]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(20)


def in_order_of_arrival(receiver: Receiver, case_id: str) -> list[int]:
    """Numbers of the transitions of a case, in the order of their first arrival."""
    return list(dict.fromkeys(receiver.sequences_of(case_id)))


def test_the_relay_works_as_a_process_of_its_own_and_stops_in_good_order(
    service_without_relay: RunningService, people: People
) -> None:
    with run_receiver() as receiver, webhook(people, receiver):
        case = CaseFile.submitted(people)

        with other_process(service_without_relay, "service", "relay") as process:
            receiver.wait_until(lambda inbox: inbox.sequences_of(case.id) == [1])

        assert process.returncode == 0


@broken_by(
    "A relay that was killed delivers its claimed events again",
    "service/events/store/deliveries.py",
    'times = {"now": to_microseconds(self._now), "until": to_microseconds(self._now + CLAIM_DURATION)}',
    'times = {"now": to_microseconds(self._now), "until": to_microseconds(self._now + CLAIM_DURATION * 10_000)}',
)
def test_wherever_the_relay_is_killed_everything_is_told_at_least_once_and_in_order_per_case(
    service_without_relay: RunningService, people: People
) -> None:
    before = len(feed(people, "anna"))
    with run_receiver() as receiver, webhook(people, receiver):
        cases = [CaseFile.submitted(people) for _ in range(3)]
        for case in cases * 4:
            case.fire("add_note", by="anna")

        with other_process(service_without_relay, "api_tests.support.dying_relay") as process:
            assert process.stdout
            ended = json.loads(process.stdout.readline())
            in_between = len(receiver.posted)
            receiver.wait_until(lambda inbox: all(len(set(inbox.sequences_of(case.id))) == 5 for case in cases))

        assert ended == dict.fromkeys(POINTS, DIED)
        assert 0 < in_between < 15
        assert [in_order_of_arrival(receiver, case.id) for case in cases] == [[1, 2, 3, 4, 5]] * 3
        assert max(Counter(delivery.event["id"] for delivery in receiver.posted).values()) > 1, "nothing was told twice"
        events = feed(people, "anna", after=before)
        assert [int(event["sequence"]) - before for event in events] == list(range(1, 16))
        assert Counter(event["subject"] for event in events) == {case.id: 5 for case in cases}
        assert len({event["id"] for event in events}) == 15
