"""Issue 3, point 8: a new version tried on the cases that run, adopted case by case, broken off, resumed, reverted."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Any
from uuid import uuid4

import pytest

from api_tests.conftest import ENGINES, new_database
from api_tests.people_and_cases import CaseFile, People
from api_tests.records.forging import engine_for
from api_tests.rules.changed_rules import copied, people_at, rewritten
from api_tests.running import ROOT, Running
from service.storage.migrating import downgrade, expected_revision, revision_of

WHY = "Per 1 januari werkt de regio zo."
PAUSE = """
[triggers.pause]
from = ["in_review"]
to = "scheduled"
roles = ["chair"]
grounds = "required"
label = { nl = "Tafel onderbreken", en = "Pause the table" }
"""
# The command of an administrator who is killed while the second case is being moved, before that is committed.
KILLED = """
import os, signal, sys
from service.storage.cases import Cases
record, moved = Cases.record, []
def record_and_die(self, *told):
    record(self, *told)
    moved.append(told)
    if len(moved) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
Cases.record = record_and_die
from service.__main__ import main
main()
"""


@dataclass
class Upgrade:
    """A database with cases, and two folders of rules: those they began under, and those that came after."""

    folder: Path
    database_url: str

    def served(self, *, new: bool) -> AbstractContextManager[tuple[Running, People]]:
        return people_at(self.folder, self.database_url, self.new_rules() if new else None)

    def new_rules(self) -> Path:
        """In triage is called screening, a submitted case is the screener's, and a table may be paused."""
        rules = self.folder / "workflows"
        if not rules.exists():
            copied(self.folder, case=PAUSE)
            for written in (FIRST_PARTY, FIRST_STEP):
                rewritten(rules, "case", written, written.replace('"coordinator"', '"screener"'))
            file = rules / "case.toml"
            file.write_text(file.read_text(encoding="utf-8").replace("in_triage", "screening"), encoding="utf-8")
        return rules

    def adopts(self, issuer: str, *words: str, script: str | None = None) -> "subprocess.CompletedProcess[str]":
        """`python -m service workflow adopt` on this database, with the new rules, by the administrator."""
        program = ["-m", "service"] if script is None else ["-c", script]
        program += ["workflow", "adopt", "case", "--grounds", WHY, "--as", issuer, "roos"]
        settings = {
            "CASUSROUTE_WORKFLOWS": str(self.new_rules()),
            "CASUSROUTE_DATABASE_URL": self.database_url,
            "CASUSROUTE_MASTER_KEY_FILE": str(self.folder / "master.key"),
        }
        return subprocess.run(
            [sys.executable, *program, *words], cwd=ROOT, env={**os.environ, **settings},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip


FIRST_STEP = 'to = "in_triage"\nroles = ["coordinator"]\nform = "triage_start@1"\n'
FIRST_PARTY = '[states.submitted]\nphase = "referral"\nparty = "coordinator"\n'


@dataclass(frozen=True)
class Before:
    """The cases that ran when the rules changed."""

    submitted: CaseFile
    in_triage: CaseFile
    in_review: CaseFile
    ended: CaseFile

    @classmethod
    def at(cls, people: People) -> "Before":
        submitted, in_triage, in_review = (CaseFile.submitted(people) for _ in range(3))
        submitted.fire("reassign", form={"assigneeId": str(people.carla.id)})
        in_triage.go_to("in_triage")
        ended = CaseFile.submitted(people)
        ended.fire("withdraw")
        return cls(submitted, in_triage, in_review.go_to("in_review"), ended)

    def seen_by(self, people: People) -> "Before":
        """The same cases, after the service started again."""
        again = (CaseFile(people, it.id, it.number, it.fired) for it in self)
        return Before(*again)

    def __iter__(self) -> Iterator[CaseFile]:
        return iter((self.submitted, self.in_triage, self.in_review, self.ended))


def tried(people: People, **body: Any) -> dict[str, Any]:
    answer = people.roos.client.post("/workflow-trials", json={"kind": "case", **body})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def verdicts(outcome: dict[str, Any]) -> dict[str, str]:
    """What would become of each part, with the reasons."""
    parts = [part for version in outcome["versions"] for part in version["parts"]]
    return {part["partId"]: " ".join([part["verdict"], *(it["code"] for it in part["reasons"])]) for part in parts}


def planned(people: People, old: str, **body: Any) -> dict[str, Any]:
    answer = people.roos.post("/workflow-plans", {"kind": "case", "from": old, **body})
    assert answer.status_code == 201, answer.text
    assert people.roos.get(answer.headers["Location"].removeprefix("/v1")).json()["plan"] == answer.json()
    found: dict[str, Any] = answer.json()
    return found


def adopted(people: People, plan: dict[str, Any], limit: int = 100, key: str | None = None) -> dict[str, Any]:
    answer = people.roos.post(f"/workflow-plans/{plan['hash']}/adoptions", {"limit": limit, "grounds": WHY}, key=key)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def steps(case: CaseFile) -> list[tuple[str, str, str]]:
    return [(it["trigger"], it["source"], it["target"]) for it in case.history() if it["partKind"] == "case"]


def sound(case: CaseFile) -> bool:
    told = case.people.esra.get(f"{case.path}/verification").json()
    return bool(told["sound"])


def offered(case: CaseFile) -> set[str]:
    told = case.people.esra.get(f"{case.path}/possible-transitions").json()
    return {it["trigger"] for it in told["transitions"]}


@dataclass(frozen=True)
class Tried:
    """What was answered while the old rules were in force, about a version that was not deployed yet."""

    cases: Before
    bare: dict[str, Any]
    mapped: dict[str, Any]
    to_an_end: dict[str, Any]
    to_nowhere: dict[str, Any]
    unusable: dict[str, Any]
    same: dict[str, Any]
    not_open: list[dict[str, Any]]
    due_on: list[str]
    entries: list[int]

    @classmethod
    def under_the_old_rules(cls, people: People, text: str) -> "Tried":
        cases = Before.at(people)
        answer = people.roos.client.post("/workflow-trials", json={"kind": "case", "mapping": {"closed": "closed"}})
        return cls(
            cases=cases,
            bare=tried(people, definition=text),
            mapped=tried(people, definition=text, mapping=MAPPING),
            to_an_end=tried(people, definition=text, mapping={"in_triage": "closed"}),
            to_nowhere=tried(people, definition=text, mapping={"in_triage": "limbo"}),
            unusable=tried(people, definition=text.replace('party = "screener"', 'party = "screner"')),
            same=tried(people),
            not_open=answer.json()["errors"],
            due_on=[it.seen()["main"]["dueOn"] for it in cases],
            entries=[len(it.history()) for it in cases],
        )


@dataclass
class Story:
    """One database, told once: tried, adopted by a command that was killed half-way, resumed over HTTP, reverted."""

    tried: Tried
    killed: int
    half_way: list[str]
    sound_half_way: list[bool]
    people: People
    cases: Before
    begun: CaseFile
    old: str
    new: str
    upgrade: Upgrade
    issuer: str

    def __post_init__(self) -> None:
        people, cases, old = self.people, self.cases, self.old
        version = int(cases.in_review.seen()["main"]["version"])
        self.by_name_alone = planned(people, old)
        self.halted = adopted(people, self.by_name_alone)
        self.late = cases.in_review.attempt("add_note", version=version)
        self.late_again = cases.in_review.attempt("add_note", version=int(self.late.headers["ETag"].strip('"')))
        self.plan = planned(people, old, mapping=MAPPING)
        self.plan_again = planned(people, old, mapping=MAPPING)
        key = str(uuid4())
        self.resumed = [adopted(people, self.plan, 1, it) for it in (key, key, str(uuid4()))]
        self.seen = [it.seen()["main"] for it in cases]
        self.last = [steps(it)[-1] for it in (cases.submitted, cases.in_triage, cases.ended)]
        self.recorded = cases.in_triage.history()[-1]
        self.written = people.esra.get(f"{cases.in_triage.path}/file").json()["documents"][-1]["grounds"]
        self.offered = offered(cases.in_review)
        cases.submitted.fire("start_triage", by="daan")
        self.sound = [sound(it) for it in cases]
        back = ("--from", self.new, "--to", old, "--map", "screening=in_triage")
        self.reverted = self.upgrade.adopts(self.issuer, *back)
        self.where = [it.state for it in (*cases, self.begun)]
        self.sound_after = [sound(it) for it in (*cases, self.begun)]
        self.listed = people.roos.get("/workflow-plans").json()["items"]


MAPPING = {"in_triage": "screening"}


@pytest.fixture(scope="module", params=ENGINES)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp(f"upgrade-{request.param}")
    upgrade = Upgrade(folder, new_database(request, folder, request.param))
    with upgrade.served(new=False) as (service, people):
        text = (upgrade.new_rules() / "case.toml").read_text(encoding="utf-8")
        before = Tried.under_the_old_rules(people, text)
        old = before.cases.submitted.history()[0]["workflow"]
        signer = service.built.api.state.house.signer
    killed = upgrade.adopts(signer.issuer.name, "--from", old, "--map", "in_triage=screening", script=KILLED)
    with upgrade.served(new=True) as (_, people):
        cases = before.cases.seen_by(people)
        begun = CaseFile.submitted(people)
        yield Story(
            tried=before,
            killed=killed.returncode,
            half_way=[steps(it)[-1][0] for it in cases],
            sound_half_way=[sound(it) for it in cases],
            people=people,
            cases=cases,
            begun=begun,
            old=old,
            new=begun.history()[0]["workflow"],
            upgrade=upgrade,
            issuer=signer.issuer.name,
        )


def test_a_new_version_is_tried_on_every_running_case_and_says_of_each_whether_it_fits(story: Story) -> None:
    """Also before it is deployed, as the text of a file; what it is tried on stays as it is."""
    told, cases = story.tried, story.tried.cases

    found = [verdicts(it) for it in (told.bare, told.mapped, told.to_an_end, told.to_nowhere)]
    remarks = {
        it["partId"]: [step["trigger"] for step in it["unknownSteps"]] for it in told.bare["versions"][0]["parts"]
    }

    fitting = {cases.submitted.id: "fits", cases.in_review.id: "fits"}
    assert found == [
        {**fitting, cases.in_triage.id: "needs_a_mapping state_not_mapped"},
        {**fitting, cases.in_triage.id: "fits"},
        {**fitting, cases.in_triage.id: "impossible mapped_to_an_end"},
        {**fitting, cases.in_triage.id: "impossible state_not_there"},
    ]
    assert [(it["fits"], it["needsAMapping"], it["impossible"]) for it in told.bare["versions"]] == [(2, 1, 0)]
    assert (remarks[cases.submitted.id], remarks[cases.in_triage.id]) == ([], ["start_triage"])
    assert told.entries == [2, 2, len(cases.in_review.fired), 2]


def test_a_trial_of_what_cannot_be_used_says_why(story: Story) -> None:
    """A file gets the checks of a start; only open states are mapped; what runs on a version is not tried on it."""
    told = story.tried

    assert (told.unusable["workflow"], told.unusable["versions"]) == (None, [])
    assert "unknown_role" in {it["code"] for it in told.unusable["diagnostics"]}
    assert [(it["location"], it["code"]) for it in told.not_open] == [("/mapping/closed", "not_an_open_state")]
    assert told.same["versions"] == []


def test_an_administrator_who_is_killed_half_way_loses_nothing_and_goes_on(story: Story) -> None:
    """Each case is a transaction of its own; repeating an adoption, by the same key or another, moves nothing twice."""
    first, replayed, again = story.resumed

    assert (story.killed, story.half_way.count("adopt_workflow")) == (-SIGKILL, 1)
    assert story.half_way[0] == "adopt_workflow"
    assert story.sound_half_way == [True] * 4
    assert (first["adopted"], first["left"], first["refused"]) == (2, 0, [])
    assert first == replayed == again


def test_a_case_whose_state_is_not_mapped_stays_and_is_named(story: Story) -> None:
    (refused,) = story.halted["refused"]

    assert (story.halted["adopted"], story.halted["left"]) == (1, 0)
    assert (refused["partId"], refused["verdict"]) == (story.cases.in_triage.id, "needs_a_mapping")
    assert "in_triage" not in story.by_name_alone["mapping"]
    assert story.plan == story.plan_again
    assert story.plan["mapping"].items() >= {("in_triage", "screening"), ("in_review", "in_review")}
    assert "closed" not in story.plan["mapping"]


def test_adopting_is_a_step_of_the_history_by_an_administrator_along_the_edges_of_the_plan(story: Story) -> None:
    """Decision 9: party and term of the new state, a state that stays keeps its day; no ended case is moved."""
    submitted, in_triage, in_review, _ = story.seen

    assert story.last == [
        ("adopt_workflow", "submitted", "submitted"),
        ("adopt_workflow", "in_triage", "screening"),
        ("withdraw", "submitted", "withdrawn"),
    ]
    assert (story.recorded["by"]["role"], story.recorded["workflow"]) == ("administrator", story.plan["hash"])
    assert (story.recorded["label"]["nl"], story.written) == ("Werkstroom overnemen", WHY)
    assert [it["party"]["role"] for it in (submitted, in_triage, in_review)] == ["screener", "screener", "chair"]
    assert submitted["party"]["assignee"] is None  # the coordinator who had it need not act any more
    assert (submitted["dueOn"], in_review["dueOn"]) == (story.tried.due_on[0], story.tried.due_on[2])
    assert in_triage["dueOn"] is not None
    assert "pause" in story.offered
    assert story.sound == [True] * 4


def test_whoever_takes_a_step_while_the_case_is_moved_is_told_what_won_and_goes_on(story: Story) -> None:
    won = story.late.json()["won"]

    assert (story.late.status_code, won["trigger"], won["role"]) == (412, "adopt_workflow", "administrator")
    assert story.late_again.status_code == 201


def test_a_version_is_reverted_by_a_plan_in_the_other_direction(story: Story) -> None:
    """By command, on the database of a service that goes on; also a case that had begun under the new version."""
    told = json.loads(story.reverted.stdout)

    assert (told["adopted"], told["left"], told["refused"]) == (4, 0, [])
    assert story.where == ["in_triage", "in_triage", "in_review", "withdrawn", "submitted"]
    assert story.sound_after == [True] * 5
    assert {it["plan"]["hash"]: it["adopted"] for it in story.listed} == {
        story.by_name_alone["hash"]: 1,
        story.plan["hash"]: 2,
        told["plan"]["hash"]: 4,
    }


def test_a_plan_that_leads_nowhere_is_not_made(story: Story) -> None:
    funding = story.people.anna.get("/workflows/funding").json()["hash"]
    wrong = [
        {"from": story.new},
        {"from": "0" * 64},
        {"from": funding},
        {"from": story.old, "to": funding},
        {"from": story.old, "mapping": {"closed": "closed", "in_triage": "closed", "in_review": "limbo"}},
    ]

    answers = [story.people.roos.post("/workflow-plans", {"kind": "case", **it}) for it in wrong]

    assert {it.status_code for it in answers} == {400}
    assert [{(it["location"], it["code"]) for it in answer.json()["errors"]} for answer in answers] == [
        {("/to", "same_workflow")},
        {("/from", "unknown_workflow")},
        {("/from", "unknown_workflow")},
        {("/to", "unknown_workflow")},
        {
            ("/mapping/closed", "not_an_open_state"),
            ("/mapping/closed", "mapped_to_an_end"),
            ("/mapping/in_triage", "mapped_to_an_end"),
            ("/mapping/in_review", "state_not_there"),
        },
    ]


def test_the_database_itself_does_not_go_back_to_a_version_that_cannot_read_what_was_moved(story: Story) -> None:
    engine = engine_for(story.upgrade.database_url, undermined=False)

    with pytest.raises(RuntimeError, match="plans to move cases were made here"):
        downgrade(engine, "0001")

    with engine.connect() as connection:
        assert revision_of(connection) == expected_revision()
    engine.dispose()
