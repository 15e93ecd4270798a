"""The JSON that the outside sees of cases, parts and history; every name a person reads in Dutch and English."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from service.domain.attention import attention, moves
from service.domain.case import Case, Part, Transition
from service.domain.definition import State, Trigger
from service.domain.messages import MESSAGES
from service.domain.region_settings import RegionSettings
from service.domain.roles import ROLE_LABELS, Role
from service.domain.rulebook import Rulebook
from service.domain.terms import day_in_amsterdam
from service.domain.words import Words
from service.domain.workflow import PossibleTransition
from service.storage.cases import Sight
from service.storage.unit import Unit
from service.storage.work_list import WorkItem

COLLECTIONS = {
    "placement": "placements",
    "commitment": "commitments",
    "funding": "fundings",
    "escalation": "escalations",
    "question": "questions",
    "reconsideration": "reconsiderations",
    "follow_up": "follow-ups",
}


def _utc(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


Utc = Annotated[datetime, PlainSerializer(_utc), WithJsonSchema({"type": "string", "format": "date-time"})]
OptionalDay = Annotated[date | None, WithJsonSchema({"type": ["string", "null"], "format": "date"})]


class View(BaseModel):
    """What is shown."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class InTwoLanguages(View):
    """The same in Dutch and in English."""

    nl: str
    en: str

    @classmethod
    def of(cls, words: Words) -> "InTwoLanguages":
        return cls(nl=words.nl, en=words.en)


class Named(View):
    """A person or an organisation."""

    id: UUID
    name: str


class Labelled(View):
    """A code of the workflow with its label."""

    code: str
    label: InTwoLanguages


class PartyView(View):
    """The one party that must act now (I1): a role at an organisation, and the person if one is named."""

    role: Role
    label: InTwoLanguages
    organisation: Named | None = None
    assignee: Named | None = None


class PartView(View):
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


class CaseView(View):
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
    workflow: str
    settings: str


class OpenedView(View):
    """A part that began with a transition."""

    id: UUID
    kind: str
    line: str | None
    state: str
    href: str


class MadeView(View):
    """A transition that was made; the same for a repeated request."""

    case_id: UUID
    number: str
    transition: TransitionView
    version: int = Field(description="Of the part, as in the ETag.")
    opened: list[OpenedView]


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


class WorkItemView(View):
    """A part on a work list, with what is needed of its case."""

    case_id: UUID
    number: str
    region: str
    case_state: Labelled | None = Field(description="Told to whoever may read the whole case.")
    waiting_since: Utc
    part: PartView


@dataclass(frozen=True, slots=True)
class Drawing:
    """What turning things into views needs: the rules for labels, names by id, today."""

    rules: Rulebook
    names: Mapping[UUID, str]
    today: date

    @classmethod
    def of(cls, unit: Unit, rules: Rulebook, ids: Iterable[UUID | None]) -> "Drawing":
        return cls(rules, unit.people.names({it for it in ids if it}), day_in_amsterdam(unit.now))

    def named(self, id_: UUID) -> Named:
        return Named(id=id_, name=self.names.get(id_, "?"))

    def part(self, part: Part) -> PartView:
        definition = self.rules.pinned(part.workflow).definition
        state = definition.states[part.state]
        return PartView(
            id=part.id,
            kind=part.kind,
            line=part.line,
            addressee=self.named(part.addressee_id) if part.addressee_id else None,
            state=_labelled(state),
            phase=part.phase,
            party=self._party(part),
            next_action=_labelled(definition.triggers[state.next]) if state.next else None,
            due_on=part.due_on,
            late=bool(part.due_on and part.due_on < self.today),
            version=part.sequence,
        )

    def _party(self, part: Part) -> PartyView | None:
        if part.party is None:
            return None
        return PartyView(
            role=part.party,
            label=InTwoLanguages.of(ROLE_LABELS[part.party]),
            organisation=self.named(part.party_id) if part.party_id else None,
            assignee=self.named(part.assignee_id) if part.assignee_id else None,
        )

    def case(
        self, sight: Sight, parts: Iterable[Part], history: Sequence[Transition], settings: RegionSettings
    ) -> CaseView:
        case: Case = sight.case
        waiting = (self.today - day_in_amsterdam(case.submitted_at)).days
        return CaseView(
            id=case.id,
            number=case.number,
            region=case.region,
            team=self.named(case.team_id),
            submitter=self.named(case.submitter_id),
            submitted_at=case.submitted_at,
            waiting_days=waiting if sight.part.is_open else None,
            main=self.part(sight.part),
            parts=[self.part(part) for part in parts],
            attention=[
                AttentionView(code=it.reason, label=InTwoLanguages.of(MESSAGES["attention"][it.reason]), since=it.since)
                for it in attention(history, settings, self.today)
            ],
            moves=moves(history),
            sequence=case.sequence,
            digest=case.digest,
        )

    def transition(self, entry: Transition, *, whole: bool) -> TransitionView:
        trigger = self.rules.trigger(entry.workflow, entry.trigger)
        return TransitionView(
            sequence=entry.sequence if whole else None,
            part_id=entry.part_id,
            part_kind=entry.part_kind,
            part_sequence=entry.part_sequence,
            line=entry.line,
            trigger=entry.trigger,
            label=InTwoLanguages.of(trigger.label),
            source=entry.source,
            target=entry.target,
            occurred_at=entry.occurred_at,
            recorded_at=entry.recorded_at,
            by=By(person=self.named(entry.actor_id), role=entry.role, organisation=self.named(entry.organisation_id)),
            party=entry.party,
            due_on=entry.due_on,
            form=entry.form,
            codes={name: list(codes) for name, codes in sorted(entry.codes.items())},
            cause=entry.cause if whole else None,
            workflow=entry.workflow,
            settings=entry.settings,
        )

    def work_item(self, item: WorkItem) -> WorkItemView:
        case_state = self._state_of_case(item)
        return WorkItemView(
            case_id=item.part.case_id,
            number=item.number,
            region=item.region,
            case_state=case_state,
            waiting_since=item.submitted_at,
            part=self.part(item.part),
        )

    def _state_of_case(self, item: WorkItem) -> Labelled | None:
        if item.case_state is None:
            return None
        return _labelled(self.rules.pinned(item.case_workflow).definition.states[item.case_state])


def ids_of_part(part: Part) -> tuple[UUID | None, ...]:
    return (part.addressee_id, part.party_id, part.assignee_id)


def ids_of_entry(entry: Transition) -> tuple[UUID | None, ...]:
    return (entry.actor_id, entry.organisation_id)


def possible_view(it: PossibleTransition) -> PossibleView:
    return PossibleView(
        trigger=it.trigger.name,
        label=InTwoLanguages.of(it.trigger.label),
        target=it.target,
        possible=it.possible,
        allowed_for_you=it.allowed_for_you,
        roles=list(it.trigger.roles),
        form=it.trigger.form,
        grounds_required=it.trigger.grounds == "required",
        unmet_guards=[GuardView(code=one.code, nl=one.words.nl, en=one.words.en) for one in it.unmet],
    )


def _labelled(it: State | Trigger) -> Labelled:
    return _label(it.name, it.label)


@lru_cache(maxsize=1000)
def _label(code: str, label: Words) -> Labelled:
    """A list shows the same few labels on every line."""
    return Labelled(code=code, label=InTwoLanguages.of(label))


def json_of(view: View) -> bytes:
    return view.model_dump_json(by_alias=True).encode()
