"""Forms of a reconsideration: a review of the advice by another chair or with an outside expert (R61)."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar
from uuid import UUID

from typing_extensions import override

from service.advice.rules.forms import FREE_TO_JUDGE
from service.cases.rules.forms.base import Form, FormContext, PartOpening, rule
from service.vocabulary.coded_answers import PersonRole, ReconsiderationGround, RelationToCase
from service.vocabulary.fields import Contact, Day, Nullable, PlannedDay, check_not_in_future, enclosed_codes
from service.vocabulary.form_parts import Codes, ContentClass, Fault
from service.vocabulary.language import FreeText


class _ReconsiderationForm(Form):
    content_class: ClassVar[ContentClass] = "review"


class ReconsiderationRequest(_ReconsiderationForm):
    form_name: ClassVar[str] = "reconsideration_request@1"

    ground: ReconsiderationGround
    what_changed: FreeText
    wished: Nullable[FreeText] = None
    asked_by: PersonRole | None = None

    @override
    def openings(self, kind: str, context: FormContext) -> tuple[PartOpening, ...]:
        return (PartOpening(addressee_role="asker"),) if kind == "reconsideration" else ()


class OutsideExpert(Contact):
    """An expert from outside the team, with their relation to the case: they may not be party to it (I15)."""

    relation_to_case: RelationToCase


class ReconsiderationStart(_ReconsiderationForm):
    """The start of a reconsideration by another chair of the team, or by the same chair with an outside expert."""

    form_name: ClassVar[str] = "reconsideration_start@1"
    assignee_field: ClassVar[str] = "chairId"

    chair_id: Nullable[UUID] = None
    outside_expert: OutsideExpert | None = None
    planned_on: Nullable[PlannedDay] = None

    @override
    def codes(self) -> Codes:
        return super().codes() | enclosed_codes(
            outside_expert=self.outside_expert.name if self.outside_expert else None
        )

    @override
    def next_assignee(self, current: UUID | None) -> UUID | None:
        return self.chair_id or current

    @override
    def next_due_day(self) -> date | None:
        return self.planned_on

    @rule
    def _reviewer_is_new(self, context: FormContext) -> Iterator[Fault]:
        reconsideration = context.part_id and context.facts.reconsiderations.get(context.part_id)
        another_chair = self.chair_id is not None and (
            not reconsideration or reconsideration.advice_issuer_id != self.chair_id
        )
        if not another_chair and self.outside_expert is None:
            yield Fault("nobody_looks_afresh", ("chairId",))

    @rule
    def _expert_is_free_to_judge(self, _context: FormContext) -> Iterator[Fault]:
        if self.outside_expert and self.outside_expert.relation_to_case.code not in FREE_TO_JUDGE:
            yield Fault("expert_is_party", ("outsideExpert", "relationToCase"))


class ReconsiderationOutcome(_ReconsiderationForm):
    form_name: ClassVar[str] = "reconsideration_outcome@1"

    concluded_on: Day
    what_was_weighed: FreeText
    because: FreeText
    told_to_family: FreeText

    @rule
    def _was_concluded(self, context: FormContext) -> Iterator[Fault]:
        return check_not_in_future(self.concluded_on, context.day, "concludedOn")
