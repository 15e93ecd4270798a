"""Forms of follow-up: monitoring, checks of the goals, and the closure of a case (T14-T19)."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar

from typing_extensions import override

from service.cases.rules.forms.base import Form, FormContext, PartOpening, rule
from service.cases.rules.forms.referral import LifeDomainState
from service.vocabulary.calendar import last_day_of
from service.vocabulary.code_lists import OTHER
from service.vocabulary.coded_answers import (
    CaseOutcome,
    EndReason,
    EndReasonAllocation,
    GoalStatus,
    LifeDomain,
    LineStatusCode,
    PersonRole,
    Satisfaction,
    WouldDoAgain,
)
from service.vocabulary.fields import (
    AtLeastOne,
    Count,
    Day,
    GoalNumber,
    LineKey,
    Nullable,
    PlannedDay,
    Several,
    YesNo,
    check_not_in_future,
    code_params,
    enclosed_codes,
    repeated_positions,
)
from service.vocabulary.form_parts import Codes, ContentClass, Fault, FormPart
from service.vocabulary.language import FreeText, ShortText

CHECK_MOMENT = "check_moment"
EXTRA = "extra"
_CHANGED_GOALS = frozenset({"adapted", "dropped"})


class _FollowUpForm(Form):
    content_class: ClassVar[ContentClass] = "help"


class LineStatus(FormPart):
    line: LineKey
    status: LineStatusCode
    explanation: Nullable[FreeText] = None


class Monitoring(_FollowUpForm):
    form_name: ClassVar[str] = "monitoring@1"

    lines: AtLeastOne[LineStatus]
    first_check_on: Nullable[PlannedDay] = None

    @override
    def openings(self, kind: str, context: FormContext) -> tuple[PartOpening, ...]:
        """Returns a check for each moment of the region's settings without an open one; the form may set the first."""
        if kind != "follow_up":
            return ()
        open_moments = {part.check_moment for part in context.facts.open_parts("follow_up")}
        by_day = sorted((last_day_of(context.day, term), moment) for moment, term in context.settings.checks.items())
        days = {moment: day for day, moment in by_day if moment not in open_moments}
        if self.first_check_on:
            first = by_day[0][1] if by_day else EXTRA
            days[first if first in days else EXTRA] = self.first_check_on
        return tuple(_check_opening(day, moment) for moment, day in days.items())

    @rule
    def _lines_are_known(self, context: FormContext) -> Iterator[Fault]:
        for at, status in enumerate(self.lines):
            if status.line not in context.facts.advice_lines:
                yield Fault("unknown_line", ("lines", at, "line"), {"line": status.line})

    @rule
    def _lines_are_unique(self, _context: FormContext) -> Iterator[Fault]:
        for at in repeated_positions([status.line for status in self.lines]):
            yield Fault("line_key_repeated", ("lines", at, "line"), {"line": self.lines[at].line})


def _check_opening(on: date, moment: str) -> PartOpening:
    return PartOpening(due_on=on, codes={CHECK_MOMENT: (moment,)})


class CheckPlan(_FollowUpForm):
    """The plan of an additional check, or of another day for a check."""

    form_name: ClassVar[str] = "check_plan@1"

    check_on: PlannedDay
    because: FreeText

    @override
    def next_due_day(self) -> date:
        return self.check_on

    @override
    def openings(self, kind: str, context: FormContext) -> tuple[PartOpening, ...]:
        return (_check_opening(self.check_on, EXTRA),) if kind == "follow_up" else ()


class GoalChecked(FormPart):
    number: GoalNumber
    status: GoalStatus
    reason: Nullable[FreeText] = None


class GoalCheckV1(_FollowUpForm):
    """A check of the goals: child and parents each say how things are, and if the help did harm (R86, R88)."""

    form_name: ClassVar[str] = "goal_check@1"

    held_on: Day
    goals: AtLeastOne[GoalChecked]
    place_stable: YesNo | None = None
    moves: Nullable[Count] = None
    child_says: Nullable[FreeText] = None
    parents_say: Nullable[FreeText] = None
    harm_signalled: YesNo = False
    harm: Nullable[FreeText] = None
    life_domains: Several[LifeDomainState] = ()
    next_action: Nullable[FreeText] = None
    next_check_on: Nullable[PlannedDay] = None
    plan_after_18: Nullable[FreeText] = None

    @override
    def codes(self) -> Codes:
        return super().codes() | enclosed_codes(plan_after_18=self.plan_after_18)

    @override
    def next_due_day(self) -> date | None:
        return self.next_check_on

    @rule
    def _was_held(self, context: FormContext) -> Iterator[Fault]:
        return check_not_in_future(self.held_on, context.day, "heldOn")

    @rule
    def _goal_numbers_are_unique(self, _context: FormContext) -> Iterator[Fault]:
        for at in repeated_positions([goal.number for goal in self.goals]):
            yield Fault("goal_number_repeated", ("goals", at, "number"), {"number": self.goals[at].number})

    @rule
    def _changed_goals_have_a_reason(self, _context: FormContext) -> Iterator[Fault]:
        for at, goal in enumerate(self.goals):
            if goal.status.code in _CHANGED_GOALS and not goal.reason:
                yield Fault("goal_reason_missing", ("goals", at, "reason"))

    @rule
    def _harm_is_described(self, _context: FormContext) -> Iterator[Fault]:
        if self.harm_signalled and not self.harm:
            yield Fault("harm_not_told", ("harm",))


class GoalCheck(GoalCheckV1):
    """A check of each goal of the newest advice; child and parents rate it separately (T15)."""

    form_name: ClassVar[str] = "goal_check@2"

    child_satisfied: Satisfaction
    parents_satisfied: Satisfaction

    @override
    def codes(self) -> Codes:
        codes = {name: chosen for name, chosen in super().codes().items() if name != Satisfaction.code_list.name}
        stable: Codes = {} if self.place_stable is None else {"place_stable": ("yes" if self.place_stable else "no",)}
        answers: Codes = {
            "child_satisfied": (self.child_satisfied.code,),
            "parents_satisfied": (self.parents_satisfied.code,),
        }
        harm = self.harm if self.harm_signalled else None
        return codes | answers | stable | enclosed_codes(plan_after_18=self.plan_after_18, harm=harm)

    @rule
    def _every_goal_is_answered(self, context: FormContext) -> Iterator[Fault]:
        answered = {str(goal.number) for goal in self.goals}
        for number in sorted(context.facts.goals - answered, key=int):
            yield Fault("goal_unanswered", ("goals",), {"number": number})

    @rule
    def _goals_are_known(self, context: FormContext) -> Iterator[Fault]:
        known = context.facts.goals
        for at, goal in enumerate(self.goals):
            if known and str(goal.number) not in known:
                yield Fault("unknown_goal", ("goals", at, "number"), {"number": goal.number})


class Carrier(FormPart):
    name: ShortText
    organisation: ShortText


class DomainAtClosing(FormPart):
    """A life domain of the Big Five at closing: it is arranged, or a named person takes care of it (R46)."""

    domain: LifeDomain
    arranged: YesNo
    carried_by: Carrier | None = None
    explanation: Nullable[FreeText] = None


class LookBack(FormPart):
    """An answer to the learning question, given voluntarily (R94)."""

    by: PersonRole
    again: WouldDoAgain
    because: Nullable[FreeText] = None


class Closure(_FollowUpForm):
    form_name: ClassVar[str] = "closure@1"

    outcome: CaseOutcome
    end_reason: EndReason
    end_reason_allocation: EndReasonAllocation | None = None
    life_domains: AtLeastOne[DomainAtClosing]
    after_check_on: PlannedDay
    family_told: FreeText
    plan_after_18: Nullable[FreeText] = None
    looking_back: Several[LookBack] = ()

    @override
    def openings(self, kind: str, context: FormContext) -> tuple[PartOpening, ...]:
        return (_check_opening(self.after_check_on, "after_closing"),) if kind == "follow_up" else ()

    @override
    def codes(self) -> Codes:
        return super().codes() | enclosed_codes(plan_after_18=self.plan_after_18)

    @rule
    def _every_life_domain_is_answered(self, _context: FormContext) -> Iterator[Fault]:
        answered = [answer.domain.code for answer in self.life_domains]
        domains = LifeDomain.code_list
        for code in domains.codes:
            if code not in answered and code != OTHER:
                yield Fault("life_domain_unanswered", ("lifeDomains",), code_params("domain", domains, code))

    @rule
    def _every_domain_is_arranged_or_carried(self, _context: FormContext) -> Iterator[Fault]:
        for at, answer in enumerate(self.life_domains):
            if not (answer.arranged or answer.carried_by):
                yield Fault("nobody_carries_it", ("lifeDomains", at, "carriedBy"))
