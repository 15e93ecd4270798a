"""a new version is tried on running cases, adopted case by case, interrupted, resumed, reverted."""

import json
from collections.abc import Iterator
from dataclasses import replace
from signal import SIGKILL
from uuid import UUID

import pytest
from sqlalchemy import Connection, insert

from api_tests.support.case_file import CaseFile
from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.forgery import engine_for, entries_of_part, head_of_case, head_of_part, sealed_content
from api_tests.support.openapi_documents import is_valid
from api_tests.support.sabotages import broken_by
from api_tests.support.tampering import change, remove_administration_seals, remove_protections, rolled_back
from api_tests.support.upgrades import GROUNDS, KILLED, TrialAnswers, Upgrade, UpgradeStory, is_sound, steps, verdicts
from service.cases.store.rows import entry_to_row, row_to_transition
from service.cases.store.tables import cases, contents, parts, transitions
from service.database.migrations import current_revision, downgrade, expected_revision
from service.integrity.store.case_history import verify_history

pytestmark = pytest.mark.server


@pytest.fixture(scope="module", params=ENGINES)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UpgradeStory]:
    folder = tmp_path_factory.mktemp(f"upgrade-{request.param}")
    upgrade = Upgrade(folder, new_database(request, folder, request.param))
    with upgrade.serve(new=False) as (service, people):
        text = (upgrade.new_rules() / "case.toml").read_text(encoding="utf-8")
        before = TrialAnswers.under_the_old_rules(people, text)
        old = before.cases.submitted.history()[0]["workflow"]
        signer = service.built.api.state.context.signer
    killed = upgrade.adopt(signer.issuer.trusted.name, "--from", old, "--map", "in_triage=screening", script=KILLED)
    with upgrade.serve(new=True) as (_, people):
        cases = before.cases.seen_by(people)
        begun = CaseFile.submitted(people)
        yield UpgradeStory(
            trials=before,
            killed=killed.returncode,
            half_way=[steps(case)[-1][0] for case in cases],
            sound_half_way=[is_sound(case) for case in cases],
            people=people,
            cases=cases,
            new_case=begun,
            old=old,
            new=begun.history()[0]["workflow"],
            upgrade=upgrade,
            issuer=signer.issuer.trusted.name,
        )


@broken_by(
    "A case that ended is not moved to another workflow version",
    "service/workflow_versions/store.py",
    'return and_(parts.c.kind == kind, parts.c.phase != "ended")',
    "return parts.c.kind == kind",
)
def test_a_new_version_is_tried_on_every_running_case_and_says_of_each_whether_it_fits(story: UpgradeStory) -> None:
    """A version can be tried before it is deployed, as the text of a file; a trial changes no case."""
    trials, cases = story.trials, story.trials.cases

    outcomes = [verdicts(trial) for trial in (trials.bare, trials.mapped, trials.to_an_end, trials.to_nowhere)]
    remarks = {
        part["partId"]: [step["trigger"] for step in part["unknownSteps"]]
        for part in trials.bare["versions"][0]["parts"]
    }

    fitting = {cases.submitted.id: "fits", cases.in_review.id: "fits"}
    assert outcomes == [
        {**fitting, cases.in_triage.id: "needs_a_mapping state_not_mapped"},
        {**fitting, cases.in_triage.id: "fits"},
        {**fitting, cases.in_triage.id: "impossible mapped_to_an_end"},
        {**fitting, cases.in_triage.id: "impossible state_not_there"},
    ]
    assert [
        (version["fits"], version["needsAMapping"], version["impossible"]) for version in trials.bare["versions"]
    ] == [(2, 1, 0)]
    assert (remarks[cases.submitted.id], remarks[cases.in_triage.id]) == ([], ["start_triage"])
    assert trials.entries == [2, 2, len(cases.in_review.fired), 2]


def test_a_trial_of_what_cannot_be_used_says_why(story: UpgradeStory) -> None:
    """A file is checked as at start-up; only open states are mapped; no part is tried on its own version."""
    trials = story.trials

    assert (trials.unusable["workflow"], trials.unusable["versions"]) == (None, [])
    assert "unknown_role" in {diagnostic["code"] for diagnostic in trials.unusable["diagnostics"]}
    assert [(error["location"], error["code"]) for error in trials.not_open] == [
        ("/mapping/closed", "not_an_open_state")
    ]
    assert trials.same["versions"] == []


@broken_by(
    "A repeated adoption moves only the cases that were not moved yet",
    "service/workflow_versions/store.py",
    "condition = _is_open(kind) if workflow is None else and_(_is_open(kind), parts.c.workflow == workflow)",
    "condition = _is_open(kind)",
)
def test_an_administrator_who_is_killed_half_way_loses_nothing_and_goes_on(story: UpgradeStory) -> None:
    """Each case is moved in a transaction of its own; a repeated adoption, with any key, moves nothing twice."""
    first, replayed, again = story.resumed

    assert (story.killed, story.half_way.count("adopt_workflow")) == (-SIGKILL, 1)
    assert story.half_way[0] == "adopt_workflow"
    assert story.sound_half_way == [True] * 4
    assert (first["adopted"], first["left"], first["refused"]) == (2, 0, [])
    assert first == replayed == again


def test_a_case_whose_state_is_not_mapped_stays_and_is_named(story: UpgradeStory) -> None:
    (refused,) = story.halted["refused"]

    assert (story.halted["adopted"], story.halted["left"]) == (1, 0)
    assert (refused["partId"], refused["verdict"]) == (story.cases.in_triage.id, "needs_a_mapping")
    assert "in_triage" not in story.by_name_alone["mapping"]
    assert story.plan == story.plan_again
    assert story.plan["mapping"].items() >= {("in_triage", "screening"), ("in_review", "in_review")}
    assert "closed" not in story.plan["mapping"]


@broken_by(
    "I1: an adoption removes the assigned person when another party must act",
    "service/workflow_versions/rules.py",
    "return entry if stays else replace(entry, assignee_id=None)",
    "return entry",
)
def test_adopting_is_a_step_of_the_history_by_an_administrator_along_the_edges_of_the_plan(story: UpgradeStory) -> None:
    """Decision 0003: party and term of the new state, a state that stays keeps its day; no ended case is moved."""
    submitted, in_triage, in_review, _ = story.views

    assert story.last == [
        ("adopt_workflow", "submitted", "submitted"),
        ("adopt_workflow", "in_triage", "screening"),
        ("withdraw", "submitted", "withdrawn"),
    ]
    assert (story.recorded["by"]["role"], story.recorded["workflow"]) == ("administrator", story.plan["hash"])
    assert (story.recorded["label"]["nl"], story.stored_grounds) == ("Werkstroom overnemen", GROUNDS)
    assert [main["party"]["role"] for main in (submitted, in_triage, in_review)] == ["screener", "screener", "chair"]
    assert submitted["party"]["assignee"] is None  # another role must act after the adoption, so there is no assignee
    assert (submitted["dueOn"], in_review["dueOn"]) == (story.trials.due_on[0], story.trials.due_on[2])
    assert in_triage["dueOn"] is not None
    assert "pause" in story.offered_triggers
    assert story.sound == [True] * 4


def test_whoever_takes_a_step_while_the_case_is_moved_is_told_what_won_and_goes_on(story: UpgradeStory) -> None:
    won = story.late.json()["won"]

    assert (story.late.status_code, won["trigger"], won["role"]) == (412, "adopt_workflow", "administrator")
    assert story.late_again.status_code == 201


def test_a_version_is_reverted_by_a_plan_in_the_other_direction(story: UpgradeStory) -> None:
    """The command works on the database of a running service, and moves a case that began under the new version too."""
    progress = json.loads(story.reverted.stdout)

    assert (progress["adopted"], progress["left"], progress["refused"]) == (4, 0, [])
    assert story.states == ["in_triage", "in_triage", "in_review", "withdrawn", "submitted"]
    assert story.sound_after == [True] * 5
    assert {item["plan"]["hash"]: item["adopted"] for item in story.plans} == {
        story.by_name_alone["hash"]: 1,
        story.plan["hash"]: 2,
        progress["plan"]["hash"]: 4,
    }


def test_a_plan_that_leads_nowhere_is_not_made(story: UpgradeStory) -> None:
    funding = story.people.anna.get("/workflows/funding").json()["hash"]
    plans = [
        {"from": story.new},
        {"from": "0" * 64},
        {"from": funding},
        {"from": story.old, "to": funding},
        {"from": story.old, "mapping": {"closed": "closed", "in_triage": "closed", "in_review": "limbo"}},
    ]

    answers = [story.people.roos.post("/workflow-plans", {"kind": "case", **plan}) for plan in plans]

    assert {answer.status_code for answer in answers} == {400}
    assert [{(error["location"], error["code"]) for error in answer.json()["errors"]} for answer in answers] == [
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


def test_every_answer_about_a_version_fits_its_published_schema(story: UpgradeStory) -> None:
    document = story.people.anna.get("/openapi.json").json()
    plan = story.people.roos.get(f"/workflow-plans/{story.plan['hash']}").json()

    shown = {
        "TrialView": [story.trials.bare, story.trials.unusable],
        "ProgressView": [plan, story.halted, json.loads(story.reverted.stdout)],
        "PlanView": [story.plan],
    }

    for name, answers in shown.items():
        schema = {"$ref": f"#/components/schemas/{name}"}
        assert [is_valid(document, schema, answer) for answer in answers] == [True] * len(answers), name


@broken_by(
    "I12: verification recomputes the workflow of each part",
    "service/integrity/store/case_history.py",
    "if self._runs_on.get(row.part_id, from_workflow) != from_workflow:",
    "if False:",
)
def test_i12_a_part_that_is_on_another_workflow_than_its_history_says_is_found(story: UpgradeStory) -> None:
    """The part is found even when every digest is right: only a plan leads from one workflow to another."""
    engine = engine_for(story.upgrade.database_url, undermined=True)
    case = UUID(story.cases.in_review.id)
    with engine.connect() as connection:
        remove_protections(connection)
        whole = verify_history(connection, case)
        with rolled_back(connection):
            change(connection, parts, {"id": str(case)}, "workflow", story.new)
            moved = verify_history(connection, case)
        with rolled_back(connection):
            _note_under(connection, str(case), story.new)
            noted = verify_history(connection, case)
        with rolled_back(connection):
            _note_under(connection, str(case), story.old)
            by_its_own = verify_history(connection, case)
        connection.rollback()
    engine.dispose()

    assert (whole.sound, by_its_own.sound) == (True, True)
    assert (moved.sound, moved.reason) == (False, "the head of a part does not match its last entry")
    assert (noted.first_bad_sequence, noted.reason) == (
        whole.entries + 1,
        "its workflow is not the workflow of its part",
    )


def _note_under(connection: Connection, case_id: str, workflow: str) -> None:
    """Add a note of the submitter to this case under any workflow, as the service would have written it."""
    head, entries = head_of_case(connection, case_id), entries_of_part(connection, case_id)
    first, last = row_to_transition(entries[0]), row_to_transition(entries[-1])
    note = replace(
        last,
        sequence=head.sequence + 1,
        part_sequence=last.part_sequence + 1,
        trigger="add_note",
        source=last.target,
        workflow=workflow,
        actor_id=first.actor_id,
        role=first.role,
        organisation_id=first.organisation_id,
        form="note@1",
        codes={},
        age_band=None,
    )
    content, digest = sealed_content(case_id, note.sequence, "note@1")
    row = entry_to_row(note, head.digest, digest)
    connection.execute(insert(transitions), row)
    connection.execute(insert(contents), content)
    change(connection, cases, {"id": case_id}, "digest", row["digest"])
    change(connection, cases, {"id": case_id}, "sequence", note.sequence)
    change(connection, parts, {"id": case_id}, "sequence", note.part_sequence)
    change(connection, parts, {"id": case_id}, "workflow", workflow)
    assert head_of_part(connection, case_id).workflow == workflow


@broken_by(
    "The schema does not go back to a version that cannot read its workflow plans",
    "migrations/versions/0002_workflow_versions.py",
    'if op.get_bind().scalar(sa.text("SELECT count(*) FROM workflow_plans")):',
    "if False:",
)
def test_the_database_itself_does_not_go_back_to_a_version_that_cannot_read_what_was_moved(story: UpgradeStory) -> None:
    engine = engine_for(story.upgrade.database_url, undermined=False)
    remove_administration_seals(engine)

    with pytest.raises(RuntimeError, match="plans to move cases were made here"):
        downgrade(engine, "0001")

    with engine.connect() as connection:
        assert current_revision(connection) == expected_revision()
    engine.dispose()
