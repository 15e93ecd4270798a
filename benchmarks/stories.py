"""Bulk creation of cases with valid histories, in the real tables with all protections on, many rows per statement."""

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert

from service.cases.rules.history_chain import GENESIS_DIGEST
from service.cases.rules.model import Case, Content, Transition
from service.cases.store.contents import Contents
from service.cases.store.rows import entry_to_row, optional_text
from service.cases.store.tables import cases, contents, parts, transitions
from service.database.keyring import CONTENT_CLASSES
from service.database.transaction import Transaction
from service.database.worker_threads import Database
from service.vocabulary.calendar import to_microseconds
from service.vocabulary.roles import Role
from service.workflows.rules.rulebook import Rulebook

BATCH = 5000
_FIRST_DAY = date(2026, 1, 1)


@dataclass(frozen=True)
class Story:
    """A case to store: its entries in order, and the content of some of them by sequence."""

    case: Case
    entries: tuple[Transition, ...]
    contents: Mapping[int, Content]


def copies_of(story: Story, count: int) -> Iterator[Story]:
    """Yields `count` copies of the story with new ids and case numbers."""
    for index in range(count):
        new_ids = {entry.part_id: uuid4() for entry in story.entries}
        case_id = new_ids[story.case.id]
        yield Story(
            replace(story.case, id=case_id, number=_number(index), sequence=0, digest=GENESIS_DIGEST),
            tuple(replace(entry, case_id=case_id, part_id=new_ids[entry.part_id]) for entry in story.entries),
            story.contents,
        )


def submitted_cases(rules: Rulebook, teams: Mapping[str, UUID], count: int, *, by: UUID, at: UUID) -> Iterator[Story]:
    """Yields cases that wait for triage, due within half a year: half of the first team, the others of all teams.

    `by` is the person and `at` the organisation that submits them.
    """
    random_days, workflow = random.Random(1), rules.current("case").hash  # noqa: S311 - a reproducible spread, no secret
    regions = list(teams.items())
    for index in range(count):
        region, team_id = regions[index // 2 % len(regions) if index % 2 else 0]
        case_id, moment = uuid4(), datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=index)
        case = Case(
            id=case_id,
            number=_number(index),
            region=region,
            team_id=team_id,
            submitter_id=at,
            submitted_at=moment,
            sequence=0,
            digest=GENESIS_DIGEST,
            recorded_at=moment,
        )
        first = Transition(
            case_id=case_id,
            sequence=1,
            part_id=case_id,
            part_kind="case",
            part_sequence=1,
            workflow=workflow,
            settings=rules.settings.default.hash,
            trigger="submit",
            source="start",
            target="submitted",
            phase="referral",
            region=region,
            occurred_at=moment,
            recorded_at=moment,
            actor_id=by,
            role=Role.LOCAL_TEAM,
            organisation_id=at,
            party=Role.COORDINATOR,
            party_id=team_id,
            due_on=_FIRST_DAY + timedelta(days=random_days.randrange(180)),
            form="referral@1",
        )
        yield Story(case, (first,), {})


def store_stories(database: Database, stories: Iterable[Story]) -> list[UUID]:
    """Store the stories and return the ids of their cases."""
    case_ids: list[UUID] = []
    remaining = iter(stories)
    while batch := list(islice(remaining, BATCH)):
        database.write_sync(partial(_store, stories=batch))
        case_ids += [story.case.id for story in batch]
    return case_ids


def _store(transaction: Transaction, stories: list[Story]) -> None:
    if transaction.connection.dialect.name == "sqlite":
        # Random ids touch pages all over the file. The default cache of 2 MB would read and write each many times.
        transaction.connection.exec_driver_sql("PRAGMA cache_size = -500000")
    entries, sealed_rows = [], []
    for story in stories:
        if story.contents:
            transaction.keyring.create_keys(transaction.connection, story.case.id, CONTENT_CLASSES)
        previous: str | None = None
        for entry in story.entries:
            content = story.contents.get(entry.sequence)
            sealed = Contents(transaction).seal(entry, content) if content else None
            entries.append(entry_to_row(entry, previous, sealed.digest if sealed else None))
            previous = entries[-1]["digest"]
            sealed_rows += [sealed.row] if sealed else []
    transaction.connection.execute(insert(cases), [_case_row(story.case) for story in stories])
    transaction.connection.execute(insert(parts), [row for story in stories for row in _part_rows(story)])
    transaction.connection.execute(insert(transitions), entries)
    if sealed_rows:
        transaction.connection.execute(insert(contents), sealed_rows)


def _case_row(case: Case) -> dict[str, Any]:
    return {
        "id": str(case.id),
        "number": case.number,
        "region": case.region,
        "team_id": str(case.team_id),
        "submitter_id": str(case.submitter_id),
        "submitted_at": to_microseconds(case.submitted_at),
        "sequence": 0,
        "digest": GENESIS_DIGEST,
        # The recorded time of a case never decreases, so this may not be later than that of its first entry.
        "recorded_at": to_microseconds(case.submitted_at),
    }


def _part_rows(story: Story) -> Iterator[dict[str, Any]]:
    for entry in story.entries:
        if entry.part_sequence == 1:
            yield {
                "id": str(entry.part_id),
                "case_id": str(story.case.id),
                "kind": entry.part_kind,
                "team_id": str(story.case.team_id),
                "submitter_id": str(story.case.submitter_id),
                "line": entry.line,
                "addressee_id": optional_text(entry.addressee_id),
                "workflow": entry.workflow,
            }


def _number(index: int) -> str:
    digits = f"{index:08d}"
    return f"{digits[:4]}-{digits[4:]}"
