"""I21: a destruction is proposed once the term that the region set has passed since the last change of the file."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.checkout import ROOT
from api_tests.support.destroyed_case import DestructionStory
from api_tests.support.destructions import withdrawn_case
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import Clock
from api_tests.support.shared_case import rows
from service.identity.caller import Caller
from service.people.use_cases.demonstration import DEMONSTRATION_ISSUER
from service.retention.use_cases.proposals import DestructionReview, ended_case_ids, propose_if_due

pytestmark = pytest.mark.server

QUINT = Caller(DEMONSTRATION_ISSUER, "quint", "")


def _review(story: DestructionStory, case: CaseFile) -> DestructionReview:
    database, rules = story.service.built.database, story.service.built.api.state.context.rules
    return database.write_sync(lambda transaction: propose_if_due(transaction, QUINT, UUID(case.id), rules=rules))


@pytest.fixture
def clock(story: DestructionStory) -> Iterator[Clock]:
    """The clock of the service, which a test may put forward by years; it is set back afterwards."""
    yield story.service.clock
    story.service.clock.passed = timedelta()


@broken_by(
    "I21: a request about the file does not extend the retention term",
    "service/retention/rules/destruction.py",
    "if entry.part_kind not in KINDS.kinds_outside_file or AMENDED_PART in entry.codes",
    "if True",
)
def test_i21_what_is_due_is_proposed_twenty_years_after_the_last_change_of_the_file_and_not_before(
    story: DestructionStory, clock: Clock
) -> None:
    """A request about the file and its answer do not extend the term."""
    people = story.people
    ordinary, held, running = withdrawn_case(people), withdrawn_case(people), CaseFile.submitted(people)
    measured = withdrawn_case(people, birth_month="2012-03", legal_status={"code": "04"})
    assert people.esra.post(f"{held.path}/legal-holds", {"reason": {"code": "inspection"}}).status_code == 201

    clock.let_pass(days=19 * 365)
    body = {"trigger": "ask_about_file", "form": {
        "kind": {"code": "access"}, "askedBy": {"code": "parent"}, "askedOn": "2025-06-30",
    }}  # fmt: skip
    assert people.anna.post(f"{ordinary.path}/file-requests", body).status_code == 201
    clock.let_pass(days=365 + 4)
    too_soon = _review(story, ordinary)
    clock.let_pass(days=2)
    listed = story.service.built.database.read_sync(lambda transaction: ended_case_ids(transaction, QUINT))
    due, on_hold, still_runs, longer = (_review(story, case) for case in (ordinary, held, running, measured))
    again = _review(story, ordinary)

    assert (too_soon.proposal, too_soon.obstacles) == (None, ("term_runs",))
    assert due.proposal is not None
    assert (due.proposal.ground, due.proposal.keep_until) == ("retention", too_soon.keep_until)
    assert (on_hold.obstacles, still_runs.obstacles, again.obstacles) == (
        ("legal_hold",),
        ("case_is_open",),
        ("proposal_stands",),
    )
    assert {UUID(ordinary.id), UUID(held.id)} <= set(listed)
    assert UUID(running.id) not in listed
    # Under a measure the file is kept until thirty years after majority; the access log shows the read.
    assert (longer.obstacles, longer.keep_until) == (("term_runs",), date(2060, 3, 1))
    lines = rows(story.service, f"SELECT role, purpose FROM access_log WHERE case_id = '{measured.id}'")
    assert lines[-1] == {"role": "data_protection_officer", "purpose": "oversight_of_the_file"}
    proposal = people.quint.get(f"/destruction-proposals/{due.proposal.id}").json()
    assert (proposal["ground"]["code"], proposal["keepUntil"]) == ("retention", str(due.keep_until))


def test_the_command_of_every_night_says_what_it_did_and_is_for_a_data_protection_officer(
    story: DestructionStory,
) -> None:
    """Nothing is due: the cases of this installation ended today."""
    withdrawn_case(story.people)

    officer, coordinator = (_run_nightly_command(story, subject) for subject in ("quint", "carla"))

    assert (officer.returncode, officer.stderr) == (0, "")
    report = r"(\S+ not proposed: .+\n)*0 proposed, \d+ not proposed for another reason, [1-9]\d* still in their term\n"
    assert re.fullmatch(report, officer.stdout)
    assert (coordinator.returncode, coordinator.stderr) == (
        1,
        "not done: --as does not name a data-protection officer of a team\n",
    )


def _run_nightly_command(story: DestructionStory, subject: str) -> "subprocess.CompletedProcess[str]":
    settings = story.service.settings
    environment = {
        **os.environ,
        "CASUSROUTE_DATABASE_URL": settings.database_url,
        "CASUSROUTE_MASTER_KEY_FILE": str(settings.master_key_file),
        "CASUSROUTE_DESTRUCTION_LIST": str(settings.destruction_list),
        "CASUSROUTE_WITHOUT_SECOND_WALL": "true",
    }
    command = [sys.executable, "-m", "service", "propose-destructions", "--as", DEMONSTRATION_ISSUER, subject]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
