"""Issue 3, point 8: a new version tried on the cases that run, adopted case by case, broken off, resumed, reverted."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api_tests.conftest import ENGINES, new_database
from api_tests.people_and_cases import CaseFile, People
from api_tests.rules.changed_rules import copied, people_at, rewritten
from api_tests.running import ROOT, Running

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

    def command(self, *words: str, script: str | None = None) -> "subprocess.CompletedProcess[str]":
        """`python -m service` on this database, with the new rules."""
        program = ["-m", "service"] if script is None else ["-c", script]
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


@pytest.fixture(params=ENGINES)
def upgrade(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Upgrade:
    folder = tmp_path_factory.mktemp(f"upgrade-{request.param}")
    return Upgrade(folder, new_database(request, folder, request.param))


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


def planned(people: People, **body: Any) -> dict[str, Any]:
    answer = people.roos.post("/workflow-plans", {"kind": "case", **body})
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


def test_a_new_version_is_tried_on_every_running_case_and_says_of_each_whether_it_fits(upgrade: Upgrade) -> None:
    """Also before it is deployed, as the text of a file that gets the checks of a start."""
    text = (upgrade.new_rules() / "case.toml").read_text(encoding="utf-8")
    broken = text.replace('party = "screener"', 'party = "screner"')

    with upgrade.served(new=False) as (_, people):
        cases = Before.at(people)
        bare = tried(people, definition=text)
        mapped = tried(people, definition=text, mapping={"in_triage": "screening"})
        to_an_end = tried(people, definition=text, mapping={"in_triage": "closed"})
        to_nowhere = tried(people, definition=text, mapping={"in_triage": "limbo"})
        unusable = tried(people, definition=broken)
        same = tried(people)
        refused = people.roos.client.post("/workflow-trials", json={"kind": "case", "mapping": {"closed": "closed"}})
        untouched = [len(it.history()) for it in cases]

    fitting = {cases.submitted.id: "fits", cases.in_review.id: "fits"}
    assert verdicts(bare) == {**fitting, cases.in_triage.id: "needs_a_mapping state_not_mapped"}
    assert verdicts(mapped) == {**fitting, cases.in_triage.id: "fits"}
    assert verdicts(to_an_end) == {**fitting, cases.in_triage.id: "impossible mapped_to_an_end"}
    assert verdicts(to_nowhere) == {**fitting, cases.in_triage.id: "impossible state_not_there"}
    assert [(it["fits"], it["needsAMapping"], it["impossible"]) for it in bare["versions"]] == [(2, 1, 0)]
    unknown = {it["partId"]: [step["trigger"] for step in it["unknownSteps"]] for it in bare["versions"][0]["parts"]}
    assert unknown[cases.submitted.id] == []
    assert unknown[cases.in_triage.id] == ["start_triage"]
    assert (unusable["workflow"], unusable["versions"]) == (None, [])
    assert "unknown_role" in {it["code"] for it in unusable["diagnostics"]}
    assert same["versions"] == []
    assert [it["location"] for it in refused.json()["errors"]] == ["/mapping/closed"]
    assert untouched == [2, 2, len(cases.in_review.fired), 2]


def test_cases_adopt_a_new_version_one_by_one_as_a_step_of_their_history_and_go_back(upgrade: Upgrade) -> None:
    """Decision 9: along the edges of a plan; party and term of the new state; no ended case; verified afterwards."""
    with upgrade.served(new=False) as (_, people):
        before = Before.at(people)
        due = [it.seen()["main"]["dueOn"] for it in before]
        old = before.submitted.history()[0]["workflow"]

    with upgrade.served(new=True) as (_, people):
        cases = before.seen_by(people)
        begun = CaseFile.submitted(people)
        new = begun.history()[0]["workflow"]
        without = planned(people, **{"from": old})
        plan = planned(people, **{"from": old, "mapping": {"in_triage": "screening"}})
        again = planned(people, **{"from": old, "mapping": {"in_triage": "screening"}})
        halted = adopted(people, without)
        key = str(uuid4())
        first = adopted(people, plan, 1, key)
        replayed = adopted(people, plan, 1, key)
        rest = adopted(people, plan)
        nothing = adopted(people, plan)
        seen = [it.seen()["main"] for it in cases]
        told = [steps(it)[-1] for it in cases]
        by = cases.in_triage.history()[-1]["by"]["role"]
        written = people.esra.get(f"{cases.in_triage.path}/file").json()["documents"][-1]["grounds"]
        now_offered = offered(cases.in_review)
        cases.submitted.attempt("start_triage", by="daan", grounds=None)
        after = cases.submitted.state
        whole = [sound(it) for it in cases]
        back = planned(people, **{"from": new, "to": old, "mapping": {"screening": "in_triage"}})
        reverted = adopted(people, back)
        where = [it.state for it in (*cases, begun)]
        whole_again = [sound(it) for it in (*cases, begun)]
        listed = people.roos.get("/workflow-plans").json()["items"]

    assert plan == again
    assert plan["mapping"]["in_triage"] == "screening"
    assert plan["mapping"]["in_review"] == "in_review"
    assert "closed" not in plan["mapping"]
    assert (halted["adopted"], halted["left"]) == (2, 0)
    assert [(it["partId"], it["verdict"]) for it in halted["refused"]] == [(cases.in_triage.id, "needs_a_mapping")]
    assert (first["adopted"], first["left"], first["refused"]) == (1, 0, [])
    assert first == replayed == rest == nothing
    assert told[:3] == [
        ("adopt_workflow", "submitted", "submitted"),
        ("adopt_workflow", "in_triage", "screening"),
        ("adopt_workflow", "in_review", "in_review"),
    ]
    assert told[3][0] == "withdraw"
    assert (by, written) == ("administrator", WHY)
    assert [it["party"]["role"] for it in seen[:3]] == ["screener", "screener", "chair"]
    assert seen[0]["party"]["assignee"] is None  # it was the coordinator who had it
    assert [seen[0]["dueOn"], seen[2]["dueOn"]] == [due[0], due[2]]  # a term goes on running
    assert "pause" in now_offered
    assert after == "screening"
    assert whole == [True] * 4
    assert (reverted["left"], reverted["refused"]) == (0, [])
    assert where == ["in_triage", "in_triage", "in_review", "withdrawn", "submitted"]
    assert whole_again == [True] * 5
    assert {(it["plan"]["hash"], it["adopted"]) for it in listed} == {
        (without["hash"], 2),
        (plan["hash"], 1),
        (back["hash"], 4),
    }


def test_an_administrator_who_is_killed_half_way_loses_nothing_and_goes_on(upgrade: Upgrade) -> None:
    with upgrade.served(new=False) as (service, people):
        before = Before.at(people)
        old = before.submitted.history()[0]["workflow"]
        issuer = service.built.api.state.house.signer.issuer.name
    words = ("workflow", "adopt", "case", "--from", old, "--map", "in_triage=screening", "--grounds", WHY)
    roos = ("--as", issuer, "roos")

    killed = upgrade.command(*words, *roos, script=KILLED)
    with upgrade.served(new=True) as (_, people):
        half_way = [steps(it)[-1][0] for it in before.seen_by(people)]
        whole = [sound(it) for it in before.seen_by(people)]
    stranger = upgrade.command(*words, "--as", issuer, "anna")
    resumed = upgrade.command(*words, *roos)
    twice = upgrade.command(*words, *roos)
    remaining = upgrade.command("workflow", "try", "case", *roos)
    with upgrade.served(new=True) as (_, people):
        whole_again = [sound(it) for it in before.seen_by(people)]

    assert killed.returncode == -9, killed.stderr
    assert half_way.count("adopt_workflow") == 1
    assert (stranger.returncode, stranger.stdout) == (1, "")
    assert "nobody who administers" in stranger.stderr
    told = [json.loads(it.stdout) for it in (resumed, twice)]
    assert [(it["adopted"], it["left"], it["refused"]) for it in told] == [(3, 0, [])] * 2
    assert json.loads(remaining.stdout)["versions"] == []
    assert whole == whole_again == [True] * 4


def test_whoever_takes_a_step_while_the_case_is_moved_is_told_what_won_and_can_go_on(upgrade: Upgrade) -> None:
    with upgrade.served(new=False) as (_, people):
        before = Before.at(people)
        old = before.submitted.history()[0]["workflow"]

    with upgrade.served(new=True) as (_, people):
        case = before.seen_by(people).submitted
        version = int(case.seen()["main"]["version"])
        adopted(people, planned(people, **{"from": old}))
        late = case.attempt("start_triage", by="daan", version=version)
        decided_again = case.attempt("start_triage", by="daan", version=int(late.headers["ETag"].strip('"')))

    assert (late.status_code, late.json()["won"]["trigger"]) == (412, "adopt_workflow")
    assert late.json()["won"]["role"] == "administrator"
    assert (decided_again.status_code, decided_again.json()["transition"]["target"]) == (201, "screening")


def test_a_plan_that_leads_nowhere_is_not_made_and_nobody_but_an_administrator_makes_one(upgrade: Upgrade) -> None:
    with upgrade.served(new=True) as (_, people):
        current = people.anna.get("/workflows/case").json()["hash"]
        funding = people.anna.get("/workflows/funding").json()["hash"]
        wrong = [
            {"from": current},
            {"from": "0" * 64},
            {"from": funding},
            {"from": current, "to": funding},
        ]
        said = [people.roos.post("/workflow-plans", {"kind": "case", **it}).json()["errors"] for it in wrong]
        refused = [
            people.esra.client.post("/workflow-trials", json={"kind": "case"}).status_code,
            people.esra.post("/workflow-plans", {"kind": "case", "from": current}).status_code,
            people.esra.post(f"/workflow-plans/{current}/adoptions", {"grounds": WHY}).status_code,
            people.esra.get("/workflow-plans").status_code,
            people.esra.get(f"/workflow-plans/{current}").status_code,
            people.roos.get(f"/workflow-plans/{current}").status_code,
        ]

    assert [[(it["location"], it["code"]) for it in errors] for errors in said] == [
        [("/to", "same_workflow")],
        [("/from", "unknown_workflow")],
        [("/from", "unknown_workflow")],
        [("/to", "unknown_workflow")],
    ]
    assert refused == [403, 403, 403, 403, 403, 404]
