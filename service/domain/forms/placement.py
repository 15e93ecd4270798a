"""Placement: where the child lives, from looking for a place to leaving it (R38-R44)."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar

from typing_extensions import override

from service.domain.facts import CaseFacts
from service.domain.forms.base import Codes, Fault, FormContext, Opening
from service.domain.forms.coded import CurrentLivingPlace, PersonRole, PlacementEndReason, PlacementKind
from service.domain.forms.fields import (
    AtLeastOne,
    Contact,
    Count,
    Day,
    LineKey,
    OrNone,
    RegionCode,
    YesNo,
    not_in_future,
)
from service.domain.forms.help import HelpForm
from service.domain.words import FreeText

FIRST_CHOICE = "own_home"


class Search(HelpForm):
    """What is looked for: every step down the order of preference is explained, every one away has a way back."""

    form_name: ClassVar[str] = "search@1"

    line: LineKey
    kind: PlacementKind
    why_not_higher: OrNone[FreeText] = None
    region: OrNone[RegionCode] = None
    bridging: YesNo = False
    return_plan: OrNone[FreeText] = None

    @override
    def codes(self) -> Codes:
        return super().codes() | {"line": (self.line,)}

    @override
    def faults(self, context: FormContext) -> Iterator[Fault]:
        if self.line not in context.facts.advice_lines:
            yield Fault("unknown_line", ("line",), {"line": self.line})
        if self.kind.code != FIRST_CHOICE and not self.why_not_higher:
            yield Fault("preference_unexplained", ("whyNotHigher",))
        if self.kind.code != FIRST_CHOICE and not self.return_plan:
            yield Fault("return_plan_missing", ("returnPlan",))

    @override
    def openings(self, kind: str, facts: CaseFacts) -> tuple[Opening, ...]:
        return (Opening(None, self.line),) if kind == "placement" else ()


class PlaceAgreement(HelpForm):
    form_name: ClassVar[str] = "agreement@1"

    agreed_with: Contact
    region: RegionCode
    starts_on: Day
    agreements: OrNone[FreeText] = None

    @override
    def next_on(self) -> date:
        return self.starts_on


class PlacementStart(HelpForm):
    form_name: ClassVar[str] = "placement_start@1"

    started_on: Day
    moves_so_far: Count
    explanation: OrNone[FreeText] = None

    @override
    def faults(self, context: FormContext) -> Iterator[Fault]:
        return not_in_future(self.started_on, context.on, "startedOn")


class Stability(HelpForm):
    """A place is stable when the child can stay whatever happens (R43)."""

    form_name: ClassVar[str] = "stability@1"

    can_stay: YesNo
    seen_by: AtLeastOne[PersonRole]
    because: FreeText


class PlacementEnd(HelpForm):
    form_name: ClassVar[str] = "placement_end@1"

    ended_on: Day
    reason: PlacementEndReason
    lives_next: CurrentLivingPlace | None = None
    explanation: OrNone[FreeText] = None

    @override
    def faults(self, context: FormContext) -> Iterator[Fault]:
        return not_in_future(self.ended_on, context.on, "endedOn")
