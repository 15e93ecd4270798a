"""The nouns: a case, its parts, the step somebody asks for, and the transition it becomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from service.vocabulary.roles import Role
from service.workflows.rules.kinds import START, PartKind, Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The head of a case. `id` is also the id of its main part; `sequence` and `digest` are those of the last entry."""

    id: UUID
    number: str
    region: str
    team_id: UUID
    submitter_id: UUID
    submitted_at: datetime
    sequence: int
    digest: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What has a state of its own: the case as a whole, or one of the things that live a life beside it.

    `line` is the key of the advice line that the part answers; `addressee_id` the organisation it is put to, or that
    asked for it.
    `due_on` is a day in Amsterdam; an ended part has neither party nor day.
    """

    id: UUID
    case_id: UUID
    kind: PartKind
    workflow: str
    state: str
    phase: Phase
    sequence: int
    occurred_at: datetime
    line: str | None = None
    addressee_id: UUID | None = None
    party: Role | None = None
    party_id: UUID | None = None
    assignee_id: UUID | None = None
    due_on: date | None = None

    @property
    def is_open(self) -> bool:
        return self.phase != "ended"


def part_to_begin(
    id_: UUID,
    case_id: UUID,
    kind: PartKind,
    workflow: str,
    occurred_at: datetime,
    *,
    line: str | None = None,
    addressee_id: UUID | None = None,
) -> Part:
    """A part before its first step: nothing of it is recorded yet. `workflow` is the hash of its definition."""
    return Part(
        id=id_,
        case_id=case_id,
        kind=kind,
        workflow=workflow,
        state=START,
        phase="referral",
        sequence=0,
        occurred_at=occurred_at,
        line=line,
        addressee_id=addressee_id,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A step that happened: one entry of the history, the facts without the content.

    `sequence` counts in the case, `part_sequence` in the part, both from 1 without gaps. `cause` is the sequence of
    the entry that began this part. Times are aware, UTC.
    """

    case_id: UUID
    sequence: int
    part_id: UUID
    part_kind: PartKind
    part_sequence: int
    workflow: str
    settings: str
    trigger: str
    source: str
    target: str
    phase: Phase
    region: str
    occurred_at: datetime
    recorded_at: datetime
    actor_id: UUID
    role: Role
    organisation_id: UUID
    party: Role | None = None
    party_id: UUID | None = None
    assignee_id: UUID | None = None
    due_on: date | None = None
    line: str | None = None
    addressee_id: UUID | None = None
    cause: int | None = None
    form: str | None = None
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    age_band: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a transition says in words: the form as JSON values and the grounds. Stored encrypted, apart."""

    content_class: str
    form: str | None
    body: Mapping[str, Any]
