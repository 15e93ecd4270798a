"""I21: the content of one entry can be destroyed. Its step, its digests and the rest of the case stay."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from api_tests.support.changed_rules import service_with_people
from api_tests.support.checkout import ROOT
from api_tests.support.databases import as_role
from api_tests.support.destroyed_case import files_of, find_traces
from api_tests.support.destroyed_content import (
    REMAINS,
    DestroyedContentStory,
    destroy_entry,
    digest_of,
    note_with,
)
from api_tests.support.destructions import destroy_case
from api_tests.support.forgery import engine_for
from api_tests.support.postgres import SUPERUSER
from api_tests.support.problems import problem_of
from api_tests.support.sabotages import broken_by
from api_tests.support.shared_case import rows
from api_tests.support.tampering import remove_protections
from service.cases.rules.certificate import ContentCertificate
from service.database.transaction import Transaction
from service.integrity.store.case_history import verify_history
from service.integrity.use_cases import verify_stored_case
from service.retention.store.destruction_list import DestructionList
from service.retention.use_cases.replay import replay_destructions


def fault_of(story: DestroyedContentStory, case_id: str) -> tuple[str | None, int | None]:
    """The first fault that verification names in this case, with its entry."""

    def verify(transaction: Transaction) -> tuple[str | None, int | None]:
        transaction.allow_all_rows("a test")
        result = verify_stored_case(transaction, UUID(case_id))
        return result.fault, result.first_bad_sequence

    return story.service.built.database.read_sync(verify)


@broken_by(
    "I21: an entry whose content was destroyed says so",
    "service/cases/use_cases/read_content.py",
    "        destroyed=destroyed.get(entry.sequence),\n",
    "",
)
def test_the_entry_reads_as_destroyed_and_its_step_stays(emptied: DestroyedContentStory) -> None:
    document = emptied.people.esra.get(emptied.entry_path).json()
    history = emptied.people.esra.get(f"{emptied.case.path}/transitions").json()["transitions"]

    assert (document["form"], document["grounds"], document["current"]) == (None, None, None)
    assert document["destroyed"]["ground"]["code"] == "safety"
    assert document["destroyed"]["partId"] == emptied.part["id"]
    assert emptied.entry["sequence"] in {entry["sequence"] for entry in history}


def test_a_view_of_an_earlier_moment_reads_destroyed_as_well(emptied: DestroyedContentStory) -> None:
    """No past view brings back what was destroyed."""
    document = emptied.people.esra.get(f"{emptied.entry_path}?knownAt={emptied.moment_before}").json()
    file = emptied.people.esra.get(f"{emptied.case.path}/file?knownAt={emptied.moment_before}").json()
    in_file = [item for item in file["documents"] if item["entry"]["sequence"] == emptied.entry["sequence"]]

    assert (document["form"], document["destroyed"]["ground"]["code"]) == (None, "safety")
    assert [(item["form"], bool(item["destroyed"])) for item in in_file] == [(None, True)]


def test_the_proposal_names_the_entry_and_says_what_remains(emptied: DestroyedContentStory) -> None:
    path = emptied.case.address(emptied.part)
    for reader in ("esra", "quint"):
        proposal = emptied.people[reader].get(f"{path}/transitions/1").json()
        assert proposal["form"]["number"] == emptied.entry["partSequence"]
        assert proposal["form"]["whatRemains"] == REMAINS
    assert emptied.people.esra.get(path).json()["state"]["code"] == "destroyed"


def test_readers_of_the_whole_case_get_the_certificate_itself(emptied: DestroyedContentStory) -> None:
    destroyed = emptied.people.esra.get(emptied.entry_path).json()["destroyed"]
    certificate = ContentCertificate.from_facts(destroyed["certificateFacts"])

    assert certificate.digest == destroyed["certificate"]
    assert {signature["capacity"] for signature in destroyed["certificateFacts"]["signed"]} == {
        "team",
        "data_protection",
    }


def test_the_chain_of_a_case_with_a_destroyed_content_verifies(emptied: DestroyedContentStory) -> None:
    """I11."""
    assert fault_of(emptied, emptied.case.id) == (None, None)
    assert emptied.people.esra.get(f"{emptied.case.path}/verification").json()["sound"] is True


@broken_by(
    "I21: the service destroys no content that it cannot add to the list of destructions",
    "service/retention/use_cases/destroy_content.py",
    "    destruction_list.add(certificate)\n",
    "",
)
def test_the_decision_counts_only_once_its_certificate_stands_outside_the_database(
    emptied: DestroyedContentStory,
) -> None:
    problem_of(emptied.failed, 503, "unavailable")
    (certificate,) = DestructionList(emptied.folder / "destructions.jsonl").certificates()

    assert isinstance(certificate, ContentCertificate)
    assert certificate.digest == emptied.certificate_of(emptied.people.esra.get(emptied.entry_path))


@broken_by(
    "I21: the write-ahead log of SQLite keeps nothing readable of a destroyed content",
    "service/retention/store/content_destructions.py",
    "        self._transaction.has_destroyed_content = True\n",
    "",
)
@broken_by(
    "I21: the files of PostgreSQL keep nothing readable of a destroyed content after the sweep",
    "service/retention/store/sweep.py",
    "VACUUM (FULL, ANALYZE) {table.fullname}",
    "ANALYZE {table.fullname}",
    case="postgresql",
)
def test_nothing_of_the_content_stands_in_any_file(emptied: DestroyedContentStory) -> None:
    """SQLite is clean at the answer; PostgreSQL is clean after the sweep, if old log segments are removed."""
    if cluster := emptied.cluster:
        with psycopg.connect(
            host="127.0.0.1", port=cluster.port, user="app", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute("ALTER SYSTEM SET wal_recycle = off")
            connection.execute("SELECT pg_reload_conf()")
        url = as_role(emptied.service.settings.database_url, SUPERUSER)
        environment = {**os.environ, "CASUSROUTE_DATABASE_URL": url}
        command = [sys.executable, "-m", "service", "sweep"]
        sweep = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert (sweep.returncode, sweep.stdout) == (0, "swept\n"), sweep.stderr

    remains = find_traces(emptied.traces, files_of(emptied.service, cluster))

    assert emptied.traces_before == set(emptied.traces), "a trace that was not readable before proves nothing"
    assert remains == set()


@broken_by(
    "I21: a restored database destroys listed contents again before it is served",
    "service/retention/use_cases/replay.py",
    "if _replay_content(transaction, content)}",
    "if False}",
)
def test_a_restored_backup_follows_the_list_before_it_is_served(emptied: DestroyedContentStory) -> None:
    destruction_list = DestructionList(emptied.folder / "destructions.jsonl")
    with service_with_people(emptied.folder, emptied.backup) as (restored, people):
        document = people.esra.get(emptied.entry_path).json()
        replayed_at = rows(restored, "SELECT replayed_at FROM content_destructions")
        verification = people.esra.get(f"{emptied.case.path}/verification").json()
        second = restored.built.database.write_sync(
            lambda transaction: replay_destructions(transaction, destruction_list)
        )
        untouched = people.esra.get(f"{emptied.other_case.path}/transitions/1").json()

    assert (document["form"], document["destroyed"]["ground"]["code"]) == (None, "safety")
    assert [row["replayed_at"] is not None for row in replayed_at] == [True]
    assert verification["sound"] is True
    assert second.cases_with_destroyed_content == ()
    assert (untouched["destroyed"], bool(untouched["form"])) == (None, True)


@broken_by(
    "I21: the list names an entry by its digest, not by its number",
    "service/retention/use_cases/replay.py",
    " != certificate.entry_digest:",
    ' == "":',
)
def test_an_entry_that_took_the_number_of_a_destroyed_one_is_not_touched(
    emptied: DestroyedContentStory, tmp_path: Path
) -> None:
    (certificate,) = DestructionList(emptied.folder / "destructions.jsonl").certificates()
    assert isinstance(certificate, ContentCertificate)
    other_list = DestructionList(tmp_path / "destructions.jsonl")
    other_list.add(replace(certificate, case_id=UUID(emptied.other_case.id), sequence=1, entries=99))

    replayed = emptied.service.built.database.write_sync(
        lambda transaction: replay_destructions(transaction, other_list)
    )

    assert replayed.cases_with_destroyed_content == ()
    assert emptied.people.esra.get(f"{emptied.other_case.path}/transitions/1").json()["form"]


@broken_by(
    "I21: a listed destruction that failed to commit destroys nothing once the case went on",
    "service/retention/use_cases/replay.py",
    "return has_later_hold or case.sequence >= certificate.entries",
    "return has_later_hold",
)
def test_a_destruction_that_was_listed_and_failed_to_commit_destroys_nothing_once_the_case_went_on(
    emptied: DestroyedContentStory, tmp_path: Path
) -> None:
    note = note_with(emptied.other_case, "Dit blijft staan.")
    digest = digest_of(emptied, note["sequence"])
    (certificate,) = DestructionList(emptied.folder / "destructions.jsonl").certificates()
    assert isinstance(certificate, ContentCertificate)
    listed = replace(
        certificate, case_id=UUID(emptied.other_case.id), sequence=note["sequence"], entry_digest=digest,
        entries=note["sequence"],
    )  # fmt: skip
    other_list = DestructionList(tmp_path / "destructions.jsonl")
    other_list.add(listed)

    replayed = emptied.service.built.database.write_sync(
        lambda transaction: replay_destructions(transaction, other_list)
    )

    assert replayed.cases_with_destroyed_content == ()


def test_a_form_of_which_everything_was_destroyed_has_no_current_reading(emptied: DestroyedContentStory) -> None:
    case = type(emptied.case).submitted(emptied.people)
    amendment = {"amends": 1, "changes": {"previousMoves": 3}, "reason": "Geteld."}
    later = case.fire("amend", by="anna", form=amendment, grounds=None)["transition"]
    destroy_entry(case, case.history()[0])
    destroy_entry(case, later)

    document = case.people.esra.get(f"{case.path}/transitions/1").json()

    assert (document["form"], document["current"]) == (None, None)


@broken_by(
    "I21: a destroyed form can be written anew as an amendment",
    "service/cases/rules/amendments.py",
    'contents[entry.sequence].body.get("form", {})',
    'contents[entry.sequence].body["form"]',
)
def test_a_destroyed_referral_reads_as_what_its_amendments_say(emptied: DestroyedContentStory) -> None:
    """The case goes on: the form can be written anew as an amendment, without what had to go."""
    case = type(emptied.case).submitted(emptied.people)
    before = case.people.anna.get(f"{case.path}/transitions/1").json()
    destroy_entry(case, before["entry"])

    case.go_to("in_triage")
    form = {name: value for name, value in before["form"].items() if value is not None}
    amendment = {"amends": 1, "changes": form, "reason": "Het stuk is vernietigd; dit is zonder het adres."}
    case.fire("amend", by="anna", form=amendment, grounds=None)
    document = case.people.anna.get(f"{case.path}/transitions/1").json()

    assert (document["form"], document["current"]["question"]) == (None, before["form"]["question"])
    assert document["destroyed"]
    assert fault_of(emptied, case.id) == (None, None)


@broken_by(
    "I21: a case with a destroyed content can be destroyed as a whole",
    "migrations/sql/0013-sqlite.sql",
    "WHEN NOT EXISTS (SELECT 1 FROM destructions d",
    "WHEN OLD.ciphertext IS NULL OR NOT EXISTS (SELECT 1 FROM destructions d",
    case="sqlite",
)
def test_a_case_with_a_destroyed_content_can_be_destroyed_as_a_whole(emptied: DestroyedContentStory) -> None:
    case = type(emptied.case).submitted(emptied.people)
    destroy_entry(case, note_with(case.go_to("in_triage"), "Geheim."))
    case.fire("withdraw", by="anna")

    destroy_case(case)

    problem_of(case.people.esra.get(case.path), 410, "case_destroyed")
    assert fault_of(emptied, case.id) == (None, None)


# What a forger writes (`{case}` is the case, `{entry}` the destroyed entry) -> the fault that verification names.
FORGERIES = {
    "another decision": ("UPDATE content_destructions SET part_id = {case}", "content_certificate"),
    "another ground": ("UPDATE content_destructions SET ground = 'request'", "content_certificate"),
    "other signatures": ("UPDATE content_destructions SET signed = '[]'", "content_certificate"),
    "another day": ("UPDATE content_destructions SET day = '2020-01-01'", "content_certificate"),
    "another entry": ("UPDATE content_destructions SET digest = 'x'", "content_certificate"),
    "no certificate": ("DELETE FROM content_destructions WHERE case_id = {case}", "content"),
    "text under a certificate": (
        "UPDATE contents SET form = 'note@1' WHERE case_id = {case} AND sequence = {entry}",
        "not_emptied",
    ),
    "content gone without a certificate": (
        "UPDATE contents SET form = NULL, salt = NULL, ciphertext = NULL WHERE case_id = {case} AND sequence = 1",
        "content",
    ),
}


@broken_by(
    "I11, I21: verification finds a certificate that was changed",
    "service/integrity/store/destroyed_content.py",
    "if certificate.digest != row.digest or not self._is_decided(certificate, row):",
    "if certificate.digest != row.digest:",
    case="sqlite-another day",
)
@pytest.mark.parametrize("name", sorted(FORGERIES))
def test_a_forged_destruction_is_refused_and_where_the_protections_are_off_it_is_reported(
    emptied: DestroyedContentStory, name: str
) -> None:
    """I11, I21."""
    statement, fault = FORGERIES[name]
    place = {"case": f"'{emptied.case.id}'", "entry": emptied.entry["sequence"]}
    engine = engine_for(emptied.service.settings.database_url, undermined=False)
    with engine.connect() as connection:
        with pytest.raises(IntegrityError, match="append-only"):
            connection.execute(text(statement.format(**place)))
        connection.rollback()
        remove_protections(connection)
        connection.execute(text(statement.format(**place)))
        assert verify_history(connection, emptied.case.id).fault == fault
        connection.rollback()
    engine.dispose()
