"""Workflow files and settings change while cases run: a running case keeps its rules, a new one gets the new ones."""

import os
import subprocess
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.changed_rules import copy_workflows, replace_in_workflow, service_with_people
from api_tests.support.checkout import ROOT
from api_tests.support.databases import environment_of, new_database
from api_tests.support.engines import ENGINES
from api_tests.support.expected_moves import possible_from
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.workflows import RULES
from service.vocabulary.calendar import day_in_amsterdam

# Under the new rules a chair may stop a case at the table for a while, and declining takes one person.
PAUSE = """
[triggers.pause]
from = ["in_review"]
to = "scheduled"
roles = ["chair"]
grounds = "required"
label = { nl = "Tafel onderbreken", en = "Pause the table" }
"""


@dataclass
class Installation:
    """A database, and the folder of its rules, which a test changes between two starts of the service."""

    folder: Path
    database_url: str

    def served(self, rules: Path | None = None) -> AbstractContextManager[tuple[RunningService, People]]:
        return service_with_people(self.folder, self.database_url, rules)


@pytest.fixture(params=ENGINES)
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp(f"installation-{request.param}")
    return Installation(folder, new_database(request, folder, request.param))


def after_restart(case: CaseFile, people: People) -> CaseFile:
    """The same case, after the service started again."""
    return CaseFile(people, case.id, case.number, case.fired)


def offered_triggers(case: CaseFile) -> set[str]:
    answer = case.people.esra.get(f"{case.path}/possible-transitions").json()
    return {transition["trigger"] for transition in answer["transitions"]}


@broken_by(
    "decision 0023: a running case keeps its workflow",
    "service/cases/rules/steps.py",
    "    return workflow.decide(part.state",
    "    return workflows.current(part.kind).decide(part.state",
)
@broken_by(
    "decision 0023: a running case may take a step that the file no longer has",
    "service/workflows/rules/rulebook.py",
    "definitions = (workflow.definition for workflow in reversed(tuple(self.by_hash.values())))",
    "definitions = (workflow.definition for workflow in self.newest.values())",
)
@pytest.mark.server
def test_a_running_case_keeps_the_workflow_it_began_under_and_a_new_one_begins_under_the_new(
    installation: Installation,
) -> None:
    """Decision 0023: a removed step stays possible for a running case; both versions can be read by their hash."""
    with installation.served() as (_, people):
        old_case = CaseFile.submitted(people).go_to("in_review")
        in_triage = CaseFile.submitted(people).go_to("in_triage")
    rules = copy_workflows(installation.folder, case=PAUSE)
    replace_in_workflow(rules, "case", PROPOSE_DECLINE, "")
    replace_in_workflow(rules, "case", 'guards = ["decline_proposed_by_another"]\n', "")

    with installation.served(rules) as (_, people):
        running = after_restart(old_case, people)
        new_case = CaseFile.submitted(people).go_to("in_review")
        before = (offered_triggers(running), offered_triggers(new_case))
        refused = people.esra.post(
            f"{running.path}/transitions", {"trigger": "pause", "grounds": "Pauze."}, version=version_of(running)
        )
        taken = people.esra.post(
            f"{new_case.path}/transitions", {"trigger": "pause", "grounds": "Pauze."}, version=version_of(new_case)
        )
        after_restart(in_triage, people).fire("propose_decline")
        running.go_to("advice_issued")
        hashes = [
            {entry["workflow"] for entry in case.history() if entry["partKind"] == "case"}
            for case in (running, new_case)
        ]
        (old_hash,), (new_hash,) = hashes
        published = {name: people.anna.get(f"/workflows/{name}").json() for name in (old_hash, new_hash, "case")}
        sound = [people.esra.get(f"{case.path}/verification").json()["sound"] for case in (running, new_case)]

    expected = set(possible_from("case", "in_review"))
    assert before == (expected, expected | {"pause"})
    assert (refused.status_code, refused.json()["code"]) == (409, "transition_not_allowed")
    assert set(refused.json()["allowedTriggers"]) == expected
    assert (taken.status_code, taken.json()["transition"]["target"]) == (201, "scheduled")
    assert old_hash != new_hash
    assert "pause" not in {trigger["code"] for trigger in published[old_hash]["triggers"]}
    assert "propose_decline" in {trigger["code"] for trigger in published[old_hash]["triggers"]}
    assert "propose_decline" not in {trigger["code"] for trigger in published["case"]["triggers"]}
    assert published[new_hash] == published["case"]
    assert "pause" in {trigger["code"] for trigger in published["case"]["triggers"]}
    assert sound == [True, True]


@broken_by(
    "decision 0023: the service reads the form of a step by the workflow of the part",
    "service/cases/api/step_bodies.py",
    "if len(forms) > 1:",
    "if False:",
)
@pytest.mark.server
def test_the_body_of_a_step_is_read_by_the_workflow_that_the_part_runs_on(installation: Installation) -> None:
    """Decision 0023: the versions differ in form and grounds; the step of each case is read by its own version."""
    with installation.served() as (_, people):
        old_case = CaseFile.submitted(people)
    rules = copy_workflows(installation.folder)
    replace_in_workflow(rules, "case", 'form = "triage_start@1"\n', 'form = "note@1"\ngrounds = "required"\n')
    old_form = {"form": {"screenerId": str(people.daan.id)}}
    new_form = {"form": {"text": "Gezien en opgepakt."}}
    why = {"grounds": "Dit kan niet wachten."}

    with installation.served(rules) as (_, people):
        running, begun = after_restart(old_case, people), CaseFile.submitted(people)
        by_the_old = [start_triage_with(running, body) for body in (new_form, why)]
        by_the_new = [start_triage_with(begun, body) for body in (old_form, new_form, why, new_form | why)]
        stored = [(case.history()[-1]["form"], case.history()[-1]["target"]) for case in (running, begun)]
        shapes = people.anna.get("/openapi.json").json()["components"]["schemas"]
        form = shapes["CaseStartTriage"]["properties"]["form"]

    assert by_the_old == [{"/form/text": "extra_forbidden"}, {}], "the old form may be left out, the new one may not"
    assert by_the_new == [
        {"/form/screenerId": "extra_forbidden", "/form/text": "missing", "/grounds": "grounds_required"},
        {"/grounds": "grounds_required"},
        {"/form": "missing"},
        {},
    ]
    assert stored == [("triage_start@1", "in_triage"), ("note@1", "in_triage")]
    assert [option.get("$ref", "null").split("/")[-1] for option in form["anyOf"]] == ["Note", "TriageStart", "null"]


def start_triage_with(case: CaseFile, body: dict[str, Any]) -> dict[str, str]:
    """Start triage with this body. Returns the code of each fault by its location."""
    step = {"trigger": "start_triage", **body}
    answer = case.people.carla.post(f"{case.path}/transitions", step, version=version_of(case))
    assert answer.status_code in (201, 400), answer.text
    return {error["location"]: error["code"] for error in answer.json().get("errors", ())}


PROPOSE_DECLINE = """[triggers.propose_decline]
from = ["in_triage"]
to = "="
roles = ["screener"]
form = "decline_proposal@1"
grounds = "required"
label = { nl = "Voorstellen om niet op te nemen", en = "Propose to decline" }
"""


def version_of(case: CaseFile) -> int:
    return int(case.view()["main"]["version"])


@pytest.mark.server
def test_a_region_that_changes_a_term_from_a_day_on_changes_it_for_the_transitions_after_that_day_only(
    installation: Installation,
) -> None:
    """Decision 0023: an entry names the settings that it was recorded under, and a running term is left as it was."""
    today = day_in_amsterdam(datetime.now(UTC))
    from_day = today + timedelta(days=3)
    triage = f"\n[[region.JZ11]]\nvalid_from = {from_day}\nterms = {{ triage = {{ days = 70 }} }}\n"

    with installation.served(copy_workflows(installation.folder, settings=triage)) as (service, people):
        case = CaseFile.submitted(people)
        elsewhere = submitted_in_velsen(people)
        case.fire("start_triage")
        first = case.view()["main"]["dueOn"]
        service.clock.let_pass(days=4)
        case.fire("add_note")
        untouched = case.view()["main"]["dueOn"]
        case.fire("give_consult")
        case.fire("ask_for_table")
        elsewhere.fire("start_triage")
        entries, entries_elsewhere = case.history(), elsewhere.history()
        moved_on = day_in_amsterdam(datetime.fromisoformat(entries[-1]["occurredAt"]))

    old, new = entries[0]["settings"], entries[-1]["settings"]
    assert [entry["settings"] for entry in entries] == [old, old, new, new, new]
    assert old == RULES.settings.default.hash != new
    assert {entry["settings"] for entry in entries_elsewhere} == {old}
    assert untouched == first
    assert date.fromisoformat(entries[-1]["dueOn"]) >= moved_on + timedelta(days=70)
    assert date.fromisoformat(first) < today + timedelta(days=20)


def submitted_in_velsen(people: People) -> CaseFile:
    """A case of the other region that this team covers."""
    return CaseFile.submitted(
        people, by="bram", residence={"municipality": "GM0453", "sinceOn": "2020-01-01", "inStay": False}
    )


@pytest.mark.server
def test_a_region_may_make_the_explanatory_analysis_obligatory_from_a_day_on(installation: Installation) -> None:
    """The Achterhoek (JZ25) does so: a referral without it is incomplete there, and the fault names the field."""
    day = day_in_amsterdam(datetime.now(UTC)) + timedelta(days=2)
    obliged = f"\n[[region.JZ11]]\nvalid_from = {day}\nexplanatory_analysis_required = true\n"

    with installation.served(copy_workflows(installation.folder, settings=obliged)) as (service, people):
        before = people.anna.submit(explanatory_analysis=None)
        service.clock.let_pass(days=3)
        after = people.anna.submit(explanatory_analysis=None)
        complete = people.anna.submit()
        elsewhere = people.bram.submit(
            explanatory_analysis=None,
            residence={"municipality": "GM0453", "sinceOn": "2020-01-01", "inStay": False},
        )

    assert [answer.status_code for answer in (before, after, complete, elsewhere)] == [201, 400, 201, 201]
    assert [error["location"] for error in after.json()["errors"]] == ["/form/explanatoryAnalysis"]


@broken_by(
    "The settings of a region hold from their date on",
    "service/workflows/rules/rulebook.py",
    "reversed(self.by_region.get(region, ())) if since <= day), self.default",
    "reversed(self.by_region.get(region, ()))), self.default",
)
@pytest.mark.parametrize(("day", "obliged"), [("2022-12-31", False), ("2023-01-01", True), ("2030-06-01", True)])
def test_the_achterhoek_asks_the_analysis_since_2023_and_keeps_every_other_setting(day: str, obliged: bool) -> None:
    default = RULES.settings.default

    chosen = RULES.settings.settings_on("JZ25", date.fromisoformat(day))

    assert chosen == default.model_copy(update={"explanatory_analysis_required": obliged})
    assert (chosen.hash == default.hash) == (not obliged)
    assert RULES.settings.settings_on("JZ10", date.fromisoformat(day)) == default


@broken_by(
    "The service does not start with contradictory rules",
    "service/workflows/rules/rulebook.py",
    "        raise RulesRefused(faults)\n    newest = ",
    "        pass\n    newest = ",
)
@pytest.mark.server
@pytest.mark.parametrize("engine", ENGINES)
def test_contradictory_rules_stop_the_start_with_every_fault_at_once_and_touch_no_database(
    engine: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp(f"contradictory-{engine}")
    rules = copy_workflows(folder, settings="\n[[region.JZ10]]\nvalid_from = 2031-01-01\ninformation_rounds = 1\n")
    replace_in_workflow(rules, "case", 'party = "screener"\n', 'party = "screner"\n')
    replace_in_workflow(rules, "commitment", 'next = "start_help"\n', 'next = "end_help"\n')
    replace_in_workflow(rules, "placement", 'term = "check_placement"\n', 'term = "now_and_then"\n')

    process = subprocess.run(
        [sys.executable, "-m", "service", "serve"],
        cwd=ROOT,
        env={
            **os.environ,
            "CASUSROUTE_WORKFLOWS": str(rules),
            **environment_of(new_database(request, folder, engine)),
            "CASUSROUTE_MASTER_KEY_FILE": str(folder / "master.key"),
            "CASUSROUTE_PORT": "0",
            "CASUSROUTE_ISSUERS": '[{"name": "https://login.example"}]',
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert process.returncode == 1
    assert "not started" in process.stderr
    for fault in ("[unknown_role]", "[next_not_possible]", "[unknown_term]", "case.toml", "placement.toml"):
        assert fault in process.stderr
    assert "Traceback" not in process.stderr
    assert not (folder / "casusroute.db").exists()
    assert not (folder / "master.key").exists()
