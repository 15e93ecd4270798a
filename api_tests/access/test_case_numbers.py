"""A case number that somebody tries: limited per person, logged, and answered as one that does not exist."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from api_tests.support.case_file import CaseFile
from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.escalations import signal
from api_tests.support.forms import filled
from api_tests.support.people import People, Person, everybody
from api_tests.support.problems import problem_of
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import running, settings_for
from service.logs import LOG_EVENTS

pytestmark = pytest.mark.server

NO_NUMBER = "0000-0000"


def take_access(person: Person, number: str, **changes: Any) -> httpx.Response:
    body = {"trigger": "take_emergency_access", "number": number, "form": filled("emergency_access@1")}
    return person.post("/emergency-accesses", body | changes)


@pytest.fixture(scope="module", params=ENGINES)
def limited(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """The people of a service at which each of them may try three case numbers a minute."""
    folder: Path = tmp_path_factory.mktemp(f"numbers_{request.param}")
    database_url = new_database(request, folder, request.param)
    with running(settings_for(folder, database_url, numbers_per_minute=3)) as service:
        people = everybody(service.url)
        yield people
        for person in people.values():
            person.client.close()


def tried(outcome: str) -> float:
    return REGISTRY.get_sample_value("casusroute_case_numbers_total", {"outcome": outcome}) or 0


@broken_by(
    "A person who tries many case numbers waits before the next",
    "service/cases/api/numbers.py",
    "if seconds := context.number_rate_limiter.admit((caller.issuer, caller.subject)):",
    "if seconds := 0:",
    case="sqlite-petra",
)
@broken_by(
    "A case number that was tried in vain is logged, without the number and the person",
    "service/cases/api/numbers.py",
    '        log.warning("case_number_missed", trace_id=caller.trace_id)\n',
    "",
    case="sqlite-petra",
)
@pytest.mark.parametrize("guesser", ["petra", "mila"])
def test_a_person_who_tries_many_case_numbers_waits_and_is_logged(limited: People, guesser: str) -> None:
    case = CaseFile.submitted(limited).go_to("in_triage")
    attempt = take_access if guesser == "petra" else signal
    before = [tried("missed"), tried("turned_away")]

    with capture_logs() as lines:
        misses = [attempt(limited[guesser], f"0000-000{number}") for number in range(3)]
        waits = [attempt(limited[guesser], number) for number in (NO_NUMBER, case.number)]
    logged = [line for line in lines if line["event"] == "case_number_missed"]

    assert [problem_of(answer, 404, "not_found")["status"] for answer in misses] == [404] * 3
    assert all(problem_of(answer, 429, "too_many_requests")["seconds"] > 0 for answer in waits)
    assert [tried("missed") - before[0], tried("turned_away") - before[1]] == [3, 2]
    assert len(logged) == 3
    assert all(line.keys() - LOG_EVENTS["case_number_missed"] == {"event", "log_level"} for line in logged)
    assert take_access(limited.joke, case.number).status_code == 201


@broken_by(
    "A liaison learns nothing of a case out of her sight that takes no signal",
    "service/escalations/use_cases.py",
    "except (TransitionNotAllowed, GuardsNotMet):",
    "except ZeroDivisionError:",
    case="sqlite-submitted",
)
@pytest.mark.parametrize("state", ["submitted", "consulted", "withdrawn", "declined"])
def test_a_signal_tells_nothing_of_a_case_that_takes_none(people: People, state: str) -> None:
    case = CaseFile.submitted(people).go_to(state)

    answers = [signal(people.mila, number) for number in (case.number, NO_NUMBER)]
    with_fault = [
        signal(people.mila, number, level={"code": "expertise_network"}) for number in (case.number, NO_NUMBER)
    ]

    assert [answer.status_code for answer in answers + with_fault] == [404, 404, 400, 400]
    assert answers[0].content == answers[1].content
    assert with_fault[0].content == with_fault[1].content


@broken_by(
    "A signal with a fault does not tell whether there is a case with its number",
    "service/cases/use_cases/any_case.py",
    "        raise Invalid(faults)\n",
    "        pass\n",
)
def test_a_signal_with_a_fault_is_answered_alike_whether_its_number_exists(people: People) -> None:
    case = CaseFile.submitted(people).go_to("in_review")
    body = {"trigger": "signal_escalation", "form": filled("escalation_signal@1", level={"code": "expertise_network"})}
    body["occurredAt"] = "2020-02-01T10:00:00Z"

    answers = [
        people.mila.post("/escalation-signals", body | {"number": number}) for number in (case.number, NO_NUMBER)
    ]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].content == answers[1].content


def test_emergency_access_with_a_fault_is_answered_alike_whether_its_number_exists(
    people: People, case: CaseFile
) -> None:
    emergencies = [take_access(people.petra, number, grounds=" ") for number in (case.number, NO_NUMBER)]

    assert emergencies[0].status_code == emergencies[1].status_code == 400
    assert emergencies[0].content == emergencies[1].content
