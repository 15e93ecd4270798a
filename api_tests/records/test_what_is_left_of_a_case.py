"""I21: no file holds readable data of a destroyed case, and a restored backup destroys the case again."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from api_tests.support.changed_rules import service_with_people
from api_tests.support.checkout import ROOT
from api_tests.support.databases import as_role
from api_tests.support.destroyed_case import MISSING_FUNCTION, DestructionStory, files_of, find_traces, read_gaps
from api_tests.support.destructions import new_proposal, post_signature, withdrawn_case
from api_tests.support.forgery import engine_for
from api_tests.support.postgres import SUPERUSER, Cluster
from api_tests.support.problems import problem_of
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import settings_for
from api_tests.support.shared_case import rows
from service.app import build_service
from service.cases.rules.certificate import Certificate
from service.database.migrations import downgrade
from service.database.transaction import Transaction
from service.integrity.store.case_history import Verification, verify_history
from service.retention.store.destruction_list import DestructionList, DestructionListRefused
from service.retention.use_cases.replay import replay_destructions

pytestmark = pytest.mark.server


@broken_by(
    "The service destroys no case that it cannot add to the list of destructions",
    "service/retention/use_cases/signatures.py",
    "    destruction_list.add(certificate)\n",
    "",
)
def test_what_cannot_be_written_outside_the_database_is_not_destroyed(story: DestructionStory) -> None:
    assert problem_of(story.failed_signature, 503, "unavailable")

    assert story.certificate["caseId"] == story.case.id


def test_the_list_outside_holds_the_certificate_and_ids_alone(story: DestructionStory) -> None:
    certificate = _only_certificate(story)

    assert certificate.digest == story.certificate["certificate"]
    assert str(certificate.case_id) == story.case.id
    assert {len(signature) for signature in certificate.to_facts()["signed"]} == {5}


@broken_by(
    "I21: the write-ahead log of SQLite keeps nothing readable of a destroyed case",
    "service/database/worker_threads.py",
    "            empty_write_ahead_log(self.engine)\n",
    "            pass\n",
)
@broken_by(
    "I21: the files of PostgreSQL keep nothing readable of a destroyed case after the sweep",
    "service/retention/store/sweep.py",
    "VACUUM (FULL, ANALYZE) {table.fullname}",
    "ANALYZE {table.fullname}",
    case="postgresql",
)
@broken_by(
    "I21: a destruction removes the keys of the case",
    "service/retention/store/destructions.py",
    "        self._keyring.remove_keys(self._connection, certificate.case_id)\n",
    "",
)
def test_i21_nothing_that_tells_of_a_destroyed_case_stands_in_any_file(
    story: DestructionStory, request: pytest.FixtureRequest
) -> None:
    """SQLite is clean at the answer; PostgreSQL is clean after the sweep, if old log segments are removed."""
    cluster: Cluster | None = request.getfixturevalue("cluster") if story.service.engine == "postgresql" else None
    if cluster:
        with psycopg.connect(
            host="127.0.0.1", port=cluster.port, user="app", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute("ALTER SYSTEM SET wal_recycle = off")
            connection.execute("SELECT pg_reload_conf()")
        url = as_role(story.service.settings.database_url, SUPERUSER)
        environment = {**os.environ, "CASUSROUTE_DATABASE_URL": url}
        command = [sys.executable, "-m", "service", "sweep"]
        sweep = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert (sweep.returncode, sweep.stdout) == (0, "swept\n"), sweep.stderr

    remains = find_traces(story.traces, files_of(story.service, cluster))

    assert len(story.traces) > 20
    assert story.traces_before == set(story.traces), (
        "a trace that was not readable before the destruction proves nothing"
    )
    assert remains == set()


def test_the_chain_of_a_destroyed_case_verifies_by_its_digests(story: DestructionStory) -> None:
    def verify_case(transaction: Transaction) -> Verification:
        transaction.allow_all_rows("a test")
        return verify_history(transaction.connection, UUID(story.case.id))

    verification = story.service.built.database.read_sync(verify_case)

    assert (verification.sound, verification.destroyed, verification.fault) == (True, True, None)
    assert (verification.entries, verification.head) == (story.certificate["entries"], story.certificate["head"])


@broken_by(
    "The figures still count a destroyed case",
    "service/retention/use_cases/destroy_case.py",
    "for region in sorted({entry.region for entry in history}):",
    "for region in ():",
)
def test_what_was_counted_still_counts(story: DestructionStory) -> None:
    """Five cases miss this help, which is the smallest number shown; the destroyed case is one of them."""
    (domain,) = story.gaps_before["domains"]

    assert [(function["function"]["code"], function["cases"]) for function in domain["functions"]] == [
        (MISSING_FUNCTION, 5)
    ]
    assert read_gaps(story.people) == story.gaps_before


@broken_by(
    "A database from a backup follows the list of destructions before it is served",
    "service/app.py",
    "return replay_destructions(transaction, DestructionList(settings.destruction_list))",
    "return ReplayResult()",
)
def test_a_database_that_comes_back_from_a_backup_follows_the_list_before_it_is_served(story: DestructionStory) -> None:
    with service_with_people(story.folder, story.backup) as (restored, people):
        problem = problem_of(people.esra.get(story.case.path), 410, "case_destroyed")
        statuses = {people.esra.get(other.path).status_code for other in story.other_cases}
        counted = rows(restored, "SELECT count(*) AS n, min(replayed_at) AS at FROM destructions")
        names = rows(restored, "SELECT name FROM organisations WHERE kind = 'family' AND name = '—'")
        keys = rows(restored, f"SELECT 1 FROM keys.case_keys WHERE owner_id = '{story.case.id}'")
        gaps_after = read_gaps(people)
        second_replay = restored.built.database.write_sync(
            lambda transaction: replay_destructions(transaction, DestructionList(restored.settings.destruction_list))
        )

    assert problem["certificate"]["certificate"] == story.certificate["certificate"]
    assert statuses == {200}
    assert (counted[0]["n"], counted[0]["at"] is not None) == (1, True)
    assert (len(names), keys) == (1, [])
    assert gaps_after == story.gaps_before
    assert (second_replay.destroyed, second_replay.skipped) == ((), ())
    assert len((story.folder / "destructions.jsonl").read_text().splitlines()) == 1


def test_a_list_that_was_lost_is_written_anew_and_one_that_was_changed_is_not_served_with(
    story: DestructionStory, tmp_path: Path
) -> None:
    certificate_list = DestructionList(tmp_path / "lost" / "destructions.jsonl")

    replayed = story.service.built.database.write_sync(
        lambda transaction: replay_destructions(transaction, certificate_list)
    )
    (certificate,) = certificate_list.certificates()
    text = certificate_list.file.read_text()
    certificate_list.file.write_text(text.replace(f'"entries":{certificate.entries}', '"entries":1'))

    assert (replayed.destroyed, replayed.skipped) == ((), ())
    assert certificate.digest == story.certificate["certificate"]
    with pytest.raises(DestructionListRefused, match="line 1"):
        build_service(
            settings_for(story.folder, story.service.settings.database_url, destruction_list=certificate_list.file)
        )


def test_a_case_that_went_on_after_a_destruction_that_never_was_committed_is_not_touched(
    story: DestructionStory, tmp_path: Path
) -> None:
    certificate = _only_certificate(story)
    living = UUID(story.other_cases[0].id)
    certificate_list = DestructionList(tmp_path / "destructions.jsonl")
    certificate_list.add(replace(certificate, case_id=living, proposal_id=uuid4(), entries=1))

    replayed = story.service.built.database.write_sync(
        lambda transaction: replay_destructions(transaction, certificate_list)
    )

    assert (replayed.destroyed, replayed.skipped) == ((), (living,))
    assert story.other_cases[0].state == "in_triage"


@broken_by(
    "I21: a withdrawn proposal destroys nothing, also after its destruction failed to commit",
    "service/retention/use_cases/replay.py",
    "return is_withdrawn or has_later_hold or not matches",
    "return has_later_hold or not matches",
)
def test_a_proposal_that_was_taken_back_after_its_destruction_failed_to_commit_destroys_nothing(
    story: DestructionStory, tmp_path: Path
) -> None:
    """I21: the replay at start-up leaves the case alone."""
    other = _only_certificate(story)
    case, people = story.other_cases[2], story.people
    case.fire("withdraw", by="anna")
    proposal = new_proposal(case)
    assert post_signature(people, proposal, "hanna", "team").status_code == 201
    now, certificate_list = case.view(), DestructionList(tmp_path / "destructions.jsonl")
    certificate = replace(other, case_id=UUID(case.id), proposal_id=UUID(proposal))
    certificate_list.add(replace(certificate, entries=now["sequence"], head=now["digest"]))
    withdrawal = people.esra.post(f"/destruction-proposals/{proposal}/withdrawal", {"reason": {"code": "file_changed"}})
    assert withdrawal.status_code == 201, withdrawal.text

    replayed = story.service.built.database.write_sync(
        lambda transaction: replay_destructions(transaction, certificate_list)
    )

    assert (replayed.destroyed, replayed.skipped) == ((), (UUID(case.id),))
    assert case.state == "withdrawn"


@broken_by(
    "I21: the start follows the last certificate of a case that is listed twice",
    "service/retention/use_cases/replay.py",
    "for certificate in of_cases.values():",
    "for certificate in [listed for listed in listed.values() if isinstance(listed, Certificate)]:",
)
def test_of_a_case_that_is_on_the_list_twice_the_last_certificate_is_followed(
    story: DestructionStory, tmp_path: Path
) -> None:
    """I21: the first certificate was written, but its transaction was not committed."""
    other = _only_certificate(story)
    case, certificate_list = withdrawn_case(story.people), DestructionList(tmp_path / "destructions.jsonl")
    now = case.view()
    failed = replace(other, case_id=UUID(case.id), proposal_id=uuid4(), entries=now["sequence"], head=now["digest"])
    committed = replace(failed, proposal_id=uuid4(), destroyed_at=other.destroyed_at + timedelta(hours=1))
    certificate_list.add(failed)
    certificate_list.add(committed)

    story.service.built.database.write_sync(lambda transaction: replay_destructions(transaction, certificate_list))

    problem = problem_of(story.people.esra.get(case.path), 410, "case_destroyed")
    assert problem["certificate"]["certificate"] == committed.digest


def test_a_version_that_knows_no_destruction_does_not_get_a_database_with_one(story: DestructionStory) -> None:
    """Its seals refuse first; without them the certificates would."""
    engine = engine_for(story.service.settings.database_url, undermined=False)

    with pytest.raises(RuntimeError, match=r"the administration was sealed here|cases were destroyed here"):
        downgrade(engine, "0006")

    engine.dispose()


def _only_certificate(story: DestructionStory) -> Certificate:
    """The certificate of the one case that the story destroyed."""
    (certificate,) = DestructionList(story.folder / "destructions.jsonl").certificates()
    assert isinstance(certificate, Certificate)
    return certificate
