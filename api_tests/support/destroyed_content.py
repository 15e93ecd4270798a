"""One entry whose content was destroyed: its traces before, and a backup from before."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import select

from api_tests.support.case_file import CaseFile
from api_tests.support.changed_rules import service_with_people
from api_tests.support.destroyed_case import copy_of_database, files_of, find_traces
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.postgres import Cluster
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import rows
from service.cases.store.tables import contents

REMAINS = "Een notitie over de verhuizing. Het adres is weggehaald."


@dataclass
class DestroyedContentStory:
    """A database with one destroyed content, and a copy from before the destruction, as from a backup."""

    service: RunningService
    people: People
    case: CaseFile
    other_case: CaseFile
    entry: dict[str, Any]
    part: dict[str, Any]
    moment_before: str
    traces: dict[str, bytes]
    traces_before: set[str]
    failed: httpx.Response
    folder: Path
    backup: str
    cluster: Cluster | None

    @property
    def entry_path(self) -> str:
        return f"{self.case.path}/transitions/{self.entry['partSequence']}"

    def certificate_of(self, answer: httpx.Response) -> str:
        assert answer.status_code == 200, answer.text
        return str(answer.json()["destroyed"]["certificate"])


def proposal_form(entry: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The form that proposes to destroy this entry, for somebody's safety unless a request is named."""
    place = {"partId": entry["partId"], "number": entry["partSequence"], "whatRemains": REMAINS}
    return filled("entry_destruction@1", **place | changes)


def post_proposal(
    case: CaseFile, entry: dict[str, Any], by: str = "carla", key: str | None = None, **changes: Any
) -> httpx.Response:
    body = {"trigger": "propose_destruction", "form": proposal_form(entry, **changes)}
    return case.people[by].post(f"{case.path}/entry-destructions", body, key=key)


def propose_entry(case: CaseFile, entry: dict[str, Any], by: str = "carla", **changes: Any) -> dict[str, Any]:
    """Propose to destroy this entry, and return the part."""
    answer = post_proposal(case, entry, by, **changes)
    assert answer.status_code == 201, answer.text
    id_ = answer.json()["transition"]["partId"]
    return next(part for part in case.parts("entry_destruction") if part["id"] == id_)


def note_with(case: CaseFile, text: str) -> dict[str, Any]:
    """Add a note with this text, and return its entry."""
    entry: dict[str, Any] = case.fire("add_note", by="carla", form={"text": text}, grounds=None)["transition"]
    return entry


def destroy_entry(case: CaseFile, entry: dict[str, Any]) -> dict[str, Any]:
    """Destroy the content of this entry for somebody's safety, and return the part in which that was decided."""
    part = propose_entry(case, entry)
    case.fire("destroy_content", part=part, by="quint", grounds=None)
    return part


@contextmanager
def destroyed_content_story(folder: Path, url: str, cluster: Cluster | None) -> Iterator[DestroyedContentStory]:
    """Write a secret address in a note, propose to destroy it, copy the database, and destroy the content.

    The decision fails at first, while the list of destructions cannot be written, and then succeeds.
    """
    (folder / "backup").mkdir()
    token, list_file = f"Verborgenweg {uuid4().hex}", folder / "destructions.jsonl"
    with service_with_people(folder, url) as (service, people):
        case, other_case = CaseFile.submitted(people), CaseFile.submitted(people)
        case.go_to("in_triage")
        entry = note_with(case, f"Zij wonen nu aan de {token}.")
        with service.tables.connect() as connection:
            row = connection.execute(
                select(contents).where(contents.c.case_id == case.id, contents.c.sequence == entry["sequence"])
            ).one()
        traces = {"ciphertext": row.ciphertext[:32], "salt": row.salt, "nonce": row.nonce}
        moment_before = entry["recordedAt"]
        part = propose_entry(case, entry)
        found_before = find_traces(traces, files_of(service, cluster))
    backup = copy_of_database(cluster, folder, url)
    with service_with_people(folder, url) as (service, people):
        case = CaseFile(people, case.id, case.number)
        list_file.mkdir()
        key = str(uuid4())
        failed = case.attempt("destroy_content", part=part, by="quint", grounds=None, key=key)
        assert people.esra.get(f"{case.path}/transitions/{entry['partSequence']}").json()["form"]
        list_file.rmdir()
        done = case.attempt("destroy_content", part=part, by="quint", grounds=None, key=key)
        assert done.status_code == 201, done.text
        yield DestroyedContentStory(
            service=service, people=people, case=case, other_case=CaseFile(people, other_case.id, other_case.number),
            entry=entry, part=part, moment_before=moment_before, traces=traces, traces_before=found_before,
            failed=failed, folder=folder, backup=backup, cluster=cluster,
        )  # fmt: skip


def digest_of(story: DestroyedContentStory, sequence: int) -> str:
    """The digest of this entry of the other case."""
    query = f"SELECT digest FROM transitions WHERE case_id = '{story.other_case.id}' AND sequence = {sequence}"
    return str(rows(story.service, query)[0]["digest"])
