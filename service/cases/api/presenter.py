"""Conversion of cases, parts and entries to views, with labels in Dutch and English and names of people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from service.cases.api.views import (
    AttentionView,
    By,
    CaseView,
    EntryPlaceView,
    EntryView,
    GuardView,
    PartView,
    PartyView,
    PossibleView,
    WhyNotView,
)
from service.cases.rules.amendments import EntryPlace, amended_place, place_of
from service.cases.rules.attention import attention_reasons, count_moves
from service.cases.rules.model import Case, Part, Transition
from service.cases.store.cases import VisiblePart
from service.database.transaction import Transaction
from service.http.json_models import InTwoLanguages, Labelled, Named
from service.people.store.people import People
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.language import BilingualText
from service.vocabulary.messages import MESSAGES
from service.vocabulary.references import insert_step_labels
from service.vocabulary.roles import ROLE_LABELS
from service.workflows.rules.definition import State, Trigger
from service.workflows.rules.machine import PossibleTransition
from service.workflows.rules.region_settings import RegionSettings
from service.workflows.rules.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Presenter:
    """Converts cases, parts and entries to views.

    `names` are those of people and organisations, by id. Lateness and waiting days are computed for `today`, a day in
    Amsterdam.
    """

    rules: Rulebook
    names: Mapping[UUID, str]
    today: date

    @classmethod
    def of(
        cls, transaction: Transaction, rules: Rulebook, ids: Iterable[UUID | None], *, at: datetime | None = None
    ) -> "Presenter":
        """A presenter with the present names of these ids. `at`: the moment of a past view, in UTC; default now."""
        names = People(transaction).names({id_ for id_ in ids if id_})
        return cls(rules, names, day_in_amsterdam(at or transaction.now))

    def named_view(self, id_: UUID) -> Named:
        return Named(id=id_, name=self.names.get(id_, "?"))

    def part_view(self, part: Part) -> PartView:
        definition = self.rules.pinned(part.workflow).definition
        state = definition.states[part.state]
        return PartView(
            id=part.id,
            kind=part.kind,
            line=part.line,
            addressee=self.named_view(part.addressee_id) if part.addressee_id else None,
            state=labelled_view(state),
            phase=part.phase,
            party=self._party(part),
            next_action=labelled_view(definition.triggers[state.next]) if state.next else None,
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
            organisation=self.named_view(part.party_id) if part.party_id else None,
            assignee=self.named_view(part.assignee_id) if part.assignee_id else None,
        )

    def case_view(
        self, sight: VisiblePart, parts: Iterable[Part], history: Sequence[Transition], settings: RegionSettings
    ) -> CaseView:
        case: Case = sight.case
        waiting = (self.today - day_in_amsterdam(case.submitted_at)).days
        return CaseView(
            id=case.id,
            number=case.number,
            region=case.region,
            team=self.named_view(case.team_id),
            submitter=self.named_view(case.submitter_id),
            submitted_at=case.submitted_at,
            waiting_days=waiting if sight.part.is_open else None,
            main=self.part_view(sight.part),
            parts=[self.part_view(part) for part in parts],
            attention=[
                AttentionView(
                    code=item.reason, label=self._sentence(MESSAGES["attention"][item.reason]), since=item.since
                )
                for item in attention_reasons(history, settings, self.today)
            ],
            moves=count_moves(history),
            sequence=case.sequence,
            digest=case.digest,
        )

    def _sentence(self, words: BilingualText) -> InTwoLanguages:
        return InTwoLanguages.of(insert_step_labels(words, self.rules.step_label))

    def entry_view(self, entry: Transition, *, whole: bool, amendments: Iterable[Transition] = ()) -> EntryView:
        amended, amendments = amended_place(entry), tuple(amendments)
        own, elsewhere = (
            [amendment for amendment in amendments if (amendment.part_id == entry.part_id) is here]
            for here in (True, False)
        )
        trigger = self.rules.trigger(entry.workflow, entry.trigger)
        return EntryView(
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
            by=By(
                person=self.named_view(entry.actor_id),
                role=entry.role,
                organisation=self.named_view(entry.organisation_id),
            ),
            party=entry.party,
            due_on=entry.due_on,
            form=entry.form,
            codes={name: list(codes) for name, codes in sorted(entry.codes.items())},
            cause=entry.cause if whole else None,
            corrects=amended[1] if amended and amended[0] == entry.part_id else None,
            corrects_in_file=_place_view(amended) if amended and amended[0] != entry.part_id else None,
            corrected_by=[amendment.part_sequence for amendment in own],
            corrected_on_request=[_place_view(place_of(amendment)) for amendment in elsewhere if whole],
            workflow=entry.workflow,
            settings=entry.settings,
        )


def _place_view(place: EntryPlace) -> EntryPlaceView:
    part_id, part_sequence = place
    return EntryPlaceView(part_id=part_id, part_sequence=part_sequence)


def ids_of_case(sight: VisiblePart, parts: Iterable[Part]) -> tuple[UUID | None, ...]:
    all_parts = (sight.part, *parts)
    return (sight.case.team_id, sight.case.submitter_id, *(id_ for part in all_parts for id_ in ids_of_part(part)))


def ids_of_part(part: Part) -> tuple[UUID | None, ...]:
    return (part.addressee_id, part.party_id, part.assignee_id)


def ids_of_entry(entry: Transition) -> tuple[UUID | None, ...]:
    return (entry.actor_id, entry.organisation_id)


def possible_transition_view(transition: PossibleTransition, rules: Rulebook) -> PossibleView:
    unmet = ((guard.code, insert_step_labels(guard.words, rules.step_label)) for guard in transition.unmet)
    return PossibleView(
        trigger=transition.trigger.name,
        label=InTwoLanguages.of(transition.trigger.label),
        target=transition.target,
        possible=transition.possible,
        allowed_for_you=transition.allowed_for_you,
        roles=list(transition.trigger.roles),
        form=transition.trigger.form,
        grounds_required=transition.trigger.grounds == "required",
        unmet_guards=[GuardView(code=code, nl=words.nl, en=words.en) for code, words in unmet],
        why_not=_why_not_view(transition.why_not, rules) if transition.why_not else None,
    )


def _why_not_view(code: str, rules: Rulebook) -> WhyNotView:
    words = insert_step_labels(MESSAGES["standing"][code], rules.step_label)
    return WhyNotView(code=code, nl=words.nl, en=words.en)


def labelled_view(element: State | Trigger) -> Labelled:
    return _label(element.name, element.label)


@lru_cache(maxsize=1000)
def _label(code: str, label: BilingualText) -> Labelled:
    """Cached: a list repeats the same few labels on every line."""
    return Labelled.of(code, label)
