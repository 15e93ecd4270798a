"""A random walk: all people fire all triggers for thousands of steps, and the case always equals its model.

At each step: the answer (I2, I6, I10, I13, I15, I16, I22: the rules of the model, which know no payment), the state of
all parts (I4, I9, I11, I12, I29), the party that must act (I1), the waiting days (I8). Every forty steps, after weeks
have passed: the parts that each person sees (I19 by address, I23), and no change by time alone (I7, I28). At the end of
a case: I3, I11, I17, I18, and past views equal the views served then. Requests about the file (T22) and emergency
access come in between, in any state. At the end of the walk one case is destroyed (I21), and the whole installation is
verified. Forms against I3, I4, I5, I10, I14, I15, I16 and I17 occur on the way. Consent (I20) has its own tests: it
changes what may be read and not the state of a case.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select

from api_tests.support.case_model import ModelPart
from api_tests.support.databases import new_database
from api_tests.support.destructions import destroy_case
from api_tests.support.engines import ENGINES
from api_tests.support.forms import FILLED
from api_tests.support.people import People, everybody
from api_tests.support.sabotages import Refusal, broken_by
from api_tests.support.servers import RunningService, running, settings_for
from api_tests.support.walker import Attempt, ServedView, Walk
from api_tests.support.workflows import workflow_of
from service.app import open_database
from service.audit.store.tables import access_log
from service.commands.verify import verification_lines

pytestmark = pytest.mark.server

CASES, STEPS, SEED = 14, 120, 2_017
DISSENT = FILLED["advice@1"]["dissent"][0]["view"]
Json = dict[str, Any]


@pytest.fixture(scope="module", params=ENGINES)
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service of its own, because the walk moves its clock."""
    folder: Path = tmp_path_factory.mktemp(f"walk_{request.param}")
    with running(settings_for(folder, new_database(request, folder, request.param))) as service:
        yield service


@pytest.fixture(scope="module")
def walkers(installation: RunningService) -> Iterator[People]:
    people = everybody(installation.url)
    yield people
    for person in people.values():
        person.client.close()


@broken_by(
    "I12: the service refuses a step on a stale version during a random walk",
    Refusal("service/cases/use_cases/take_step.py", "Stale"),
)
def test_whatever_everybody_does_the_case_is_what_its_model_says(installation: RunningService, walkers: People) -> None:
    chance = Random(SEED)
    outcomes: Counter[tuple[int, str]] = Counter()
    taken_steps: set[tuple[str, str]] = set()
    broken_triggers: set[str] = set()
    walks: list[Walk] = []

    for _ in range(CASES):
        walk = Walk(walkers, chance, installation.clock)
        walks.append(walk)
        for number in range(STEPS):
            attempt = walk.step()
            outcomes[attempt.answer.status_code, _code(attempt)] += 1
            if attempt.expected == (400, "invalid"):
                broken_triggers.add(attempt.trigger)
            if attempt.answer.status_code == 201:
                taken_steps.add((attempt.part.kind, attempt.trigger))
            _check_answer(attempt)
            if attempt.answer.status_code == 201 or number % 4 == 0:
                _check_against_model(walk)
            if number % 40 == 39:
                installation.clock.let_pass(hours=chance.choice([3, 5, 960]))
                _check_sight(walk)
        _check_history(installation, walk)
        _check_past_views(walk)
    # The longest history is destroyed.
    longest = max(walks, key=lambda walk: walk.model.entries)
    entries = _destroy(longest) + sum(walk.model.entries for walk in walks if walk is not longest)
    _verify_installation(installation, entries)

    # The walk covered most: three steps in four were taken, and each kind of refusal occurred.
    assert len(taken_steps) > 0.75 * sum(
        len(workflow_of(kind).definition.triggers) - 3 for kind in {kind for kind, _ in taken_steps}
    )
    expected = {(404, "not_found"), (403, "role_not_allowed"), (409, "transition_not_allowed"), (409, "guards_not_met")}
    expected |= {(412, "stale"), (428, "version_missing"), (400, "invalid"), (201, "")}
    expected |= {(403, "not_allowed"), (409, "already_in_sight")}
    assert expected <= set(outcomes)
    rules = ("I4", "I5", "I15", "I17", "R42")
    assert [rule for rule in rules if not any(trigger.endswith(rule) for trigger in broken_triggers)] == []


def _code(attempt: Attempt) -> str:
    return "" if attempt.answer.status_code == 201 else str(attempt.answer.json()["code"])


def _check_answer(attempt: Attempt) -> None:
    part, answer = attempt.part, attempt.answer
    message = f"{attempt.person} {attempt.trigger} on {part.kind} in {part.state}: {answer.text[:600]}"
    assert (answer.status_code, _code(attempt)) == attempt.expected, message
    if answer.status_code >= 400:
        # A refusal has a sentence, and no trace of the code.
        assert answer.json()["title"]
        assert "Traceback" not in answer.text


def _check_against_model(walk: Walk) -> None:
    """Compare the case in the view of its chair with the model, part by part."""
    case_view: Json = walk.file.view()
    if case_view["sequence"] not in walk.served:
        readers = frozenset(person for person in walk.people if walk.model.sees_all_by_right(person))
        walk.served[case_view["sequence"]] = ServedView(case_view, readers)
    views = {view["id"]: view for view in (case_view["main"], *case_view["parts"])}
    # I11, I12: the heads follow from the steps taken, and from nothing else.
    assert {id_: (view["state"]["code"], view["version"]) for id_, view in views.items()} == {
        part.id: (part.state, part.version) for part in walk.model.parts.values()
    }
    assert case_view["sequence"] == walk.model.entries
    # I9, I29: the region and the team keep the case, also while others are asked.
    assert (case_view["region"], case_view["team"]["name"][:10]) == ("JZ11", "Expertteam")
    # I8: from the first submission on, without pauses.
    assert (case_view["waitingDays"] is None) == (not walk.model.main.is_open)
    for view in views.values():
        _check_duty(view, walk.model.parts[view["id"]])


def _check_duty(view: Json, part: ModelPart) -> None:
    """I1: an open part has one party, one next action that the party may take, and one day; an ended part has none."""
    if not part.is_open:
        assert (view["party"], view["nextAction"], view["dueOn"]) == (None, None, None)
        return
    assert view["party"]["organisation"], view
    trigger = workflow_of(part.kind).definition.triggers[view["nextAction"]["code"]]
    assert view["party"]["role"] in set(trigger.roles) | {"process_director"}
    assert view["dueOn"]


def _check_sight(walk: Walk) -> None:
    """I22, I23: each person sees their own parts in each view. I28: time alone changes nothing."""
    _check_against_model(walk)
    for key, person in walk.people.items():
        visible = {part.id for part in walk.model.parts.values() if walk.model.sees(key, part)}
        answer = person.get(walk.file.path)
        assert answer.status_code == (200 if visible else 404), key
        if visible:
            case_view = answer.json()
            assert {view["id"] for view in (case_view.get("main"), *case_view["parts"]) if view} == visible, key
        query = {"whose": "all", "number": walk.file.number, "includeEnded": "true", "limit": 200}
        items = person.get("/work-items", params=query)
        assert {item["part"]["id"] for item in items.json()["items"]} == visible, key


def _check_history(installation: RunningService, walk: Walk) -> None:
    """I11: the chain holds. I3, I17: each version of the advice has goals and the dissent. I18: reading is logged."""
    esra = walk.people.esra
    verification = esra.get(f"{walk.file.path}/verification").json()
    assert (verification["sound"], verification["entries"]) == (True, walk.model.entries), verification
    reads_before = _count_reads(installation, walk)
    versions = esra.get(f"{walk.file.path}/advices").json()["items"]
    for version in versions:
        answer = esra.get(f"{walk.file.path}/advices/{version['version']}")
        assert answer.status_code == 200, answer.text
        advice = answer.json()["advice"]
        assert advice["goals"]  # I3
        assert [dissent["view"] for dissent in advice["dissent"]] == [DISSENT]
    assert _count_reads(installation, walk) == reads_before + len(versions)


def _count_reads(installation: RunningService, walk: Walk) -> int:
    """The number of entries of the access log about this case."""
    query = select(func.count()).select_from(access_log).where(access_log.c.case_id == walk.file.id)
    with installation.tables.connect() as connection:
        return int(connection.execute(query).scalar_one())


def _check_past_views(walk: Walk) -> None:
    """A past view equals the view served then, for people who see all now and saw it then, or by emergency access."""
    walk.begin_outside_file("petra", "emergency_access")
    for sequence in walk.chance.sample(sorted(walk.served), 3):
        served = walk.served[sequence]
        for key in ("esra", "petra", *walk.chance.sample(sorted(walk.people), 3)):
            answer = walk.people[key].get(walk.file.path, params={"sequence": sequence})
            by_right = walk.model.sees_all_by_right(key) and key in served.seen_by
            if not by_right and not walk.model.reads_in_an_emergency(key):
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), key
                continue
            view = answer.json()
            assert (answer.status_code, view.pop("asOf")["sequence"]) == (200, sequence), key
            assert view == served.view, f"{key} at {sequence}"


def _destroy(walk: Walk) -> int:
    """I21: after destruction the submitter and the team learn it from each answer, and nobody else learns anything.

    Returns the number of entries of the case.
    """
    if walk.model.main.is_open:
        walk.file.fire("withdraw")
        walk.model.take("anna", walk.model.main, "withdraw", {})
    walk.begin_outside_file("mila", "emergency_access")
    informed = {person_key for person_key in walk.people if walk.model.sees_all_by_right(person_key)}
    parts = [walk.address(part) for part in walk.chance.sample(list(walk.model.parts.values()), 3)]
    certificate = destroy_case(walk.file)

    for key, person in walk.people.items():
        for path in (walk.file.path, f"{walk.file.path}/file", f"{walk.file.path}?sequence=1", *parts):
            answer = person.get(path)
            assert answer.status_code == (410 if key in informed else 404), f"{key} {path}"
            if key in informed:
                assert answer.json()["certificate"]["certificate"] == certificate["certificate"]
        items = person.get("/work-items", params={"whose": "all", "number": walk.file.number, "includeEnded": "true"})
        assert items.json()["items"] == [], key
    for request in walk.chance.sample(walk.sent, 8):
        repeated = request.repeat(walk.people)
        assert repeated.status_code == (410 if request.person in informed else 201), request
        if request.person not in informed:  # the sender learns what they did themselves, and nothing of the case since
            assert repeated.headers["Idempotent-Replayed"] == "true"
            assert repeated.json().keys() - {"caseId", "version"} == set(), request
    assert walk.begin_outside_file("petra", "emergency_access").answer.status_code == 404
    return int(certificate["entries"])


def _verify_installation(installation: RunningService, entries: int) -> None:
    """Verification finds no fault in this installation, nor in the destroyed case. It goes by the clock of the walk."""
    database = open_database(installation.settings, installation.clock)
    database.all_rows_reason = "verification"
    lines = list(verification_lines(database))
    database.close()
    verdicts = [line.verdict for line in lines if line.verdict]
    assert [line.as_json() for line in lines if line.finding] == []
    assert (len(verdicts), sum(verdict.entries for verdict in verdicts)) == (CASES, entries)
