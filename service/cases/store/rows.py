"""Between rows and the nouns of the domain: explicit, both ways."""

import json
import os
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from service.cases.rules.history_chain import BEGINNING, entry_digest, facts_digest
from service.cases.rules.model import Case, Part, Transition
from service.cases.store.tables import cases, parts
from service.database.columns import NO_DAY
from service.vocabulary.calendar import microseconds, moment
from service.vocabulary.canonical_json import canonical
from service.vocabulary.roles import Role

# Asked of the table, each column is looked up anew: that takes half of the time of reading a row.
_CASE, _PART = (SimpleNamespace(**dict(it.c.items())) for it in (cases, parts))


def to_row(entry: Transition, previous: str | None, content: str | None) -> dict[str, Any]:
    salt = os.urandom(16)
    facts = facts_digest(salt, entry)
    return {
        **facts_to_row(entry),
        "prev_digest": previous,
        "digest": entry_digest(previous or BEGINNING, entry.sequence, facts, content),
        "facts_digest": facts,
        "content_digest": content,
        "facts_salt": salt,
    }


def facts_to_row(entry: Transition) -> dict[str, Any]:
    """All but the chain. What is stored says the same in no other letters: `verify` holds every row to them."""
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
        "occurred_at": microseconds(entry.occurred_at),
        "recorded_at": microseconds(entry.recorded_at),
        "actor_id": str(entry.actor_id),
        "role": str(entry.role),
        "organisation_id": str(entry.organisation_id),
        "party": entry.party and str(entry.party),
        "party_id": text_of(entry.party_id),
        "assignee_id": text_of(entry.assignee_id),
        "due_on": entry.due_on and entry.due_on.isoformat(),
        "line": entry.line,
        "addressee_id": text_of(entry.addressee_id),
        "cause": entry.cause,
        "form": entry.form,
        "codes": canonical({name: list(codes) for name, codes in entry.codes.items()}) if entry.codes else None,
        "age_band": entry.age_band,
    }


def to_transition(row: Row[Any]) -> Transition:
    """A history row as the entry it holds. A destroyed row has no facts and is not an entry: see `verify`."""
    at = row._mapping  # noqa: SLF001 - its API; a name asked of the row itself takes twenty times as long
    return Transition(
        case_id=_id(at["case_id"]),
        sequence=at["sequence"],
        part_id=_id(at["part_id"]),
        part_kind=at["part_kind"],
        part_sequence=at["part_sequence"],
        workflow=at["workflow"],
        settings=at["settings"],
        trigger=at["trigger_name"],
        source=at["source"],
        target=at["target"],
        phase=at["phase"],
        region=at["region"],
        occurred_at=moment(at["occurred_at"]),
        recorded_at=moment(at["recorded_at"]),
        actor_id=_id(at["actor_id"]),
        role=Role(at["role"]),
        organisation_id=_id(at["organisation_id"]),
        party=at["party"] and Role(at["party"]),
        party_id=_uuid(at["party_id"]),
        assignee_id=_uuid(at["assignee_id"]),
        due_on=_day(at["due_on"]),
        line=at["line"],
        addressee_id=_uuid(at["addressee_id"]),
        cause=at["cause"],
        form=at["form"],
        codes=_codes(at["codes"]),
        age_band=at["age_band"],
    )


def to_case(row: Mapping[Any, Any]) -> Case:
    c = _CASE
    return Case(
        id=UUID(row[c.id]),
        number=row[c.number],
        region=row[c.region],
        team_id=UUID(row[c.team_id]),
        submitter_id=UUID(row[c.submitter_id]),
        submitted_at=moment(row[c.submitted_at]),
        sequence=row[c.sequence],
        digest=row[c.digest],
        recorded_at=moment(row[c.recorded_at]),
    )


def to_part(row: Mapping[Any, Any]) -> Part:
    c = _PART
    return Part(
        id=UUID(row[c.id]),
        case_id=UUID(row[c.case_id]),
        kind=row[c.kind],
        workflow=row[c.workflow],
        state=row[c.state],
        phase=row[c.phase],
        sequence=row[c.sequence],
        occurred_at=moment(row[c.occurred_at]),
        line=row[c.line],
        addressee_id=_uuid(row[c.addressee_id]),
        party=row[c.party] and Role(row[c.party]),
        party_id=_uuid(row[c.party_id]),
        assignee_id=_uuid(row[c.assignee_id]),
        due_on=_day(row[c.due_on]),
    )


def text_of(value: UUID | None) -> str | None:
    return None if value is None else str(value)


@lru_cache(maxsize=10_000)
def _id(value: str) -> UUID:
    """Every row of a history names the same few ids."""
    return UUID(value)


def _uuid(value: str | None) -> UUID | None:
    return None if value is None else _id(value)


def _day(value: str | None) -> date | None:
    return None if value is None or value == NO_DAY else date.fromisoformat(value)


def _codes(text: str | None) -> dict[str, tuple[str, ...]]:
    return {name: tuple(codes) for name, codes in json.loads(text).items()} if text else {}
