"""JSON views of cases, parts and history. Labels are in Dutch and English."""

from datetime import date
from uuid import UUID

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from service.cases.api.point_in_time import PointInTimeView
from service.http.json_models import InTwoLanguages, Labelled, Named, OptionalDay, UtcDateTime, View
from service.vocabulary.roles import Role


def _is_none(value: object) -> bool:
    return value is None


class PartyView(View):
    """The one party that must act now (I1): a role at an organisation, and the person when one is assigned."""

    role: Role
    label: InTwoLanguages
    organisation: Named | None = None
    assignee: Named | None = None


class PartView(PointInTimeView):
    """A part. Send `version` in If-Match. `late` asks for attention and decides nothing (I28)."""

    id: UUID
    kind: str
    line: str | None = Field(description="Key of the advice line that it answers.")
    addressee: Named | None
    state: Labelled
    phase: str
    party: PartyView | None
    next_action: Labelled | None
    due_on: OptionalDay = Field(description="Day in Europe/Amsterdam.")
    late: bool
    version: int


class AttentionView(View):
    """A reason for attention, and the day since which it exists. It decides nothing (I28)."""

    code: str
    label: InTwoLanguages
    since: date


class CaseView(PointInTimeView):
    """A case, for readers of the whole case. `waitingDays` counts from the first submission, without pauses (I8)."""

    id: UUID
    number: str
    region: str
    team: Named
    submitter: Named
    submitted_at: UtcDateTime
    waiting_days: int | None = Field(description="Null once the case has ended.")
    main: PartView
    parts: list[PartView]
    attention: list[AttentionView] = Field(description="Reasons for attention to this case today.")
    moves: int = Field(description="Number of moves of the child since the referral, counted from the placements.")
    sequence: int
    digest: str = Field(description="Head of the chain of the history.")


class CaseInPart(View):
    """A case, for readers who see only the parts addressed to their organisation (I23)."""

    id: UUID
    number: str
    parts: list[PartView]


class By(View):
    """The person who took the step, with their role and organisation."""

    person: Named
    role: Role
    organisation: Named


class EntryPlaceView(View):
    """The place of an entry: its part, and its number in that part."""

    part_id: UUID
    part_sequence: int


class TransitionView(View):
    """One entry of the history: facts, no content. `sequence` and `cause` are null for readers of only a part."""

    sequence: int | None
    part_id: UUID
    part_kind: str
    part_sequence: int
    line: str | None
    trigger: str
    label: InTwoLanguages
    source: str
    target: str
    occurred_at: UtcDateTime = Field(description="Time at which it happened.")
    recorded_at: UtcDateTime = Field(description="Time at which it was recorded.")
    by: By
    party: Role | None
    due_on: OptionalDay
    form: str | None
    codes: dict[str, list[str]]
    cause: int | None = Field(description="Sequence of the entry that began this part.")
    corrects: int | None = Field(description="`partSequence` of the entry of this part that it corrects.")
    corrects_in_file: EntryPlaceView | None = Field(
        description="The entry of another part that it corrects, on a request about the file."
    )
    workflow: str
    settings: str


class EntryView(TransitionView):
    """An entry of the history, with the later entries that correct it."""

    corrected_by: list[int] = Field(description="`partSequence` of each entry of this part that corrects it.")
    corrected_on_request: list[EntryPlaceView] = Field(
        description="The entries of requests about the file that correct it; empty for a reader of only a part."
    )


class OpenedView(View):
    """A part that a transition opened."""

    id: UUID
    kind: str
    line: str | None
    state: str
    href: str


class MadeView(View):
    """The result of a step; the same for a repeated request.

    A person who repeats the request and no longer sees the part gets `caseId` and `version` only.
    """

    case_id: UUID
    number: str | SkipJsonSchema[None] = Field(default=None, exclude_if=_is_none)
    transition: TransitionView | SkipJsonSchema[None] = Field(default=None, exclude_if=_is_none)
    version: int = Field(description="Version of the part, as in the ETag.")
    opened: list[OpenedView] | SkipJsonSchema[None] = Field(default=None, exclude_if=_is_none)


class GuardView(View):
    """A guard that is not met, with a sentence in Dutch and in English."""

    code: str
    nl: str
    en: str


class WhyNotView(View):
    """Why somebody has no say in a part, with a sentence in Dutch and in English."""

    code: str
    nl: str
    en: str


class PossibleView(View):
    """A trigger of the present state. `possible`: no guard refuses it when it is fired with a valid form.

    `why_not`: why you have no say in this part, although you have one of the roles.
    """

    trigger: str
    label: InTwoLanguages
    target: str
    possible: bool
    allowed_for_you: bool
    roles: list[Role]
    form: str | None
    grounds_required: bool
    unmet_guards: list[GuardView]
    why_not: WhyNotView | None = None
