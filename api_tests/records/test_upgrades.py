"""Upgrades: this version reads, protects and continues the data of every release, on both databases."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from api_tests.records.test_forged_entries import ATTACKS as FORGED_ENTRIES
from api_tests.records.test_forged_heads import ATTACKS as FORGED_HEADS
from api_tests.support.case_file import CaseFile
from api_tests.support.changed_rules import copy_workflows, service_with_people
from api_tests.support.checkout import ROOT
from api_tests.support.databases import new_database
from api_tests.support.destructions import post_signature
from api_tests.support.engines import ENGINES
from api_tests.support.forgery import KnownCases, engine_for, insert_entry, next_entry
from api_tests.support.forms import filled
from api_tests.support.releases import RELEASES, Release
from api_tests.support.sabotages import broken_by
from api_tests.support.tampering import remove_administration_seals
from api_tests.support.upgrades import PAUSE, adopt_plan, is_sound, new_plan
from service.app import read_rulebook
from service.database.engine import open_engine
from service.database.migrations import current_revision, downgrade, expected_revision, migrate
from service.database.transaction import Transaction
from service.integrity.store.case_history import Verification, verify_history

# Migrations that do not go down where the database holds data that the version before cannot read, and the message.
NO_WAY_BACK = {
    "0006": "read in an emergency or asked about here",
    "0007": "cases were destroyed here",
    "0012": "the administration was sealed here",
}


def _before(revision: str | None) -> str:
    """The revision before this one."""
    return f"{int(revision or 0) - 1:04}"


pytestmark = pytest.mark.server


def _in_force(rules: Path = ROOT / "workflows") -> dict[str, str]:
    return {kind: flow.definition.hash for kind, flow in read_rulebook(rules).newest.items()}


def _verify(transaction: Transaction, case: CaseFile) -> Verification:
    transaction.allow_all_rows("a test")
    return verify_history(transaction.connection, UUID(case.id))


@dataclass(frozen=True)
class Installation:
    """A database with the data of a release."""

    release: Release
    folder: Path
    url: str
    engine: Engine

    @property
    def known(self) -> KnownCases:
        cases = {name: id_ for name, (id_, _) in self.release.cases.items()}
        return KnownCases(advised=cases["arranging_placement"], submitted=cases["submitted"], withdrawn=cases["ended"])

    def is_unchanged(self) -> bool:
        """The rows of the release are there unchanged, and no others."""
        with self.engine.connect() as connection:
            return self.release.rows_now(connection) == self.release.as_released


@pytest.fixture(params=[(engine, tag) for engine in ENGINES for tag in RELEASES], ids="-".join)
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    engine_name, tag = request.param
    folder = tmp_path_factory.mktemp(f"from_{tag.replace('.', '_')}_{engine_name}")
    url = new_database(request, folder, engine_name)
    installation = Installation(Release(tag), folder, url, open_engine(url))
    installation.release.load(installation.engine, folder)
    yield installation
    installation.engine.dispose()


@broken_by(
    "I11: the database refuses a forged head after every migration",
    "migrations/sql/0007-sqlite.sql",
    "        AND t.recorded_at = NEW.recorded_at AND t.region = NEW.region\n",
    "",
    case="sqlite-0.2.0",
)
def test_i11_after_every_migration_what_is_true_is_taken_and_what_is_forged_is_refused(
    installation: Installation,
) -> None:
    """The rows of the release, inserted entry by entry with its own triggers on, give the heads of the release."""
    assert installation.is_unchanged()
    first, last = int(installation.release.revision), int(expected_revision() or 0)
    forger = engine_for(installation.url, undermined=False)
    accepted = []

    for revision in (f"{number:04}" for number in range(first, last + 1)):
        migrate(installation.engine, revision)
        with forger.connect() as connection:
            for name, attack in (FORGED_ENTRIES | FORGED_HEADS).items():
                try:
                    attack(connection, installation.known)
                except IntegrityError:
                    continue
                finally:
                    connection.rollback()
                accepted.append(f"{revision}: {name}")
            # A genuine entry is accepted: the refusals are due to the forgery.
            insert_entry(connection, installation.known.advised)
            assert next_entry(connection, installation.known.advised)["prev_digest"] == "d" * 64
            connection.rollback()

    forger.dispose()
    assert accepted == []


def test_up_and_down_and_up_again_leaves_what_was_released_as_it_was(installation: Installation) -> None:
    """From 0.1.0 two processes migrate first, at the same time; the newest release goes down by one revision."""
    environment = {**os.environ, "CASUSROUTE_DATABASE_URL": installation.url}
    command = [sys.executable, "-m", "service", "migrate"]
    count = 2 if installation.release.tag == "0.1.0" else 0

    processes = [subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) for _ in range(count)]
    outputs = [process.communicate(timeout=60) for process in processes]
    migrate(installation.engine)
    up = installation.is_unchanged()
    lower = min(installation.release.revision, _before(expected_revision()))
    downgrade(installation.engine, lower)
    down = installation.is_unchanged()
    with installation.engine.connect() as connection:
        revision = current_revision(connection)
    migrate(installation.engine)

    assert [process.returncode for process in processes] == [0] * count, outputs
    assert (up, down, revision) == (True, True, lower)
    assert installation.is_unchanged()


@broken_by(
    "The schema does not go back to a release that cannot read its parts",
    "migrations/versions/0006_emergency_access.py",
    "    if op.get_bind().scalar(new_parts):",
    "    if op.get_bind().scalar(new_parts) is None:",
    case="sqlite-0.2.0",
)
def test_what_ran_under_a_released_version_is_read_and_goes_on_under_this_one(installation: Installation) -> None:
    """Decisions 2 and 8: a case keeps its workflow until it is moved to the newest, and takes parts of new kinds.

    A case whose workflow is still in force is moved to the same workflow with one more step.
    """
    workflow_of = {part["kind"]: part["workflow"] for part in installation.release.tables["parts"]}
    rules = (
        copy_workflows(installation.folder, case=PAUSE)
        if workflow_of["case"] == _in_force()["case"]
        else ROOT / "workflows"
    )
    with service_with_people(installation.folder, installation.url, rules) as (_, people):
        cases = {name: CaseFile(people, *identity) for name, identity in installation.release.cases.items()}
        before = {name: case.view()["main"]["state"]["code"] for name, case in cases.items()}
        files = {name: people.esra.get(f"{case.path}/file") for name, case in cases.items()}

        cases["submitted"].fire("start_triage")
        cases["in_triage"].go_to("in_review")
        cases["arranging_placement"].fire("add_note")
        ran_on = {entry["workflow"] for entry in cases["in_triage"].history()}
        newest = _in_force(rules)
        adoptions = {
            kind: adopt_plan(people, new_plan(people, old, kind=kind))["adopted"]
            for kind, old in workflow_of.items()
            if old != newest[kind]
        }
        cases["in_triage"].go_to("advice_issued")
        file_request = cases["ended"].ask_about_file()
        before_access = people.petra.get(f"{cases['arranging_placement'].path}/file")
        cases["arranging_placement"].read_in_an_emergency(by="petra")
        during_access = people.petra.get(f"{cases['arranging_placement'].path}/file")

        withdrawn = cases.keys() & {"ended", "proposed"}
        assert before == {name: name for name in cases} | dict.fromkeys(withdrawn, "withdrawn")
        assert {
            name: (answer.status_code, bool(answer.json()["documents"])) for name, answer in files.items()
        } == dict.fromkeys(cases, (200, True))
        form = files["submitted"].json()["documents"][0]["form"]
        assert form == filled("referral@1", residence=form["residence"])
        assert ran_on == {workflow_of["case"]}
        assert (file_request["state"]["code"], before_access.status_code, during_access.status_code) == (
            "received",
            404,
            200,
        )
        assert [name for name, case in cases.items() if not is_sound(case)] == []
        assert adoptions["case"] == 4
        assert min(adoptions.values()) > 0
        assert cases["in_triage"].history()[-1]["workflow"] == newest[cases["in_triage"].history()[-1]["partKind"]]

    refusing = "0007" if installation.release.destroyed else "0006"
    lower = min(installation.release.revision, _before(refusing))
    with pytest.raises(RuntimeError, match=NO_WAY_BACK["0012"]):
        downgrade(installation.engine, lower)
    remove_administration_seals(installation.engine)
    with pytest.raises(RuntimeError, match=NO_WAY_BACK[refusing]):
        downgrade(installation.engine, lower)
    with installation.engine.connect() as connection:
        assert current_revision(connection) == expected_revision()


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_new_in_0_3_0_is_served_as_it_was_left(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, engine: str
) -> None:
    """A request about a file, an emergency access, a hold, an open proposal, and a case that was destroyed."""
    folder = tmp_path_factory.mktemp(f"new_in_0_3_0_{engine}")
    url, release = new_database(request, folder, engine), Release("0.3.0")
    assert release.destroyed is not None
    owner = open_engine(url)
    release.load(owner, folder)
    owner.dispose()

    with service_with_people(folder, url) as (service, people):
        monitored, proposed = (CaseFile(people, *release.cases[name]) for name in ("monitored", "proposed"))
        destroyed = CaseFile(people, *release.destroyed)
        parts = {kind: monitored.parts(kind) for kind in ("file_request", "emergency_access")}
        holds = people.quint.get(f"{monitored.path}/legal-holds").json()["items"]
        proposals = people.quint.get("/destruction-proposals").json()["items"]
        certificates = people.quint.get("/destructions").json()["items"]
        answer = people.esra.get(destroyed.path)
        verification = service.built.database.read_sync(lambda transaction: _verify(transaction, destroyed))
        emergencies = [row for row in release.tables["access_log"] if row["emergency"]]

        assert [[part["state"]["code"] for part in parts_of_kind] for parts_of_kind in parts.values()] == [
            ["received"],
            ["to_be_reviewed"],
        ]
        assert [hold["reason"]["text"] for hold in holds] == ["Er loopt nog een vraag."]
        assert [(proposal["caseId"], len(proposal["signed"])) for proposal in proposals] == [(proposed.id, 1)]
        assert [certificate["caseId"] for certificate in certificates] == [destroyed.id]
        assert (answer.status_code, answer.json()["code"]) == (410, "case_destroyed")
        assert (verification.sound, verification.destroyed) == (True, True)
        assert {emergency["case_id"] for emergency in emergencies} == {monitored.id}
        second = post_signature(people, proposals[0]["id"], "quint", "data_protection")
        assert (second.status_code, people.esra.get(proposed.path).status_code) == (201, 410), second.text
