"""The vocabulary of a case that was destroyed: what told of it, where it might be left, and a backup of before."""

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
from api_tests.support.changed_rules import people_at
from api_tests.support.databases import as_role
from api_tests.support.destructions import proposed, signed
from api_tests.support.people import People
from api_tests.support.postgres import SUPERUSER, Cluster
from api_tests.support.servers import Running
from api_tests.support.shared_case import rows
from api_tests.support.workflows import form_for
from service.cases.store.tables import contents, transitions
from service.database.tables import case_keys

WANTED = "support_by_experience"


@dataclass
class Story:
    """A database with a case of a family that was destroyed, and one of before that, as from a backup."""

    service: Running
    people: People
    case: CaseFile
    certificate: dict[str, Any]
    others: list[CaseFile]
    traces: dict[str, bytes]
    found_before: set[str]
    unwritten: httpx.Response
    gaps_before: Any
    folder: Path
    backup: str


def _traces(service: Running, case: CaseFile, words: dict[str, str]) -> dict[str, bytes]:
    """Everything in the database that is of this case alone: what would tell of it wherever it was found."""
    found = {name: word.encode() for name, word in words.items()}
    with service.tables.connect() as connection:
        for row in connection.execute(select(contents).where(contents.c.case_id == case.id)):
            found[f"content of entry {row.sequence}"] = row.ciphertext[:32]
            found[f"salt of content {row.sequence}"] = row.salt
        for row in connection.execute(select(transitions).where(transitions.c.case_id == case.id)):
            found[f"salt of entry {row.sequence}"] = row.facts_salt
            if row.trigger_name == "withdraw":
                found["reason of the withdrawal"] = row.codes.encode()
        for row in connection.execute(select(case_keys).where(case_keys.c.owner_id == case.id)):
            found[f"key of {row.content_class}"] = row.wrapped
    return found


def files_of(service: Running, cluster: Cluster | None) -> list[Path]:
    """Every file in which the database, its log or the list of destructions may stand."""
    url = make_url(as_role(service.settings.database_url, SUPERUSER))
    if cluster is None:
        folder = Path(str(url.database)).parent
        return [file for file in folder.iterdir() if file.is_file()]
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        oid = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
    assert oid is not None
    base = cluster.data_directory / "base"
    everything = (file for file in cluster.data_directory.rglob("*") if file.is_file())
    own = [it for it in everything if base not in it.parents or it.parent.name == str(oid[0])]
    return [*own, service.settings.destruction_list]


def found_in(traces: dict[str, bytes], files: list[Path]) -> set[str]:
    """Which of these stand in a file."""
    read = [file.read_bytes() for file in files if file.exists()]
    return {name for name, trace in traces.items() if any(trace in text for text in read)}


def _copied(cluster: Cluster | None, folder: Path, url: str) -> str:
    """The address of a copy of a database that nobody uses now: its data and its keys, as from a backup."""
    if cluster is None:
        for name in ("casusroute.db", "casusroute.db.keys"):
            shutil.copy(folder / name, folder / "backup" / name)
        return f"sqlite:///{folder / 'backup' / 'casusroute.db'}"
    name = str(make_url(url).database)
    cluster.create_database(f"{name}_backup", template=name)
    return cluster.url(f"{name}_backup")


def _gap(case: CaseFile) -> None:
    case.go_to("in_triage")
    case.fire("record_gap", form=form_for("case", "record_gap", domain={"code": "support"}, function={"code": WANTED}))


def gaps(people: People) -> Any:
    return people.noor.get("/regions/JZ11/gaps").json()


@contextmanager
def told(folder: Path, url: str, cluster: Cluster | None) -> Iterator[Story]:
    """Submitted, missed in, ended, held, proposed twice, signed; copied; and destroyed."""
    (folder / "backup").mkdir()
    token, outside = uuid4().hex, folder / "destructions.jsonl"
    with people_at(folder, url) as (service, people), ExitStack() as open_:
        office = Office(service, people.roos, open_)
        family = str(
            office.done("/organisations", kind="family", name=f"Gezin {token}", municipality="GM0392")["subject"]
        )
        people["mother"] = office.member(family, "parent")
        subject = rows(service, f"SELECT subject FROM people WHERE id = '{people.mother.key}'")[0]["subject"]
        case = CaseFile.submitted(people, by="mother")
        others = [CaseFile.submitted(people) for _ in range(4)]
        for it in (case, *others):
            _gap(it)
        case.fire("withdraw", by="mother", reason={"code": "family_chooses_otherwise"})
        said = {"code": "other", "text": f"om {token[:20]}"}
        hold = people.quint.post(f"{case.path}/legal-holds", {"reason": said}).json()["id"]
        people.quint.post(f"{case.path}/legal-holds/{hold}/lifting", {})
        withdrawn = proposed(case, by="mother")
        because = {"code": "other", "text": f"want {token[:20]}"}
        people.esra.post(f"/destruction-proposals/{withdrawn}/withdrawal", {"reason": because})
        proposal = proposed(case, by="mother")
        assert signed(people, proposal, "hanna", "team").status_code == 201
        words = {"family": f"Gezin {token}", "mother": subject, "hold": said["text"], "withdrawal": because["text"]}
        traces = _traces(service, case, words)
        found_before = found_in(traces, files_of(service, cluster))
        gaps_before = gaps(people)
    backup = _copied(cluster, folder, url)
    with people_at(folder, url) as (service, people):
        outside.mkdir()
        key = str(uuid4())
        unwritten = signed(people, proposal, "quint", "data_protection", key)
        assert people.esra.get(case.path).status_code == 200
        outside.rmdir()
        outside.write_bytes(b'{"caseId":"cut off by a cra')
        done = signed(people, proposal, "quint", "data_protection", key)
        assert done.status_code == 201, done.text
        gone = CaseFile(people, case.id, case.number)
        yield Story(
            service=service, people=people, case=gone, certificate=done.json()["certificate"],
            others=[CaseFile(people, other.id, other.number) for other in others], traces=traces,
            found_before=found_before,
            unwritten=unwritten, gaps_before=gaps_before, folder=folder, backup=backup,
        )  # fmt: skip
