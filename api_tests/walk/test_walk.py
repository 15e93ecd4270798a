"""The walk: everybody fires everything at random, for thousands of steps, and the case is always what the model says.

At every step: what is answered (I2, I6, I10, I13, I15, I16, I22: the model's own rules, which know no payment), where
everything stands (I4, I9, I11, I12, I29), who must act (I1), the waiting (I8). Every forty steps, after weeks went by:
who sees what (I19 by address, I23) and that nothing moved by itself (I7, I28). At the end of a case: I3, I11, I17, I18,
and what was served is what looking back shows. Requests about the file (T22) and emergencies come in between, in any
state. At the end of it all one case is destroyed (I21), and the whole installation verified. Forms against I3, I4, I5,
I10, I14, I15, I16 and I17 are met on the way. Consent (I20) has tests of its own, because it changes what may be read
and not where a case stands.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from subprocess import run
from typing import Any

import pytest
from sqlalchemy import func, select

from api_tests.support.case_model import ModelPart
from api_tests.support.checkout import ROOT
from api_tests.support.databases import new_database
from api_tests.support.destructions import destroyed
from api_tests.support.engines import ENGINES
from api_tests.support.forms import FILLED
from api_tests.support.people import People, everybody
from api_tests.support.sabotages import Refusal, broken_by
from api_tests.support.servers import Running, running, settings_for
from api_tests.support.walker import Served, Tried, Walk
from api_tests.support.workflows import workflow_of
from service.audit.store.tables import access_log

pytestmark = pytest.mark.server

CASES, STEPS, SEED = 14, 120, 2_017
DISSENT = FILLED["advice@1"]["dissent"][0]["view"]
Json = dict[str, Any]


@pytest.fixture(scope="module", params=ENGINES)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service of its own: the walk lets time pass."""
    folder: Path = tmp_path_factory.mktemp(f"walk_{request.param}")
    with running(settings_for(folder, new_database(request, folder, request.param))) as started:
        yield started


@pytest.fixture(scope="module")
def walkers(house: Running) -> Iterator[People]:
    found = everybody(house.url)
    yield found
    for person in found.values():
        person.client.close()


@broken_by(
    "I12, the walk: nobody acts on a version that is not there any more",
    Refusal("service/cases/use_cases/take_step.py", "Stale"),
)
def test_whatever_everybody_does_the_case_is_what_its_model_says(house: Running, walkers: People) -> None:
    chance = Random(SEED)
    met: Counter[tuple[int, str]] = Counter()
    taken: set[tuple[str, str]] = set()
    breached: set[str] = set()
    walks: list[Walk] = []

    for _ in range(CASES):
        walk = Walk(walkers, chance, house.clock)
        walks.append(walk)
        for number in range(STEPS):
            tried = walk.step()
            met[tried.answer.status_code, _code(tried)] += 1
            if tried.foretold == (400, "invalid"):
                breached.add(tried.trigger)
            if tried.answer.status_code == 201:
                taken.add((tried.part.kind, tried.trigger))
            _as_foretold(tried)
            if tried.answer.status_code == 201 or number % 4 == 0:
                _as_the_model_says(walk)
            if number % 40 == 39:
                house.clock.let_pass(hours=chance.choice([3, 5, 960]))
                _everybody_sees_their_own(walk)
        _whole_to_its_end(house, walk)
        _as_it_was_served(walk)
    # The one with the most to lose.
    gone = max(walks, key=lambda it: it.model.entries)
    entries = _destroyed_for_everybody(gone) + sum(it.model.entries for it in walks if it is not gone)
    _verified(house, entries)

    # The walk went everywhere: three steps in four were taken, and every kind of "no" was met.
    assert len(taken) > 0.75 * sum(
        len(workflow_of(kind).definition.triggers) - 3 for kind in {kind for kind, _ in taken}
    )
    wanted = {(404, "not_found"), (403, "role_not_allowed"), (409, "transition_not_allowed"), (409, "guards_not_met")}
    wanted |= {(412, "stale"), (428, "version_missing"), (400, "invalid"), (201, "")}
    wanted |= {(403, "not_allowed"), (409, "already_in_sight")}
    assert wanted <= set(met)
    rules = ("I4", "I5", "I15", "I17", "R42")
    assert [rule for rule in rules if not any(it.endswith(rule) for it in breached)] == []


def _code(tried: Tried) -> str:
    return "" if tried.answer.status_code == 201 else str(tried.answer.json()["code"])


def _as_foretold(tried: Tried) -> None:
    told = f"{tried.person} {tried.trigger} on {tried.part.kind} in {tried.part.state}: {tried.answer.text[:600]}"
    assert (tried.answer.status_code, _code(tried)) == tried.foretold, told
    if tried.answer.status_code >= 400:
        # A refusal says it in words, and gives nothing away.
        assert tried.answer.json()["title"]
        assert "Traceback" not in tried.answer.text


def _as_the_model_says(walk: Walk) -> None:
    """The case as its chair sees it, part by part."""
    seen: Json = walk.file.seen()
    if seen["sequence"] not in walk.served:
        by = frozenset(person for person in walk.people if walk.model.sees_all_by_right(person))
        walk.served[seen["sequence"]] = Served(seen, by)
    everything = {it["id"]: it for it in (seen["main"], *seen["parts"])}
    # I11, I12: the heads are what was done, step by step, and nothing else.
    assert {id_: (it["state"]["code"], it["version"]) for id_, it in everything.items()} == {
        part.id: (part.state, part.version) for part in walk.model.parts.values()
    }
    assert seen["sequence"] == walk.model.entries
    # I9, I29: the region and the team keep the case, whoever is asked.
    assert (seen["region"], seen["team"]["name"][:10]) == ("JZ11", "Expertteam")
    # I8: from the first submission on, without pauses.
    assert (seen["waitingDays"] is None) == (not walk.model.main.is_open)
    for it in everything.values():
        _has_one_to_act(it, walk.model.parts[it["id"]])


def _has_one_to_act(shown: Json, part: ModelPart) -> None:
    """I1: what is open has one party, one next action that this party may take, and one day; what has ended, none."""
    if not part.is_open:
        assert (shown["party"], shown["nextAction"], shown["dueOn"]) == (None, None, None)
        return
    assert shown["party"]["organisation"], shown
    trigger = workflow_of(part.kind).definition.triggers[shown["nextAction"]["code"]]
    assert shown["party"]["role"] in set(trigger.roles) | {"process_director"}
    assert shown["dueOn"]


def _everybody_sees_their_own(walk: Walk) -> None:
    """I22, I23: each sees the parts that are theirs, by every way of asking, and I28: time passing moved nothing."""
    _as_the_model_says(walk)
    for key, person in walk.people.items():
        mine = {part.id for part in walk.model.parts.values() if walk.model.sees(key, part)}
        answer = person.get(walk.file.path)
        assert answer.status_code == (200 if mine else 404), key
        if mine:
            shown = answer.json()
            assert {it["id"] for it in (shown.get("main"), *shown["parts"]) if it} == mine, key
        wanted = {"whose": "all", "number": walk.file.number, "includeEnded": "true", "limit": 200}
        listed = person.get("/work-items", params=wanted)
        assert {item["part"]["id"] for item in listed.json()["items"]} == mine, key


def _whole_to_its_end(house: Running, walk: Walk) -> None:
    """I11: the chain holds. I3, I17: every version of the advice has goals and the dissent. I18: reading is logged."""
    esra = walk.people.esra
    verified = esra.get(f"{walk.file.path}/verification").json()
    assert (verified["sound"], verified["entries"]) == (True, walk.model.entries)
    before = _readings(house, walk)
    versions = esra.get(f"{walk.file.path}/advices").json()["items"]
    for version in versions:
        answer = esra.get(f"{walk.file.path}/advices/{version['version']}")
        assert answer.status_code == 200, answer.text
        advice = answer.json()["advice"]
        assert advice["goals"]  # I3
        assert [it["view"] for it in advice["dissent"]] == [DISSENT]
    assert _readings(house, walk) == before + len(versions)


def _readings(house: Running, walk: Walk) -> int:
    """How often somebody read something of this case."""
    logged = select(func.count()).select_from(access_log).where(access_log.c.case_id == walk.file.id)
    with house.tables.connect() as connection:
        return int(connection.execute(logged).scalar_one())


def _as_it_was_served(walk: Walk) -> None:
    """Looking back shows what was served then, to whoever sees all of it now and saw it then, or has an emergency."""
    walk.beside("petra", "emergency_access")
    for sequence in walk.chance.sample(sorted(walk.served), 3):
        served = walk.served[sequence]
        for key in ("esra", "petra", *walk.chance.sample(sorted(walk.people), 3)):
            answer = walk.people[key].get(walk.file.path, params={"sequence": sequence})
            by_right = walk.model.sees_all_by_right(key) and key in served.seen_by
            if not by_right and not walk.model.reads_in_an_emergency(key):
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), key
                continue
            then = answer.json()
            assert (answer.status_code, then.pop("asOf")["sequence"]) == (200, sequence), key
            assert then == served.view, f"{key} at {sequence}"


def _destroyed_for_everybody(walk: Walk) -> int:
    """I21: whoever submitted it and its team hear what became of it, whatever they ask or send again; nobody else.

    How many entries it had.
    """
    if walk.model.main.is_open:
        walk.file.fire("withdraw")
        walk.model.take("anna", walk.model.main, "withdraw", {})
    walk.beside("mila", "emergency_access")
    told = {it for it in walk.people if walk.model.sees_all_by_right(it)}
    parts = [walk.address(it) for it in walk.chance.sample(list(walk.model.parts.values()), 3)]
    certificate = destroyed(walk.file)

    for key, person in walk.people.items():
        for path in (walk.file.path, f"{walk.file.path}/file", f"{walk.file.path}?sequence=1", *parts):
            answer = person.get(path)
            assert answer.status_code == (410 if key in told else 404), f"{key} {path}"
            if key in told:
                assert answer.json()["certificate"]["certificate"] == certificate["certificate"]
        listed = person.get("/work-items", params={"whose": "all", "number": walk.file.number, "includeEnded": "true"})
        assert listed.json()["items"] == [], key
    for sent in walk.chance.sample(walk.sent, 8):
        assert sent.again(walk.people).status_code == (410 if sent.person in told else 404), sent
    assert walk.beside("petra", "emergency_access").answer.status_code == 404
    return int(certificate["entries"])


def _verified(house: Running, entries: int) -> None:
    """The command of whoever keeps this installation finds nothing wrong, in what was destroyed neither."""
    settings = {"DATABASE_URL": house.settings.database_url, "MASTER_KEY_FILE": str(house.settings.master_key_file)}
    environment = {**os.environ, **{f"CASUSROUTE_{name}": it for name, it in settings.items()}}
    command = [sys.executable, "-m", "service", "verify", "--json"]
    told = run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    summary = json.loads(told.stdout.splitlines()[-1])
    assert summary == {"sound": True, "cases": CASES, "entries": entries, "findings": 0, "root": None}, told.stdout
