"""Forms of a placement, from the search for a place to the end of the stay (R38-R44)."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar

from typing_extensions import override

from service.cases.rules.forms.base import FormContext, PartOpening, rule
from service.cases.rules.forms.review import CLOSED_STAY, BeforeRemoval
from service.cases.rules.living_place import OWN_HOME
from service.commitments.rules.forms import HelpForm
from service.vocabulary.coded_answers import CurrentLivingPlace, PersonRole, PlacementEndReason, PlacementKind
from service.vocabulary.fields import (
    AtLeastOne,
    Contact,
    Count,
    Day,
    LineKey,
    Nullable,
    PlannedDay,
    RegionCode,
    YesNo,
    check_not_in_future,
)
from service.vocabulary.form_parts import Codes, Fault
from service.vocabulary.language import FreeText

CLOSED = "closed"


class SearchV1(HelpForm):
    """The search for a place. A place other than home needs an explanation and a plan for the return."""

    form_name: ClassVar[str] = "search@1"

    line: LineKey
    kind: PlacementKind
    why_not_higher: Nullable[FreeText] = None
    region: Nullable[RegionCode] = None
    bridging: YesNo = False
    return_plan: Nullable[FreeText] = None

    @override
    def codes(self) -> Codes:
        flags = {"bridging": self.bridging, "region": self.region is not None}
        search: Codes = (
            {"search": tuple(name for name, is_set in flags.items() if is_set)} if any(flags.values()) else {}
        )
        return super().codes() | {"line": (self.line,)} | search

    @rule
    def _line_is_known(self, context: FormContext) -> Iterator[Fault]:
        if self.line not in context.facts.advice_lines:
            yield Fault("unknown_line", ("line",), {"line": self.line})

    @rule
    def _preference_is_explained(self, _context: FormContext) -> Iterator[Fault]:
        if self.kind.code != OWN_HOME and not self.why_not_higher:
            yield Fault("preference_unexplained", ("whyNotHigher",))

    @rule
    def _return_is_planned(self, _context: FormContext) -> Iterator[Fault]:
        if self.kind.code != OWN_HOME and not self.return_plan:
            yield Fault("return_plan_missing", ("returnPlan",))

    @override
    def openings(self, kind: str, context: FormContext) -> tuple[PartOpening, ...]:
        return (PartOpening(line=self.line),) if kind == "placement" else ()


class Search(SearchV1, BeforeRemoval):
    """The search for a place for a living line (I4). Work on the return continues during a stay away from home (R42).

    The questions before a removal are asked here if the table did not weigh a stay elsewhere or a closed stay (I5).
    """

    form_name: ClassVar[str] = "search@2"

    work_on_return: Nullable[FreeText] = None
    why_elsewhere: Nullable[FreeText] = None

    @rule
    def _line_is_living(self, context: FormContext) -> Iterator[Fault]:
        if self.line in context.facts.advice_lines - context.facts.living_lines:
            yield Fault("line_is_not_living", ("line",), {"line": self.line})

    @rule
    def _return_is_worked_on(self, _context: FormContext) -> Iterator[Fault]:
        if self.kind.code != OWN_HOME and not self.work_on_return:
            yield Fault("work_on_return_missing", ("workOnReturn",))

    @rule
    def _elsewhere_is_explained(self, context: FormContext) -> Iterator[Fault]:
        if self.region not in (None, context.region) and not self.why_elsewhere:
            yield Fault("elsewhere_unexplained", ("whyElsewhere",))

    @override
    def requires_all_answers(self, context: FormContext) -> bool:
        facts = context.facts
        if self.kind.code == CLOSED:
            return CLOSED_STAY not in facts.weighed_options
        return self.kind.code != OWN_HOME and facts.at_home and not facts.weighed_options


class PlaceAgreement(HelpForm):
    form_name: ClassVar[str] = "agreement@1"

    agreed_with: Contact
    region: RegionCode
    starts_on: PlannedDay
    agreements: Nullable[FreeText] = None

    @override
    def next_due_day(self) -> date:
        return self.starts_on


class PlacementStart(HelpForm):
    """The start of a stay. The number of moves is counted from the placements (decision 0011)."""

    form_name: ClassVar[str] = "placement_start@2"

    started_on: Day
    explanation: Nullable[FreeText] = None

    @rule
    def _was_started(self, context: FormContext) -> Iterator[Fault]:
        return check_not_in_future(self.started_on, context.day, "startedOn")


class PlacementStartV1(PlacementStart):
    form_name: ClassVar[str] = "placement_start@1"

    moves_so_far: Count


class StabilityV1(HelpForm):
    """The stability of a place: the child can stay there whatever happens (R43)."""

    form_name: ClassVar[str] = "stability@1"

    can_stay: YesNo
    seen_by: AtLeastOne[PersonRole]
    because: FreeText

    @override
    def codes(self) -> Codes:
        return super().codes() | {"place_stable": ("yes" if self.can_stay else "no",)}


class Stability(StabilityV1):
    form_name: ClassVar[str] = "stability@2"

    work_on_return: Nullable[FreeText] = None


class PlacementEnd(HelpForm):
    form_name: ClassVar[str] = "placement_end@1"

    ended_on: Day
    reason: PlacementEndReason
    lives_next: CurrentLivingPlace | None = None
    explanation: Nullable[FreeText] = None

    @rule
    def _was_ended(self, context: FormContext) -> Iterator[Fault]:
        return check_not_in_future(self.ended_on, context.day, "endedOn")
