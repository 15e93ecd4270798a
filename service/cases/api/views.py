"""The JSON that the outside sees of cases, parts and history; every name a person reads in Dutch and English."""

from datetime import date
from uuid import UUID

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from service.cases.api.point_in_time import Dated
from service.http.json_models import InTwoLanguages, Labelled, Named, OptionalDay, Utc, View
from service.vocabulary.roles import Role


def _is_none(value: object) -> bool:
    return value is None


class PartyView(View):
    """The one party that must act now (I1): a role at an organisation, and the person if one is named."""

    role: Role
    label: InTwoLanguages
    organisation: Named | None = None
    assignee: Named | None = None


class PartView(Dated):
    """A part as it stands. `version` is what If-Match wants; `late` asks for attention and decides nothing (I28)."""

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
    """Something that asks for attention, and the day since when. It decides nothing (I28)."""

    code: str
    label: InTwoLanguages
    since: date


class CaseView(Dated):
    """A case for whoever may read all of it. `waitingDays` counts from the first submission, without pauses (I8)."""

    id: UUID
    number: str
    region: str
    team: Named
    submitter: Named
    submitted_at: Utc
    waiting_days: int | None = Field(description="Null once the case has ended.")
    main: PartView
    parts: list[PartView]
    attention: list[AttentionView] = Field(description="What of this case asks for attention today.")
    moves: int = Field(description="How often the child moved since the referral, counted from the placements.")
    sequence: int
    digest: str = Field(description="Head of the chain of the history.")


class CaseInPart(View):
    """A case for whoever sees only what is put to their organisation (I23)."""

    id: UUID
    number: str
    parts: list[PartView]


class By(View):
    """Who did it, in which role, for whom."""

    person: Named
    role: Role
    organisation: Named


class TransitionView(View):
    """One entry of the history: facts, no content. `sequence` is told to whoever may read the whole case."""

    sequence: int | None
    part_id: UUID
    part_kind: str
    part_sequence: int
    line: str | None
    trigger: str
    label: InTwoLanguages
    source: str
    target: str
    occurred_at: Utc = Field(description="In life.")
    recorded_at: Utc = Field(description="In the system.")
    by: By
    party: Role | None
    due_on: OptionalDay
    form: str | None
    codes: dict[str, list[str]]
    cause: int | None = Field(description="Sequence of the entry that began this part.")
    corrects: int | None = Field(description="`partSequence` of the entry of this part that it corrects.")
    workflow: str
    settings: str


class EntryView(TransitionView):
    """An entry of the history with what came of it."""

    corrected_by: list[int] = Field(description="`partSequence` of each entry of this part that corrects it.")


class OpenedView(View):
    """A part that began with a transition."""

    id: UUID
    kind: str
    line: str | None
    state: str
    href: str


class MadeView(View):
    """A transition that was made; the same for a repeated request.

    A person who repeats it and may not see the part any more is told `caseId` and `version`: that it was done, and its
    number.
    """

    case_id: UUID
    number: str | SkipJsonSchema[None] = Field(default=None, exclude_if=_is_none)
    transition: TransitionView | SkipJsonSchema[None] = Field(default=None, exclude_if=_is_none)
    version: int = Field(description="Of the part, as in the ETag.")
    opened: list[OpenedView] | SkipJsonSchema[None] = Field(default=None, exclude_if=_is_none)


class GuardView(View):
    """A condition that does not hold yet."""

    code: str
    nl: str
    en: str


class PossibleView(View):
    """A trigger that this state knows. `possible`: fire it with a valid form and no guard refuses it."""

    trigger: str
    label: InTwoLanguages
    target: str
    possible: bool
    allowed_for_you: bool
    roles: list[Role]
    form: str | None
    grounds_required: bool
    unmet_guards: list[GuardView]
