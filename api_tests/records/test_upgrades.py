"""Upgrading: what a released version wrote is read, protected and carried on by this one, on both databases."""

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
from api_tests.support.changed_rules import copied, people_at
from api_tests.support.checkout import ROOT
from api_tests.support.databases import new_database
from api_tests.support.destructions import signed
from api_tests.support.engines import ENGINES
from api_tests.support.forgery import Known, engine_for, next_entry, record
from api_tests.support.forms import filled
from api_tests.support.releases import RELEASES, Release
from api_tests.support.sabotages import broken_by
from api_tests.support.upgrades import PAUSE, adopted, planned, sound
from service.app import read_folder
from service.database.engine import open_engine
from service.database.migrations import downgrade, expected_revision, migrate, revision_of
from service.database.transaction import Transaction
from service.integrity.store.case_history import Verification, verify

# Migrations that refuse to go back where the database holds what the version before them does not know, and why.
NO_WAY_BACK = {
    "0006": "read in an emergency or asked about here",
    "0007": "cases were destroyed here",
}


def _before(revision: str | None) -> str:
    """The revision before this one."""
    return f"{int(revision or 0) - 1:04}"


pytestmark = pytest.mark.server


def _in_force(rules: Path = ROOT / "workflows") -> dict[str, str]:
    return {kind: flow.definition.hash for kind, flow in read_folder(rules).newest.items()}


def _verified(transaction: Transaction, case: CaseFile) -> Verification:
    transaction.allow_all_rows("a test")
    return verify(transaction.connection, UUID(case.id))


@dataclass(frozen=True)
class Installation:
    """A database as a release left it."""

    release: Release
    folder: Path
    url: str
    engine: Engine

    @property
    def known(self) -> Known:
        cases = {name: id_ for name, (id_, _) in self.release.cases.items()}
        return Known(told=cases["arranging_placement"], other=cases["submitted"], ended=cases["ended"])

    def same(self) -> bool:
        """Whether every row that the release wrote is there as it was, and none beside."""
        with self.engine.connect() as connection:
            return self.release.found_in(connection) == self.release.as_released


@pytest.fixture(params=[(engine, tag) for engine in ENGINES for tag in RELEASES], ids="-".join)
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    engine_name, tag = request.param
    folder = tmp_path_factory.mktemp(f"from_{tag.replace('.', '_')}_{engine_name}")
    url = new_database(request, folder, engine_name)
    found = Installation(Release(tag), folder, url, open_engine(url))
    found.release.load(found.engine, folder)
    yield found
    found.engine.dispose()


@broken_by(
    "I11, issue 4.8: after every migration the database still refuses a forged head",
    "migrations/sql/0007-sqlite.sql",
    "        AND t.recorded_at = NEW.recorded_at AND t.region = NEW.region\n",
    "",
    case="sqlite-0.2.0",
)
def test_i11_after_every_migration_what_is_true_is_taken_and_what_is_forged_is_refused(installed: Installation) -> None:
    """The rows of the release went in entry by entry, with its own triggers on, and the heads became what they were."""
    assert installed.same()
    first, last = int(installed.release.revision), int(expected_revision() or 0)
    forger = engine_for(installed.url, undermined=False)
    accepted = []

    for revision in (f"{number:04}" for number in range(first, last + 1)):
        migrate(installed.engine, revision)
        with forger.connect() as connection:
            for name, attack in (FORGED_ENTRIES | FORGED_HEADS).items():
                try:
                    attack(connection, installed.known)
                except IntegrityError:
                    continue
                finally:
                    connection.rollback()
                accepted.append(f"{revision}: {name}")
            record(connection, installed.known.told)  # so that the refusals are of the forgery, and not of everything
            assert next_entry(connection, installed.known.told)["prev_digest"] == "d" * 64
            connection.rollback()

    forger.dispose()
    assert accepted == []


def test_up_and_down_and_up_again_leaves_what_was_released_as_it_was(installed: Installation) -> None:
    """Of 0.1.0 it is two processes that go up first, both at once; the newest release goes down by one revision."""
    environment = {**os.environ, "CASUSROUTE_DATABASE_URL": installed.url}
    command = [sys.executable, "-m", "service", "migrate"]
    processes = 2 if installed.release.tag == "0.1.0" else 0

    started = [subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) for _ in range(processes)]
    said = [process.communicate(timeout=60) for process in started]
    migrate(installed.engine)
    up = installed.same()
    lower = min(installed.release.revision, _before(expected_revision()))
    downgrade(installed.engine, lower)
    down = installed.same()
    with installed.engine.connect() as connection:
        at = revision_of(connection)
    migrate(installed.engine)

    assert [process.returncode for process in started] == [0] * processes, said
    assert (up, down, at) == (True, True, lower)
    assert installed.same()


@broken_by(
    "Issue 4.8: the version before does not get a database that it cannot read",
    "migrations/versions/0006_emergency_access.py",
    "    if op.get_bind().scalar(told):",
    "    if op.get_bind().scalar(told) is None:",
    case="sqlite-0.2.0",
)
def test_what_ran_under_a_released_version_is_read_and_goes_on_under_this_one(installed: Installation) -> None:
    """Decisions 2 and 8: by its own workflow until it is moved to the newest, and with what is new beside it.

    What ran on workflows that are still in force is moved to the same with one step more.
    """
    on = {part["kind"]: part["workflow"] for part in installed.release.tables["parts"]}
    rules = copied(installed.folder, case=PAUSE) if on["case"] == _in_force()["case"] else ROOT / "workflows"
    with people_at(installed.folder, installed.url, rules) as (_, people):
        cases = {name: CaseFile(people, *it) for name, it in installed.release.cases.items()}
        before = {name: case.seen()["main"]["state"]["code"] for name, case in cases.items()}
        files = {name: people.esra.get(f"{case.path}/file") for name, case in cases.items()}

        cases["submitted"].fire("start_triage")
        cases["in_triage"].go_to("in_review")
        cases["arranging_placement"].fire("add_note")
        ran_on = {entry["workflow"] for entry in cases["in_triage"].history()}
        newest = _in_force(rules)
        moved = {
            kind: adopted(people, planned(people, old, kind=kind))["adopted"]
            for kind, old in on.items()
            if old != newest[kind]
        }
        cases["in_triage"].go_to("advice_issued")
        asked = cases["ended"].ask_about_file()
        unseen = people.petra.get(f"{cases['arranging_placement'].path}/file")
        cases["arranging_placement"].read_in_an_emergency(by="petra")
        read = people.petra.get(f"{cases['arranging_placement'].path}/file")

        withdrawn = cases.keys() & {"ended", "proposed"}
        assert before == {name: name for name in cases} | dict.fromkeys(withdrawn, "withdrawn")
        assert {name: (it.status_code, bool(it.json()["documents"])) for name, it in files.items()} == dict.fromkeys(
            cases, (200, True)
        )
        told = files["submitted"].json()["documents"][0]["form"]
        assert told == filled("referral@1", residence=told["residence"])
        assert ran_on == {on["case"]}
        assert (asked["state"]["code"], unseen.status_code, read.status_code) == ("received", 404, 200)
        assert [name for name, case in cases.items() if not sound(case)] == []
        assert moved["case"] == 4
        assert min(moved.values()) > 0
        assert cases["in_triage"].history()[-1]["workflow"] == newest[cases["in_triage"].history()[-1]["partKind"]]

    refusing = "0007" if installed.release.destroyed else "0006"
    with pytest.raises(RuntimeError, match=NO_WAY_BACK[refusing]):
        downgrade(installed.engine, min(installed.release.revision, _before(refusing)))
    with installed.engine.connect() as connection:
        assert revision_of(connection) == expected_revision()


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

    with people_at(folder, url) as (service, people):
        monitored, proposed = (CaseFile(people, *release.cases[name]) for name in ("monitored", "proposed"))
        gone = CaseFile(people, *release.destroyed)
        parts = {kind: monitored.parts(kind) for kind in ("file_request", "emergency_access")}
        holds = people.quint.get(f"{monitored.path}/legal-holds").json()["items"]
        proposals = people.quint.get("/destruction-proposals").json()["items"]
        certificates = people.quint.get("/destructions").json()["items"]
        read = people.esra.get(gone.path)
        verified = service.built.database.read_now(lambda transaction: _verified(transaction, gone))
        emergencies = [it for it in release.tables["access_log"] if it["emergency"]]

        assert [[it["state"]["code"] for it in of] for of in parts.values()] == [
            ["received"],
            ["to_be_reviewed"],
        ]
        assert [hold["reason"]["text"] for hold in holds] == ["Er loopt nog een vraag."]
        assert [(proposal["caseId"], len(proposal["signed"])) for proposal in proposals] == [(proposed.id, 1)]
        assert [certificate["caseId"] for certificate in certificates] == [gone.id]
        assert (read.status_code, read.json()["code"]) == (410, "case_destroyed")
        assert (verified.sound, verified.destroyed) == (True, True)
        assert {emergency["case_id"] for emergency in emergencies} == {monitored.id}
        second = signed(people, proposals[0]["id"], "quint", "data_protection")
        assert (second.status_code, people.esra.get(proposed.path).status_code) == (201, 410), second.text
