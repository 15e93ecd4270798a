"""A case that was destroyed: its traces before, the files that might still hold them, and a backup from before."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from sqlalchemy import make_url, select

from api_tests.support.administration import Office
from api_tests.support.case_file import CaseFile
from api_tests.support.changed_rules import service_with_people
from api_tests.support.databases import as_role
from api_tests.support.destructions import new_proposal, post_signature
from api_tests.support.people import People
from api_tests.support.postgres import SUPERUSER, Cluster
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import rows
from api_tests.support.workflows import form_for
from service.cases.store.tables import contents, transitions
from service.database.tables import case_keys

MISSING_FUNCTION = "support_by_experience"


@dataclass
class DestructionStory:
    """A database with a destroyed case of a family, and a copy from before the destruction, as from a backup."""

    service: RunningService
    people: People
    case: CaseFile
    certificate: dict[str, Any]
    other_cases: list[CaseFile]
    traces: dict[str, bytes]
    traces_before: set[str]
    failed_signature: httpx.Response
    gaps_before: Any
    folder: Path
    backup: str


def _traces(service: RunningService, case: CaseFile, words: dict[str, str]) -> dict[str, bytes]:
    """The texts and bytes in the database that belong to this case alone, by a name for each."""
    traces = {name: word.encode() for name, word in words.items()}
    with service.tables.connect() as connection:
        for row in connection.execute(select(contents).where(contents.c.case_id == case.id)):
            traces[f"content of entry {row.sequence}"] = row.ciphertext[:32]
            traces[f"salt of content {row.sequence}"] = row.salt
        for row in connection.execute(select(transitions).where(transitions.c.case_id == case.id)):
            traces[f"salt of entry {row.sequence}"] = row.facts_salt
            if row.trigger_name == "withdraw":
                traces["reason of the withdrawal"] = row.codes.encode()
        for row in connection.execute(select(case_keys).where(case_keys.c.owner_id == case.id)):
            traces[f"key of {row.content_class}"] = row.wrapped
    return traces


def files_of(service: RunningService, cluster: Cluster | None) -> list[Path]:
    """Each file that may hold data of the database, its log or the list of destructions."""
    url = make_url(as_role(service.settings.database_url, SUPERUSER))
    if cluster is None:
        folder = Path(str(url.database)).parent
        return [file for file in folder.iterdir() if file.is_file()]
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        oid = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
    assert oid is not None
    base = cluster.data_directory / "base"
    files = (file for file in cluster.data_directory.rglob("*") if file.is_file())
    ours = [file for file in files if base not in file.parents or file.parent.name == str(oid[0])]
    return [*ours, service.settings.destruction_list]


def find_traces(traces: dict[str, bytes], files: list[Path]) -> set[str]:
    """The names of the traces that occur in one of these files."""
    texts = [file.read_bytes() for file in files if file.exists()]
    return {name for name, trace in traces.items() if any(trace in text for text in texts)}


def copy_of_database(cluster: Cluster | None, folder: Path, url: str) -> str:
    """Copy data and keys of a database without users, as a backup does, and return the address of the copy."""
    if cluster is None:
        for name in ("casusroute.db", "casusroute.db.keys"):
            shutil.copy(folder / name, folder / "backup" / name)
        return f"sqlite:///{folder / 'backup' / 'casusroute.db'}"
    name = str(make_url(url).database)
    cluster.create_database(f"{name}_backup", template=name)
    return cluster.url(f"{name}_backup")


def _record_gap(case: CaseFile) -> None:
    case.go_to("in_triage")
    case.fire(
        "record_gap",
        form=form_for("case", "record_gap", domain={"code": "support"}, function={"code": MISSING_FUNCTION}),
    )


def read_gaps(people: People) -> Any:
    return people.noor.get("/regions/JZ11/gaps").json()


@contextmanager
def destruction_story(folder: Path, url: str, cluster: Cluster | None) -> Iterator[DestructionStory]:
    """Record a gap in a case, end it, hold it, propose its destruction twice, sign, copy the database, and destroy it.

    The second signature fails at first, while the list of destructions cannot be written, and then succeeds.
    """
    (folder / "backup").mkdir()
    token, list_file = uuid4().hex, folder / "destructions.jsonl"
    with service_with_people(folder, url) as (service, people), ExitStack() as stack:
        office = Office(service, people.roos, stack)
        family = str(
            office.record_change("/organisations", kind="family", name=f"Gezin {token}", municipality="GM0392")[
                "subject"
            ]
        )
        people["mother"] = office.add_member(family, "parent")
        subject = rows(service, f"SELECT subject FROM people WHERE id = '{people.mother.key}'")[0]["subject"]
        case = CaseFile.submitted(people, by="mother")
        other_cases = [CaseFile.submitted(people) for _ in range(4)]
        for gap_case in (case, *other_cases):
            _record_gap(gap_case)
        case.fire("withdraw", by="mother", reason={"code": "family_chooses_otherwise"})
        hold_reason = {"code": "other", "text": f"om {token[:20]}"}
        hold = people.quint.post(f"{case.path}/legal-holds", {"reason": hold_reason}).json()["id"]
        people.quint.post(f"{case.path}/legal-holds/{hold}/lifting", {})
        first_proposal = new_proposal(case, by="mother")
        withdrawal_reason = {"code": "other", "text": f"want {token[:20]}"}
        people.esra.post(f"/destruction-proposals/{first_proposal}/withdrawal", {"reason": withdrawal_reason})
        proposal = new_proposal(case, by="mother")
        assert post_signature(people, proposal, "hanna", "team").status_code == 201
        words = {
            "family": f"Gezin {token}",
            "mother": subject,
            "hold": hold_reason["text"],
            "withdrawal": withdrawal_reason["text"],
        }
        traces = _traces(service, case, words)
        found_before = find_traces(traces, files_of(service, cluster))
        gaps_before = read_gaps(people)
    backup = copy_of_database(cluster, folder, url)
    with service_with_people(folder, url) as (service, people):
        list_file.mkdir()
        key = str(uuid4())
        failed_signature = post_signature(people, proposal, "quint", "data_protection", key)
        assert people.esra.get(case.path).status_code == 200
        list_file.rmdir()
        list_file.write_bytes(b'{"caseId":"cut off by a cra')
        signature = post_signature(people, proposal, "quint", "data_protection", key)
        assert signature.status_code == 201, signature.text
        destroyed_file = CaseFile(people, case.id, case.number)
        yield DestructionStory(
            service=service, people=people, case=destroyed_file, certificate=signature.json()["certificate"],
            other_cases=[CaseFile(people, other_case.id, other_case.number) for other_case in other_cases],
            traces=traces,
            traces_before=found_before,
            failed_signature=failed_signature, gaps_before=gaps_before, folder=folder, backup=backup,
        )  # fmt: skip
