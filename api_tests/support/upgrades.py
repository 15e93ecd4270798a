"""An upgrade: a database whose cases began under older rules, the trial of a new version, and its adoption."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from api_tests.support.case_file import CaseFile
from api_tests.support.changed_rules import copy_workflows, replace_in_workflow, service_with_people
from api_tests.support.checkout import ROOT
from api_tests.support.databases import environment_of
from api_tests.support.people import People
from api_tests.support.servers import RunningService

GROUNDS = "Per 1 januari werkt de regio zo."
PAUSE = """
[triggers.pause]
from = ["in_review"]
to = "scheduled"
roles = ["chair"]
grounds = "required"
label = { nl = "Tafel onderbreken", en = "Pause the table" }
"""
# The command of an administrator, killed when the second case was moved and not yet committed.
KILLED = """
import os, signal, sys
from service.cases.store.cases import Cases
record, moved = Cases.record, []
def record_and_die(self, *arguments):
    record(self, *arguments)
    moved.append(arguments)
    if len(moved) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
Cases.record = record_and_die
from service.__main__ import main
main()
"""


@dataclass
class Upgrade:
    """A database with cases, and two folders of rules: the old ones and the new ones."""

    folder: Path
    database_url: str

    def serve(self, *, new: bool) -> AbstractContextManager[tuple[RunningService, People]]:
        return service_with_people(self.folder, self.database_url, self.new_rules() if new else None)

    def new_rules(self) -> Path:
        """New rules: in_triage becomes screening, a submitted case is the screener's, and a table may be paused."""
        rules = self.folder / "workflows"
        if not rules.exists():
            copy_workflows(self.folder, case=PAUSE)
            for passage in (FIRST_PARTY, FIRST_STEP):
                replace_in_workflow(rules, "case", passage, passage.replace('"coordinator"', '"screener"'))
            file = rules / "case.toml"
            file.write_text(file.read_text(encoding="utf-8").replace("in_triage", "screening"), encoding="utf-8")
        return rules

    def adopt(self, issuer: str, *words: str, script: str | None = None) -> "subprocess.CompletedProcess[str]":
        """Run `python -m service workflow adopt` on this database with the new rules, as the administrator."""
        program = ["-m", "service"] if script is None else ["-c", script]
        program += ["workflow", "adopt", "case", "--grounds", GROUNDS, "--as", issuer, "roos"]
        settings = {
            "CASUSROUTE_WORKFLOWS": str(self.new_rules()),
            **environment_of(self.database_url),
            "CASUSROUTE_MASTER_KEY_FILE": str(self.folder / "master.key"),
        }
        return subprocess.run(
            [sys.executable, *program, *words], cwd=ROOT, env={**os.environ, **settings},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip


FIRST_STEP = 'to = "in_triage"\nroles = ["coordinator"]\nform = "triage_start@1"\n'
FIRST_PARTY = '[states.submitted]\nphase = "referral"\nparty = "coordinator"\n'


@dataclass(frozen=True)
class CasesBefore:
    """The cases that were open when the rules changed."""

    submitted: CaseFile
    in_triage: CaseFile
    in_review: CaseFile
    ended: CaseFile

    @classmethod
    def at(cls, people: People) -> "CasesBefore":
        submitted, in_triage, in_review = (CaseFile.submitted(people) for _ in range(3))
        submitted.fire("reassign", form={"assigneeId": str(people.carla.id)})
        in_triage.go_to("in_triage")
        ended = CaseFile.submitted(people)
        ended.fire("withdraw")
        return cls(submitted, in_triage, in_review.go_to("in_review"), ended)

    def seen_by(self, people: People) -> "CasesBefore":
        """The same cases for these people, after the service started again."""
        files = (CaseFile(people, case.id, case.number, case.fired) for case in self)
        return CasesBefore(*files)

    def __iter__(self) -> Iterator[CaseFile]:
        return iter((self.submitted, self.in_triage, self.in_review, self.ended))


def run_trial(people: People, **body: Any) -> dict[str, Any]:
    answer = people.roos.client.post("/workflow-trials", json={"kind": "case", **body})
    assert answer.status_code == 200, answer.text
    outcome: dict[str, Any] = answer.json()
    return outcome


def verdicts(outcome: dict[str, Any]) -> dict[str, str]:
    """Returns the verdict with the codes of its reasons per part."""
    parts = [part for version in outcome["versions"] for part in version["parts"]]
    return {
        part["partId"]: " ".join([part["verdict"], *(reason["code"] for reason in part["reasons"])]) for part in parts
    }


def new_plan(people: People, old: str, **body: Any) -> dict[str, Any]:
    answer = people.roos.post("/workflow-plans", {"kind": "case", "from": old, **body})
    assert answer.status_code == 201, answer.text
    assert people.roos.get(answer.headers["Location"].removeprefix("/v1")).json()["plan"] == answer.json()
    plan: dict[str, Any] = answer.json()
    return plan


def adopt_plan(people: People, plan: dict[str, Any], limit: int = 100, key: str | None = None) -> dict[str, Any]:
    answer = people.roos.post(
        f"/workflow-plans/{plan['hash']}/adoptions", {"limit": limit, "grounds": GROUNDS}, key=key
    )
    assert answer.status_code == 200, answer.text
    adoption: dict[str, Any] = answer.json()
    return adoption


def steps(case: CaseFile) -> list[tuple[str, str, str]]:
    return [
        (entry["trigger"], entry["source"], entry["target"]) for entry in case.history() if entry["partKind"] == "case"
    ]


def is_sound(case: CaseFile) -> bool:
    verification = case.people.esra.get(f"{case.path}/verification").json()
    return bool(verification["sound"])


def offered_triggers(case: CaseFile) -> set[str]:
    offer = case.people.esra.get(f"{case.path}/possible-transitions").json()
    return {transition["trigger"] for transition in offer["transitions"]}


@dataclass(frozen=True)
class TrialAnswers:
    """The answers about a new version while the old rules were in force."""

    cases: CasesBefore
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
    def under_the_old_rules(cls, people: People, text: str) -> "TrialAnswers":
        cases = CasesBefore.at(people)
        answer = people.roos.client.post("/workflow-trials", json={"kind": "case", "mapping": {"closed": "closed"}})
        return cls(
            cases=cases,
            bare=run_trial(people, definition=text),
            mapped=run_trial(people, definition=text, mapping=MAPPING),
            to_an_end=run_trial(people, definition=text, mapping={"in_triage": "closed"}),
            to_nowhere=run_trial(people, definition=text, mapping={"in_triage": "limbo"}),
            unusable=run_trial(people, definition=text.replace('party = "screener"', 'party = "screner"')),
            same=run_trial(people),
            not_open=answer.json()["errors"],
            due_on=[case.view()["main"]["dueOn"] for case in cases],
            entries=[len(case.history()) for case in cases],
        )


@dataclass
class UpgradeStory:
    """One database through all of it: trials, adoption by a command that is killed, resumed over HTTP, and reverted."""

    trials: TrialAnswers
    killed: int
    half_way: list[str]
    sound_half_way: list[bool]
    people: People
    cases: CasesBefore
    new_case: CaseFile
    old: str
    new: str
    upgrade: Upgrade
    issuer: str

    def __post_init__(self) -> None:
        people, cases, old = self.people, self.cases, self.old
        version = int(cases.in_review.view()["main"]["version"])
        self.by_name_alone = new_plan(people, old)
        self.halted = adopt_plan(people, self.by_name_alone)
        self.late = cases.in_review.attempt("add_note", version=version)
        self.late_again = cases.in_review.attempt("add_note", version=int(self.late.headers["ETag"].strip('"')))
        self.plan = new_plan(people, old, mapping=MAPPING)
        self.plan_again = new_plan(people, old, mapping=MAPPING)
        key = str(uuid4())
        self.resumed = [adopt_plan(people, self.plan, 1, use) for use in (key, key, str(uuid4()))]
        self.views = [case.view()["main"] for case in cases]
        self.last = [steps(case)[-1] for case in (cases.submitted, cases.in_triage, cases.ended)]
        self.recorded = cases.in_triage.history()[-1]
        self.stored_grounds = people.esra.get(f"{cases.in_triage.path}/file").json()["documents"][-1]["grounds"]
        self.offered_triggers = offered_triggers(cases.in_review)
        cases.submitted.fire("start_triage", by="daan")
        self.sound = [is_sound(case) for case in cases]
        back = ("--from", self.new, "--to", old, "--map", "screening=in_triage")
        self.reverted = self.upgrade.adopt(self.issuer, *back)
        self.states = [case.state for case in (*cases, self.new_case)]
        self.sound_after = [is_sound(case) for case in (*cases, self.new_case)]
        self.plans = people.roos.get("/workflow-plans").json()["items"]


MAPPING = {"in_triage": "screening"}
