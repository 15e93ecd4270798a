"""Conversions between database rows and the model, both ways."""

import json
import os
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from service.cases.rules.history_chain import GENESIS_DIGEST, entry_digest, facts_digest
from service.cases.rules.model import Case, Part, Transition
from service.cases.store.tables import cases, parts
from service.database.columns import NO_DUE_DAY
from service.vocabulary.calendar import from_microseconds, to_microseconds
from service.vocabulary.canonical_json import to_canonical_json
from service.vocabulary.roles import Role

# Plain attributes of the columns. A lookup in `table.c` per column takes half of the time of reading a row.
_CASE, _PART = (SimpleNamespace(**dict(table.c.items())) for table in (cases, parts))


def entry_to_row(entry: Transition, previous: str | None, content: str | None) -> dict[str, Any]:
    """Returns the row of an entry, by column name, with its digests. `previous` and `content` are digests."""
    salt = os.urandom(16)
    facts = facts_digest(salt, entry)
    return {
        **facts_to_row(entry),
        "prev_digest": previous,
        "digest": entry_digest(previous or GENESIS_DIGEST, entry.sequence, facts, content),
        "facts_digest": facts,
        "content_digest": content,
        "facts_salt": salt,
    }


def facts_to_row(entry: Transition) -> dict[str, Any]:
    """Returns the row of an entry, by column name, without its digests.

    Each entry has exactly one text form: `verify` compares every stored row with it.
    """
    return {
        "case_id": str(entry.case_id),
        "sequence": entry.sequence,
        "prev_sequence": entry.sequence - 1 or None,
        "part_id": str(entry.part_id),
        "part_kind": entry.part_kind,
        "part_sequence": entry.part_sequence,
        "prev_part_sequence": entry.part_sequence - 1 or None,
        "workflow": entry.workflow,
        "settings": entry.settings,
        "trigger_name": entry.trigger,
        "source": entry.source,
        "target": entry.target,
        "phase": entry.phase,
        "region": entry.region,
        "occurred_at": to_microseconds(entry.occurred_at),
        "recorded_at": to_microseconds(entry.recorded_at),
        "actor_id": str(entry.actor_id),
        "role": str(entry.role),
        "organisation_id": str(entry.organisation_id),
        "party": entry.party and str(entry.party),
        "party_id": optional_text(entry.party_id),
        "assignee_id": optional_text(entry.assignee_id),
        "due_on": entry.due_on and entry.due_on.isoformat(),
        "line": entry.line,
        "addressee_id": optional_text(entry.addressee_id),
        "cause": entry.cause,
        "form": entry.form,
        "codes": to_canonical_json({name: list(codes) for name, codes in entry.codes.items()}) if entry.codes else None,
        "age_band": entry.age_band,
    }


def row_to_transition(row: Row[Any]) -> Transition:
    """Returns the entry in a row of the history. A row of a destroyed case has no facts and gives no entry."""
    values = row._mapping  # noqa: SLF001 - public API of Row; attribute access takes twenty times as long
    return Transition(
        case_id=_id(values["case_id"]),
        sequence=values["sequence"],
        part_id=_id(values["part_id"]),
        part_kind=values["part_kind"],
        part_sequence=values["part_sequence"],
        workflow=values["workflow"],
        settings=values["settings"],
        trigger=values["trigger_name"],
        source=values["source"],
        target=values["target"],
        phase=values["phase"],
        region=values["region"],
        occurred_at=from_microseconds(values["occurred_at"]),
        recorded_at=from_microseconds(values["recorded_at"]),
        actor_id=_id(values["actor_id"]),
        role=Role(values["role"]),
        organisation_id=_id(values["organisation_id"]),
        party=values["party"] and Role(values["party"]),
        party_id=_uuid(values["party_id"]),
        assignee_id=_uuid(values["assignee_id"]),
        due_on=_day(values["due_on"]),
        line=values["line"],
        addressee_id=_uuid(values["addressee_id"]),
        cause=values["cause"],
        form=values["form"],
        codes=_codes(values["codes"]),
        age_band=values["age_band"],
    )


def row_to_case(row: Mapping[Any, Any]) -> Case:
    columns = _CASE
    return Case(
        id=UUID(row[columns.id]),
        number=row[columns.number],
        region=row[columns.region],
        team_id=UUID(row[columns.team_id]),
        submitter_id=UUID(row[columns.submitter_id]),
        submitted_at=from_microseconds(row[columns.submitted_at]),
        sequence=row[columns.sequence],
        digest=row[columns.digest],
        recorded_at=from_microseconds(row[columns.recorded_at]),
    )


def row_to_part(row: Mapping[Any, Any]) -> Part:
    columns = _PART
    return Part(
        id=UUID(row[columns.id]),
        case_id=UUID(row[columns.case_id]),
        kind=row[columns.kind],
        workflow=row[columns.workflow],
        state=row[columns.state],
        phase=row[columns.phase],
        sequence=row[columns.sequence],
        occurred_at=from_microseconds(row[columns.occurred_at]),
        line=row[columns.line],
        addressee_id=_uuid(row[columns.addressee_id]),
        party=row[columns.party] and Role(row[columns.party]),
        party_id=_uuid(row[columns.party_id]),
        assignee_id=_uuid(row[columns.assignee_id]),
        due_on=_day(row[columns.due_on]),
    )


def optional_text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


@lru_cache(maxsize=10_000)
def _id(value: str) -> UUID:
    """Cached, because the rows of a history share a few ids."""
    return UUID(value)


def _uuid(value: str | None) -> UUID | None:
    return None if value is None else _id(value)


def _day(value: str | None) -> date | None:
    return None if value is None or value == NO_DUE_DAY else date.fromisoformat(value)


def _codes(text: str | None) -> dict[str, tuple[str, ...]]:
    return {name: tuple(codes) for name, codes in json.loads(text).items()} if text else {}
