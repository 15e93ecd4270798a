"""I21: what is due is proposed, by the term that a region set, counted from the last change of the file."""

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
from api_tests.support.destroyed_case import Story
from api_tests.support.destructions import ended
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import Clock
from api_tests.support.shared_case import rows
from service.identity.caller import Caller
from service.people.use_cases.demonstration import ISSUER
from service.retention.use_cases.proposals import Considered, ended_cases, propose_if_due

pytestmark = pytest.mark.server

QUINT = Caller(ISSUER, "quint", "")


def _considered(story: Story, case: CaseFile) -> Considered:
    database, rules = story.service.built.database, story.service.built.api.state.house.rules
    return database.write_now(lambda transaction: propose_if_due(transaction, QUINT, UUID(case.id), rules=rules))


@pytest.fixture
def clock(story: Story) -> Iterator[Clock]:
    """Years may pass; the others find it as it was."""
    yield story.service.clock
    story.service.clock.passed = timedelta()


@broken_by(
    "I21: a request about the file is no change of it",
    "service/retention/rules/destruction.py",
    "if entry.part_kind not in KINDS.beside_the_file)",
    "if True)",
)
def test_i21_what_is_due_is_proposed_twenty_years_after_the_last_change_of_the_file_and_not_before(
    story: Story, clock: Clock
) -> None:
    """A request about the file, and its answer, do not make the term longer."""
    people = story.people
    ordinary, held, running = ended(people), ended(people), CaseFile.submitted(people)
    measured = ended(people, birth_month="2012-03", legal_status={"code": "04"})
    assert people.esra.post(f"{held.path}/legal-holds", {"reason": {"code": "inspection"}}).status_code == 201

    clock.let_pass(days=19 * 365)
    body = {"trigger": "ask_about_file", "form": {
        "kind": {"code": "access"}, "askedBy": {"code": "parent"}, "askedOn": "2025-06-30",
    }}  # fmt: skip
    assert people.anna.post(f"{ordinary.path}/file-requests", body).status_code == 201
    clock.let_pass(days=365 + 4)
    too_soon = _considered(story, ordinary)
    clock.let_pass(days=2)
    listed = story.service.built.database.read_now(lambda transaction: ended_cases(transaction, QUINT))
    due, kept, still_runs, longer = (_considered(story, it) for it in (ordinary, held, running, measured))
    again = _considered(story, ordinary)

    assert (too_soon.proposal, too_soon.obstacles) == (None, ("term_runs",))
    assert due.proposal is not None
    assert (due.proposal.ground, due.proposal.keep_until) == ("retention", too_soon.keep_until)
    assert (kept.obstacles, still_runs.obstacles, again.obstacles) == (
        ("legal_hold",),
        ("case_is_open",),
        ("proposal_stands",),
    )
    assert {UUID(ordinary.id), UUID(held.id)} <= set(listed)
    assert UUID(running.id) not in listed
    # Under a measure the file is kept until thirty years after majority; the month of birth was read, as is written.
    assert (longer.obstacles, longer.keep_until) == (("term_runs",), date(2060, 3, 1))
    lines = rows(story.service, f"SELECT role, purpose FROM access_log WHERE case_id = '{measured.id}'")
    assert lines[-1] == {"role": "data_protection_officer", "purpose": "oversight_of_the_file"}
    shown = people.quint.get(f"/destruction-proposals/{due.proposal.id}").json()
    assert (shown["ground"]["code"], shown["keepUntil"]) == ("retention", str(due.keep_until))


def test_the_command_of_every_night_says_what_it_did_and_is_for_a_data_protection_officer(story: Story) -> None:
    """Nothing is due today: what ended here ended today."""
    ended(story.people)

    officer, coordinator = (_every_night(story, it) for it in ("quint", "carla"))

    assert (officer.returncode, officer.stderr) == (0, "")
    told = r"(\S+ not proposed: .+\n)*0 proposed, \d+ not for another reason, [1-9]\d* still in their term\n"
    assert re.fullmatch(told, officer.stdout)
    assert (coordinator.returncode, coordinator.stderr) == (
        1,
        "not done: --as names no data-protection officer of a team\n",
    )


def _every_night(story: Story, who: str) -> "subprocess.CompletedProcess[str]":
    settings = story.service.settings
    environment = {
        **os.environ,
        "CASUSROUTE_DATABASE_URL": settings.database_url,
        "CASUSROUTE_MASTER_KEY_FILE": str(settings.master_key_file),
        "CASUSROUTE_DESTRUCTION_LIST": str(settings.destruction_list),
        "CASUSROUTE_WITHOUT_SECOND_WALL": "true",
    }
    command = [sys.executable, "-m", "service", "propose-destructions", "--as", ISSUER, who]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
