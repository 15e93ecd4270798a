"""As it was known then: a view at an entry is what was served when that entry was the last (design 2, issue 4 point 1).

A service of its own on each database, because time passes, a region decides otherwise, and rules change under way.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from api_tests.support.case_file import COLLECTIONS, CaseFile
from api_tests.support.changed_rules import copied, people_at, rewritten
from api_tests.support.databases import new_database
from api_tests.support.edges import amend
from api_tests.support.engines import ENGINES
from api_tests.support.forms import filled
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import Running
from api_tests.support.wanderings import wander

pytestmark = pytest.mark.server

Json = dict[str, Any]
# The team, the submitter, an expert while it is at the table, the liaison while she is asked.
WAYS = ("transitions", "refusals", "advices", "advices/1")
READERS = ("esra", "anna", "floor", "mila")
STARTS = {"in_review": (), "arranging_placement": ("request_escalation", "seek_placement")}
STEPS = 4
# In the older version a table may be paused, and a week of seeking help makes it a question for the table again.
PAUSE = """
[triggers.pause]
from = ["in_review"]
to = "scheduled"
roles = ["chair"]
label = { nl = "Tafel onderbreken", en = "Pause the table" }
"""
TO_THE_TABLE_ONLY = [
    consent | {"purposes": [{"code": "discuss_at_table"}]} for consent in filled("referral@1")["consents"]
]


@dataclass(frozen=True)
class Served:
    """What somebody was served when this entry was the last; `at`: at which moment, None for right after it."""

    by: str
    path: str
    sequence: int
    at: str | None
    answer: tuple[int, Json]


@dataclass
class Witness:
    """Somebody who writes down what everybody is served of one case, while it goes on."""

    house: Running
    case: CaseFile
    chance: Random
    served: list[Served] = field(default_factory=list)
    recorded_at: dict[int, str] = field(default_factory=dict)

    def look(self) -> None:
        """Right after a step."""
        history = self.case.history()
        last = history[-1]["sequence"]
        if last not in self.recorded_at:
            self.recorded_at |= {it["sequence"]: it["recordedAt"] for it in history}
            for by, path in self._paths(history):
                self._write_down(by, path, last, None)

    def look_and_wait(self) -> None:
        """Right after a step, and once some days went by."""
        self.look()
        self.house.clock.let_pass(days=self.chance.choice([0, 1, 8, 30]))
        self.look_again(self.chance.choice(READERS))

    def look_again(self, by: str) -> None:
        now = self.house.clock().isoformat().replace("+00:00", "Z")
        self._write_down(by, self.case.path, max(self.recorded_at), now)

    def _paths(self, history: list[Json]) -> Iterator[tuple[str, str]]:
        own = self.case.path
        yield from (("esra", f"{own}{way}") for way in ("", "/file", f"/{self.chance.choice(WAYS)}"))
        yield from ((self.chance.choice(READERS[1:]), f"{own}{way}") for way in ("", "/file"))
        entry = self.chance.choice(history)
        collection = COLLECTIONS[entry["partKind"]]
        part = f"{own}/{collection}/{entry['partId']}" if collection else own
        ways = ("", "/transitions", f"/transitions/{entry['partSequence']}")
        yield "esra", f"{part}{self.chance.choice(ways)}"
        if collection:
            yield "esra", f"{own}/{collection}"

    def _write_down(self, by: str, path: str, sequence: int, at: str | None) -> None:
        self.served.append(Served(by, path, sequence, at, told(self.case.people[by].get(path))))


def told(answer: httpx.Response) -> tuple[int, Json]:
    """What an answer says; of a refusal its code."""
    body = answer.json()
    return answer.status_code, body if answer.status_code == 200 else {"code": body["code"]}


def in_the_morning(house: Running) -> None:
    """No day ends while somebody is reading."""
    now = house.clock()
    morning = (now + timedelta(days=1)).replace(hour=9, minute=0)
    house.clock.let_pass(seconds=(morning - now).total_seconds())


def older_rules(folder: Path) -> Path:
    rules = copied(folder, case=PAUSE)
    rewritten(rules, "settings", "longlist_days = 91", "longlist_days = 7")
    return rules


@pytest.fixture(scope="module", params=ENGINES)
def walked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Witness]]:
    """Cases that everybody wandered about with, corrected what they wrote, and was served something after each step."""
    folder: Path = tmp_path_factory.mktemp(f"past_{request.param}")
    url = new_database(request, folder, request.param)
    chance = Random(40)
    witnesses = []
    with people_at(folder, url, older_rules(folder)) as (service, people):
        for start, more in STARTS.items():
            in_the_morning(service)
            witness = Witness(service, CaseFile.submitted(people), chance)
            witness.look_and_wait()
            witness.case.go_to(start)
            for trigger in more:
                witness.case.fire(trigger)
            witness.look_and_wait()
            service.clock.let_pass(days=9)
            witness.case.fire("add_note")
            witness.look_and_wait()
            witnesses.append(witness)
    with people_at(folder, url) as (later, people):
        later.clock.passed = service.clock.passed
        in_the_morning(later)
        for it in witnesses:
            it.house, it.case = later, CaseFile(people, it.case.id, it.case.number)
        adopted(witnesses)
        decided_otherwise(witnesses[-1])
        for it in witnesses:
            wandered(it)
        yield witnesses


def adopted(witnesses: list[Witness]) -> None:
    """The administrator takes the cases to the workflow of today."""
    case = witnesses[0].case
    roos, old = case.people.roos, case.history()[0]["workflow"]
    plan = roos.post("/workflow-plans", {"kind": "case", "from": old}).json()["hash"]
    moved = roos.post(f"/workflow-plans/{plan}/adoptions", {"grounds": "Zo werkt de regio nu."})
    assert moved.json()["adopted"] == len(witnesses), moved.text
    for it in witnesses:
        it.look()


def decided_otherwise(witness: Witness) -> None:
    """The region decides that help is sought for two weeks, on a day on which somebody looked before it did."""
    witness.house.clock.let_pass(days=20)
    witness.look_again("esra")
    decided = witness.case.people.roos.post("/regions/JZ11/settings", {"settings": {"longlist_days": 14}})
    assert decided.status_code == 201, decided.text
    witness.look_again("esra")


def wandered(witness: Witness) -> None:
    """Random steps, with a correction after each, and half-way one that takes a consent back."""
    case, chance = witness.case, witness.chance
    for number, _ in enumerate(wander(case, chance, STEPS)):
        witness.look_and_wait()
        amend(case, chance.choice([None, None, *case.seen()["parts"]]))
        witness.look_and_wait()
        if number == STEPS // 2:
            changes = {"consents": TO_THE_TABLE_ONLY}
            form = {"amends": 1, "changes": changes, "reason": "Daar was niet om gevraagd."}
            case.attempt("amend", by="anna", form=form)
            witness.look_and_wait()


@broken_by(
    "Design 2: the view at an entry is what was served when it was the last, also under the rules of then",
    "service/cases/use_cases/look_back.py",
    ("        return Definitions(self.transaction).settings(last.settings) if at_entry == at_moment else at_moment\n"),
    "        return at_moment\n",
)
@broken_by(
    "Design 2: a part that was taken along a plan is seen on the workflow that it came to",
    "service/cases/rules/point_in_time.py",
    "workflow=plans.get(entry.workflow, entry.workflow),",
    "workflow=entry.workflow,",
)
@broken_by(
    "Issue 4 point 1: what a region decided later that day did not hold before it was decided",
    "service/workflows/use_cases.py",
    "recorded_by=at)",
    "recorded_by=None)",
)
def test_the_view_at_an_entry_is_what_was_served_when_it_was_the_last(walked: list[Witness]) -> None:
    """Whoever sees the whole case today is answered as they were then, refusals included; the others not at all."""
    compared = refused = 0
    for witness in walked:
        everything = {(it.by, it.path) for it in witness.served} | {(by, witness.case.path) for by in READERS}
        now = {(by, path): told(witness.case.people[by].get(path)) for by, path in everything}
        for it in witness.served:
            person = witness.case.people[it.by]
            sees_it = "main" in now[it.by, witness.case.path][1]
            status, code = now[it.by, it.path]
            expected = (404, {"code": "not_found"}) if not sees_it else it.answer
            if sees_it and status == 403:
                expected = (status, code) if it.answer[0] != 404 else it.answer
            refused += expected[0] != 200
            asked: list[Json] = [{"knownAt": it.at}] if it.at else [{"sequence": it.sequence}]
            if not it.at and witness.chance.random() < 0.3 and is_last_of_its_moment(witness, it.sequence):
                asked.append({"knownAt": witness.recorded_at[it.sequence]})
            for which in asked:
                answer = person.get(it.path, params=which)
                status, found = told(answer)
                of = found.pop("asOf", None)
                assert (status, found) == expected, f"{it.by} {it.path} {which}"
                assert "ETag" not in answer.headers
                if status == 200:
                    compared += 1
                    known_at = it.at or witness.recorded_at[it.sequence]
                    assert of == {"sequence": it.sequence, "knownAt": known_at, "present": f"/v1{it.path}"}
    assert (compared > 100, refused > 20) == (True, True), (compared, refused)


def test_every_entry_can_be_looked_back_at_also_one_that_was_never_the_last_by_itself(walked: list[Witness]) -> None:
    """What begins with a step is recorded with it: between the two nobody was served anything."""
    for witness in walked:
        history = witness.case.history()
        for entry in history:
            view = looked(witness.case, "/transitions", sequence=entry["sequence"])
            last = [transition for transition in view["transitions"] if transition["corrects"] is None]
            assert len(view["transitions"]) == entry["sequence"]
            assert facts(last) == facts([it for it in history[: entry["sequence"]] if it["corrects"] is None])


def looked(case: CaseFile, way: str = "", by: str = "esra", **moment: Any) -> Json:
    answer = case.people[by].get(f"{case.path}{way}", params=moment)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def facts(entries: list[Json]) -> list[Json]:
    """Entries without what came of them later."""
    return [{name: it for name, it in entry.items() if name != "correctedBy"} for entry in entries]


def is_last_of_its_moment(witness: Witness, sequence: int) -> bool:
    return witness.recorded_at.get(sequence + 1) != witness.recorded_at[sequence]


def test_the_walk_met_what_looking_back_is_for(walked: list[Witness]) -> None:
    """Corrections, other rules, another settings version, parts of several kinds, refusals, what asks for attention."""
    histories = [it.case.history() for it in walked]
    views = [it.answer[1] for witness in walked for it in witness.served if it.path == witness.case.path]

    assert sum(bool(it["corrects"]) for history in histories for it in history) >= 6
    assert all("adopt_workflow" in {it["trigger"] for it in history} for history in histories)
    assert len({it["settings"] for history in histories for it in history}) >= 3
    assert len({it["partKind"] for history in histories for it in history}) >= 4
    assert {bool(view.get("attention")) for view in views} == {True, False}
