"""Cases and their history: found by who may see them, changed through one door, `record`."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, insert, select

from service.domain.actor import Actor
from service.domain.canonical import canonical
from service.domain.case import Case, Content, Part, Transition
from service.domain.chain import BEGINNING, entry_digest, facts_digest, microseconds
from service.domain.roles import Role
from service.storage.codes import read_codes
from service.storage.contents import Contents
from service.storage.tables import NO_DAY, cases, outbox, parts, transitions
from service.storage.visibility import main, visible, whole


@dataclass(frozen=True, slots=True)
class Sight:
    """A part as one person may see it: `whole` tells whether they may read the case around it."""

    case: Case
    part: Part
    whole: bool


class Cases:
    """The only door through which a case is opened or changed."""

    def __init__(self, connection: Connection, contents: Contents) -> None:
        self._connection = connection
        self._contents = contents

    def find(self, case_id: UUID, part_id: UUID, *, seen_by: Actor, lock: bool = False) -> Sight | None:
        """The part, when this person may see it. `lock` holds the case until the transaction ends."""
        if lock:
            # The lock comes first and alone: what is read after it is what the step is decided on.
            self._connection.execute(select(cases.c.id).where(cases.c.id == str(case_id)).with_for_update())
        row = self._connection.execute(
            select(cases, parts, whole(seen_by).label("whole"))
            .select_from(parts.join(cases, cases.c.id == parts.c.case_id).join(main, main.c.id == parts.c.case_id))
            .where(parts.c.case_id == str(case_id), parts.c.id == str(part_id), visible(seen_by))
        ).first()
        return row and Sight(_to_case(row._mapping), to_part(row._mapping), bool(row.whole))  # noqa: SLF001 - its API

    def parts(self, case_id: UUID, *, seen_by: Actor) -> tuple[Part, ...]:
        """The parts beside the main one, in the order in which they began in life."""
        rows = self._connection.execute(
            select(parts)
            .select_from(parts.join(main, main.c.id == parts.c.case_id))
            .where(and_(parts.c.case_id == str(case_id), parts.c.kind != "case", visible(seen_by)))
            .order_by(parts.c.kind, parts.c.line, parts.c.id)
        )
        return tuple(to_part(row._mapping) for row in rows)  # noqa: SLF001 - its API

    def history(self, case_id: UUID) -> tuple[Transition, ...]:
        """Every entry in order of sequence. For whoever may see the whole case, and for guards."""
        rows = self._connection.execute(
            select(transitions).where(transitions.c.case_id == str(case_id)).order_by(transitions.c.sequence)
        )
        return tuple(to_transition(row) for row in rows)

    def entry(self, case_id: UUID, sequence: int) -> Transition | None:
        row = self._connection.execute(
            select(transitions).where(transitions.c.case_id == str(case_id), transitions.c.sequence == sequence)
        ).first()
        return row and to_transition(row)

    def number_is_free(self, number: str) -> bool:
        return self._connection.execute(select(cases.c.id).where(cases.c.number == number)).first() is None

    def open(self, case: Case) -> None:
        """Make room for a case. It becomes one with its first transition, in the same transaction."""
        self._connection.execute(
            insert(cases),
            {
                "id": str(case.id),
                "number": case.number,
                "region": case.region,
                "team_id": str(case.team_id),
                "submitter_id": str(case.submitter_id),
                "submitted_at": microseconds(case.submitted_at),
                "sequence": 0,
                "digest": BEGINNING,
                "recorded_at": microseconds(case.recorded_at),
            },
        )

    def record(self, case: Case, moved: Sequence[Transition], content: Content | None) -> None:
        """Append to the history: the database moves the heads, and the news goes to the outbox with it.

        `content` belongs to the first entry. Raises IntegrityError when the history has moved on meanwhile.
        """
        if begun := [self._to_new_part(case, entry) for entry in moved if entry.part_sequence == 1]:
            self._connection.execute(insert(parts), begun)
        previous = case.digest if case.sequence else None
        for entry in moved:
            sealed = self._contents.seal(entry, content) if content else None
            row = _to_row(entry, previous, sealed.digest if sealed else None)
            self._connection.execute(insert(transitions), row)
            if sealed:
                self._contents.store(sealed)
            content, previous = None, row["digest"]
        self._connection.execute(
            insert(outbox),
            [{"case_id": str(e.case_id), "sequence": e.sequence, "type": f"{e.part_kind}.{e.trigger}"} for e in moved],
        )

    def _to_new_part(self, case: Case, entry: Transition) -> dict[str, Any]:
        return {
            "id": str(entry.part_id),
            "case_id": str(case.id),
            "kind": entry.part_kind,
            "team_id": str(case.team_id),
            "submitter_id": str(case.submitter_id),
            "line": entry.line,
            "addressee_id": _text(entry.addressee_id),
            "workflow": entry.workflow,
        }


def _to_row(entry: Transition, previous: str | None, content: str | None) -> dict[str, Any]:
    salt = os.urandom(16)
    facts = facts_digest(salt, entry)
    return {
        "case_id": str(entry.case_id),
        "sequence": entry.sequence,
        "prev_sequence": entry.sequence - 1 or None,
        "part_id": str(entry.part_id),
        "part_kind": entry.part_kind,
        "part_sequence": entry.part_sequence,
        "prev_part_sequence": entry.part_sequence - 1 or None,
        "prev_digest": previous,
        "digest": entry_digest(previous or BEGINNING, entry.sequence, facts, content),
        "facts_digest": facts,
        "content_digest": content,
        "facts_salt": salt,
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
        "party_id": _text(entry.party_id),
        "assignee_id": _text(entry.assignee_id),
        "due_on": entry.due_on and entry.due_on.isoformat(),
        "line": entry.line,
        "addressee_id": _text(entry.addressee_id),
        "cause": entry.cause,
        "form": entry.form,
        "codes": canonical({name: list(codes) for name, codes in entry.codes.items()}) if entry.codes else None,
        "age_band": entry.age_band,
    }


def to_transition(row: Row[Any]) -> Transition:
    """A history row as the entry it holds. A destroyed row has no facts and is not an entry: see `verify`."""
    return Transition(
        case_id=UUID(row.case_id),
        sequence=row.sequence,
        part_id=UUID(row.part_id),
        part_kind=row.part_kind,
        part_sequence=row.part_sequence,
        workflow=row.workflow,
        settings=row.settings,
        trigger=row.trigger_name,
        source=row.source,
        target=row.target,
        phase=row.phase,
        region=row.region,
        occurred_at=moment(row.occurred_at),
        recorded_at=moment(row.recorded_at),
        actor_id=UUID(row.actor_id),
        role=Role(row.role),
        organisation_id=UUID(row.organisation_id),
        party=row.party and Role(row.party),
        party_id=_uuid(row.party_id),
        assignee_id=_uuid(row.assignee_id),
        due_on=_day(row.due_on),
        line=row.line,
        addressee_id=_uuid(row.addressee_id),
        cause=row.cause,
        form=row.form,
        codes=read_codes(row.codes),
        age_band=row.age_band,
    )


def _to_case(row: Mapping[Any, Any]) -> Case:
    c = cases.c
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
    c = parts.c
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


def moment(microseconds_since_1970: int) -> datetime:
    seconds, rest = divmod(microseconds_since_1970, 1_000_000)
    return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=rest)


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _uuid(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)


def _day(value: str | None) -> date | None:
    return None if value is None or value == NO_DAY else date.fromisoformat(value)
