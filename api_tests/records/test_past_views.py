"""A past view at an entry equals the view served when that entry was the last.

Each database has a service of its own, because time passes, a region changes its settings, and rules change meanwhile.
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
from api_tests.support.changed_rules import copy_workflows, replace_in_workflow, service_with_people
from api_tests.support.databases import new_database
from api_tests.support.edges import amend
from api_tests.support.engines import ENGINES
from api_tests.support.forms import filled
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.wanderings import wander

pytestmark = pytest.mark.server

Json = dict[str, Any]
SUBPATHS = ("transitions", "refusals", "advices", "advices/1")
# The team, the submitter, an expert while the case is at the table, the liaison during an escalation.
READERS = ("esra", "anna", "floor", "mila")
STARTS = {"in_review": (), "arranging_placement": ("request_escalation", "seek_placement")}
STEPS = 4
# The older rules let a chair pause a table, and send a case back to the table after a week of seeking help.
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
class ServedAnswer:
    """The answer that a reader got when this entry was the last. `at`: moment of reading, None for right after it."""

    by: str
    path: str
    sequence: int
    at: str | None
    answer: tuple[int, Json]


@dataclass
class Witness:
    """A witness records the answers that the readers of one case get while the case continues."""

    service: RunningService
    case: CaseFile
    chance: Random
    served: list[ServedAnswer] = field(default_factory=list)
    recorded_at: dict[int, str] = field(default_factory=dict)

    def look(self) -> None:
        """Record the answers right after a step."""
        history = self.case.history()
        last = history[-1]["sequence"]
        if last not in self.recorded_at:
            self.recorded_at |= {entry["sequence"]: entry["recordedAt"] for entry in history}
            for by, path in self._paths(history):
                self._write_down(by, path, last, None)

    def look_and_wait(self) -> None:
        """Record the answers right after a step, and one more after some days."""
        self.look()
        self.service.clock.let_pass(days=self.chance.choice([0, 1, 8, 30]))
        self.look_again(self.chance.choice(READERS))

    def look_again(self, by: str) -> None:
        now = self.service.clock().isoformat().replace("+00:00", "Z")
        self._write_down(by, self.case.path, max(self.recorded_at), now)

    def _paths(self, history: list[Json]) -> Iterator[tuple[str, str]]:
        base = self.case.path
        yield from (("esra", f"{base}{subpath}") for subpath in ("", "/file", f"/{self.chance.choice(SUBPATHS)}"))
        yield from ((self.chance.choice(READERS[1:]), f"{base}{subpath}") for subpath in ("", "/file"))
        entry = self.chance.choice(history)
        collection = COLLECTIONS[entry["partKind"]]
        part = f"{base}/{collection}/{entry['partId']}" if collection else base
        subpaths = ("", "/transitions", f"/transitions/{entry['partSequence']}")
        yield "esra", f"{part}{self.chance.choice(subpaths)}"
        if collection:
            yield "esra", f"{base}/{collection}"

    def _write_down(self, by: str, path: str, sequence: int, at: str | None) -> None:
        self.served.append(ServedAnswer(by, path, sequence, at, status_and_body(self.case.people[by].get(path))))


def status_and_body(answer: httpx.Response) -> tuple[int, Json]:
    """Returns (status, body). The body of a refusal is reduced to its code."""
    body = answer.json()
    return answer.status_code, body if answer.status_code == 200 else {"code": body["code"]}


def move_to_morning(service: RunningService) -> None:
    """Move the clock to the next morning, so that no day ends between two reads."""
    now = service.clock()
    morning = (now + timedelta(days=1)).replace(hour=9, minute=0)
    service.clock.let_pass(seconds=(morning - now).total_seconds())


def older_rules(folder: Path) -> Path:
    rules = copy_workflows(folder, case=PAUSE)
    replace_in_workflow(rules, "settings", "longlist_days = 91", "longlist_days = 7")
    return rules


@pytest.fixture(scope="module", params=ENGINES)
def walked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Witness]]:
    """Cases with random steps and corrections by their people, and the answers served after each step."""
    folder: Path = tmp_path_factory.mktemp(f"past_{request.param}")
    url = new_database(request, folder, request.param)
    chance = Random(40)
    witnesses = []
    with service_with_people(folder, url, older_rules(folder)) as (service, people):
        for start, more in STARTS.items():
            move_to_morning(service)
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
    with service_with_people(folder, url) as (later, people):
        later.clock.passed = service.clock.passed
        move_to_morning(later)
        for witness in witnesses:
            witness.service, witness.case = later, CaseFile(people, witness.case.id, witness.case.number)
        adopt_current_workflow(witnesses)
        change_settings(witnesses[-1])
        for witness in witnesses:
            take_random_steps(witness)
        yield witnesses


def adopt_current_workflow(witnesses: list[Witness]) -> None:
    """The administrator moves the cases to the current workflow."""
    case = witnesses[0].case
    roos, old = case.people.roos, case.history()[0]["workflow"]
    plan = roos.post("/workflow-plans", {"kind": "case", "from": old}).json()["hash"]
    adoption = roos.post(f"/workflow-plans/{plan}/adoptions", {"grounds": "Zo werkt de regio nu."})
    assert adoption.json()["adopted"] == len(witnesses), adoption.text
    for witness in witnesses:
        witness.look()


def change_settings(witness: Witness) -> None:
    """The region sets the search for help to two weeks, between two reads on one day."""
    witness.service.clock.let_pass(days=20)
    witness.look_again("esra")
    answer = witness.case.people.roos.post("/regions/JZ11/settings", {"settings": {"longlist_days": 14}})
    assert answer.status_code == 201, answer.text
    witness.look_again("esra")


def take_random_steps(witness: Witness) -> None:
    """Take random steps with a correction after each; half-way a correction withdraws a consent."""
    case, chance = witness.case, witness.chance
    for number, _ in enumerate(wander(case, chance, STEPS)):
        witness.look_and_wait()
        amend(case, chance.choice([None, None, *case.view()["parts"]]))
        witness.look_and_wait()
        if number == STEPS // 2:
            changes = {"consents": TO_THE_TABLE_ONLY}
            form = {"amends": 1, "changes": changes, "reason": "Daar was niet om gevraagd."}
            case.attempt("amend", by="anna", form=form)
            witness.look_and_wait()


@broken_by(
    "The view at an entry equals the answer of that time, under the settings of that time",
    "service/cases/use_cases/look_back.py",
    (
        "        return Definitions(self.transaction).settings_by_hash(last.settings) "
        "if at_entry == at_moment else at_moment\n"
    ),
    "        return at_moment\n",
)
@broken_by(
    "The view at an entry shows a part that a plan moved on its new workflow",
    "service/cases/rules/point_in_time.py",
    "workflow=plans.get(entry.workflow, entry.workflow),",
    "workflow=entry.workflow,",
)
@broken_by(
    "The view at an earlier moment ignores a decision that the region recorded later that day",
    "service/workflows/use_cases.py",
    "recorded_by=at)",
    "recorded_by=None)",
)
def test_the_view_at_an_entry_is_what_was_served_when_it_was_the_last(walked: list[Witness]) -> None:
    """A reader who sees the whole case today gets the answer of then, refusals included; any other reader gets 404."""
    compared = refused = 0
    for witness in walked:
        reads = {(served.by, served.path) for served in witness.served} | {(by, witness.case.path) for by in READERS}
        now = {(by, path): status_and_body(witness.case.people[by].get(path)) for by, path in reads}
        for served in witness.served:
            person = witness.case.people[served.by]
            sees_case = "main" in now[served.by, witness.case.path][1]
            status, code = now[served.by, served.path]
            expected = (404, {"code": "not_found"}) if not sees_case else served.answer
            if sees_case and status == 403:
                expected = (status, code) if served.answer[0] != 404 else served.answer
            refused += expected[0] != 200
            moments: list[Json] = [{"knownAt": served.at}] if served.at else [{"sequence": served.sequence}]
            if not served.at and witness.chance.random() < 0.3 and is_last_of_its_moment(witness, served.sequence):
                moments.append({"knownAt": witness.recorded_at[served.sequence]})
            for moment in moments:
                answer = person.get(served.path, params=moment)
                status, body = status_and_body(answer)
                as_of = body.pop("asOf", None)
                assert (status, body) == expected, f"{served.by} {served.path} {moment}"
                assert "ETag" not in answer.headers
                if status == 200:
                    compared += 1
                    known_at = served.at or witness.recorded_at[served.sequence]
                    assert as_of == {"sequence": served.sequence, "knownAt": known_at, "present": f"/v1{served.path}"}
    assert (compared > 100, refused > 20) == (True, True), (compared, refused)


def test_every_entry_has_a_past_view_also_one_that_was_recorded_together_with_others(walked: list[Witness]) -> None:
    """A part that begins with a step is recorded with it: no answer was served between the two entries."""
    for witness in walked:
        history = witness.case.history()
        for entry in history:
            view = read_past(witness.case, "/transitions", sequence=entry["sequence"])
            steps = [transition for transition in view["transitions"] if transition["corrects"] is None]
            assert len(view["transitions"]) == entry["sequence"]
            assert facts(steps) == facts(
                [earlier for earlier in history[: entry["sequence"]] if earlier["corrects"] is None]
            )


def read_past(case: CaseFile, subpath: str = "", by: str = "esra", **moment: Any) -> Json:
    answer = case.people[by].get(f"{case.path}{subpath}", params=moment)
    assert answer.status_code == 200, answer.text
    view: Json = answer.json()
    return view


def facts(entries: list[Json]) -> list[Json]:
    """The entries without the numbers of their later corrections."""
    return [{name: value for name, value in entry.items() if name != "correctedBy"} for entry in entries]


def is_last_of_its_moment(witness: Witness, sequence: int) -> bool:
    return witness.recorded_at.get(sequence + 1) != witness.recorded_at[sequence]


def test_the_walk_contains_everything_that_changes_a_past_view(walked: list[Witness]) -> None:
    """The walk contains corrections, other rules and settings, parts of several kinds, refusals and attention."""
    histories = [witness.case.history() for witness in walked]
    views = [served.answer[1] for witness in walked for served in witness.served if served.path == witness.case.path]

    assert sum(bool(entry["corrects"]) for history in histories for entry in history) >= 6
    assert all("adopt_workflow" in {entry["trigger"] for entry in history} for history in histories)
    assert len({entry["settings"] for history in histories for entry in history}) >= 3
    assert len({entry["partKind"] for history in histories for entry in history}) >= 4
    assert {bool(view.get("attention")) for view in views} == {True, False}
