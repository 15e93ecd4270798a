"""The vocabulary of an upgrade: a database whose cases began under older rules, and what is asked and told of it."""

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
from api_tests.support.changed_rules import copied, people_at, rewritten
from api_tests.support.checkout import ROOT
from api_tests.support.databases import environment_of
from api_tests.support.people import People
from api_tests.support.servers import Running

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
from service.cases.store.cases import Cases
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
    return {
        part["partId"]: " ".join([part["verdict"], *(reason["code"] for reason in part["reasons"])]) for part in parts
    }


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
    return {transition["trigger"] for transition in told["transitions"]}


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
            due_on=[case.seen()["main"]["dueOn"] for case in cases],
            entries=[len(case.history()) for case in cases],
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
        self.seen = [case.seen()["main"] for case in cases]
        self.last = [steps(it)[-1] for it in (cases.submitted, cases.in_triage, cases.ended)]
        self.recorded = cases.in_triage.history()[-1]
        self.written = people.esra.get(f"{cases.in_triage.path}/file").json()["documents"][-1]["grounds"]
        self.offered = offered(cases.in_review)
        cases.submitted.fire("start_triage", by="daan")
        self.sound = [sound(case) for case in cases]
        back = ("--from", self.new, "--to", old, "--map", "screening=in_triage")
        self.reverted = self.upgrade.adopts(self.issuer, *back)
        self.where = [it.state for it in (*cases, self.begun)]
        self.sound_after = [sound(it) for it in (*cases, self.begun)]
        self.listed = people.roos.get("/workflow-plans").json()["items"]


MAPPING = {"in_triage": "screening"}
