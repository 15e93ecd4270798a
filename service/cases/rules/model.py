"""The model: a case, its parts, the transitions of its history and their content."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from service.vocabulary.roles import Role
from service.workflows.rules.kinds import START, PartKind, Phase

# The content class of a content that was destroyed, in the place of its own.
DESTROYED_CLASS = "destroyed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The head of a case. `id` is also the id of its main part.

    `sequence`, `digest` and `recorded_at` are those of the last entry. Times are aware, UTC.
    """

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
    """The head of a part: the main part, which is the case as a whole, or another part with a state of its own.

    `line` is the key of the advice line that the part answers. `addressee_id` is the organisation that must answer the
    part, or that requested it. `party`, `party_id` and `assignee_id` are the role, organisation and person that must
    act now. `due_on` is a day in Amsterdam. An ended part has neither party nor day.
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


@dataclass(frozen=True, slots=True)
class PartAddress:
    """The place of a part in the API: its case, its id, and the kind that the path names."""

    case_id: UUID
    part_id: UUID
    kind: PartKind


def new_part(
    part_id: UUID,
    case_id: UUID,
    kind: PartKind,
    workflow: str,
    occurred_at: datetime,
    *,
    line: str | None = None,
    addressee_id: UUID | None = None,
) -> Part:
    """Returns a part before its first step, which is not recorded yet. `workflow` is the hash of its definition."""
    return Part(
        id=part_id,
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
    """One entry of the history: the facts of a step, without its content.

    `sequence` counts in the case, `part_sequence` in the part, both from 1 without gaps. `cause` is the sequence of
    the entry that began this part. `workflow` and `settings` are hashes. Times are aware, UTC.
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
    """The content of a transition: the form as JSON values, and the grounds. Stored encrypted, apart from the facts.

    Destroyed content has an empty body and no form.
    """

    content_class: str
    form: str | None
    body: Mapping[str, Any]

    @property
    def is_destroyed(self) -> bool:
        return self.content_class == DESTROYED_CLASS


DESTROYED_CONTENT = Content(content_class=DESTROYED_CLASS, form=None, body={})
