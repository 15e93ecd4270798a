"""Forms of the provider's commitment to a line and of its funding (T11-T13)."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar

from typing_extensions import override

from service.cases.rules.forms.base import Form, FormContext, rule
from service.vocabulary.coded_answers import (
    EndReason,
    EndReasonAllocation,
    HelpEndReason,
    Law,
    PaymentObstacleReason,
    PersonRole,
    RefusalReason,
    ReplacementReason,
    StagnationReason,
)
from service.vocabulary.fields import (
    AtLeastOne,
    Contact,
    Day,
    LineKey,
    Nullable,
    PlannedDay,
    TakenOver,
    YesNo,
    check_not_in_future,
)
from service.vocabulary.form_parts import Codes, ContentClass, Fault
from service.vocabulary.language import FreeText, ShortText

MAY_CONFIRM_HELP = frozenset(
    {"child", "parent", "guardian", "parent_without_authority", "foster_parent", "case_director"}
)


class HelpForm(Form):
    content_class: ClassVar[ContentClass] = "help"


class Acceptance(HelpForm):
    form_name: ClassVar[str] = "acceptance@1"

    person: Contact
    starts_on: PlannedDay
    how: FreeText

    @override
    def next_due_day(self) -> date:
        return self.starts_on


class Refusal(HelpForm):
    """A provider's refusal of a line: the reason, and always what would make the help possible (T11)."""

    form_name: ClassVar[str] = "refusal@1"

    reason: RefusalReason
    possible_if: FreeText


class NewRequest(HelpForm):
    form_name: ClassVar[str] = "new_request@1"

    what_changed: FreeText
    question: Nullable[FreeText] = None


class Replacement(HelpForm):
    """The replacement of a commitment. `by_line`: the line of a newer version of the advice that replaces this one."""

    form_name: ClassVar[str] = "replacement@1"

    reason: ReplacementReason
    replaced_by: FreeText
    by_line: Nullable[LineKey] = None

    @override
    def codes(self) -> Codes:
        return super().codes() | ({"by_line": (self.by_line,)} if self.by_line else {})


class HelpStart(HelpForm):
    form_name: ClassVar[str] = "help_start@1"

    started_on: Day
    bridging: YesNo = False
    explanation: Nullable[FreeText] = None

    @rule
    def _was_started(self, context: FormContext) -> Iterator[Fault]:
        return check_not_in_future(self.started_on, context.day, "startedOn")


class Progress(HelpForm):
    form_name: ClassVar[str] = "progress@1"

    how_it_goes: FreeText
    does_it_help: YesNo | None = None
    next_report_on: Nullable[PlannedDay] = None

    @override
    def next_due_day(self) -> date | None:
        return self.next_report_on


class HelpEnd(HelpForm):
    """The end of the help. Stopping help that does not work is a reason of its own, and a good one (R63)."""

    form_name: ClassVar[str] = "help_end@1"

    ended_on: Day
    reason: HelpEndReason
    end_reason: EndReason | None = None
    end_reason_allocation: EndReasonAllocation | None = None
    what_comes_next: Nullable[FreeText] = None

    @rule
    def _was_ended(self, context: FormContext) -> Iterator[Fault]:
        return check_not_in_future(self.ended_on, context.day, "endedOn")


class HelpReport(HelpForm):
    """The report that help has started, confirmed by the family or by the case director (T13)."""

    form_name: ClassVar[str] = "help_report@1"

    line: LineKey
    started_on: Day
    confirmed_by: PersonRole

    @override
    def codes(self) -> Codes:
        return super().codes() | {"line": (self.line,)}

    @rule
    def _was_started(self, context: FormContext) -> Iterator[Fault]:
        return check_not_in_future(self.started_on, context.day, "startedOn")

    @rule
    def _line_is_known(self, context: FormContext) -> Iterator[Fault]:
        if self.line not in context.facts.advice_lines:
            yield Fault("unknown_line", ("line",), {"line": self.line})

    @rule
    def _family_confirms(self, _context: FormContext) -> Iterator[Fault]:
        if self.confirmed_by.code not in MAY_CONFIRM_HELP:
            yield Fault("help_not_confirmed_by_family", ("confirmedBy",))


class Setback(HelpForm):
    form_name: ClassVar[str] = "setback@1"

    stagnation_reasons: AtLeastOne[StagnationReason]
    what_happened: FreeText
    what_is_needed: FreeText


class FundingConfirmation(HelpForm):
    form_name: ClassVar[str] = "funding_confirmation@1"

    law: Law
    term: ShortText
    from_on: Nullable[Day] = None
    until_on: Nullable[Day] = None


class HandoverOfFunding(HelpForm):
    """The handover of the funding to another payer. The old one stays responsible until then."""

    form_name: ClassVar[str] = "funding_handover@1"

    taken_over_by: TakenOver
    from_on: Day

    @rule
    def _was_accepted(self, context: FormContext) -> Iterator[Fault]:
        return check_not_in_future(self.taken_over_by.accepted_on, context.day, "takenOverBy", "acceptedOn")


class PaymentObstacle(HelpForm):
    """An obstacle to payment. It is recorded and shown, and has no effect on the help (I2, R65)."""

    form_name: ClassVar[str] = "payment_obstacle@1"

    obstacle: PaymentObstacleReason
    other_party: Nullable[ShortText] = None
    explanation: Nullable[FreeText] = None
