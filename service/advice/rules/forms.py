"""Forms of the advice: lines with an addressee, achievable goals, independent agreement (T10)."""

from collections.abc import Iterator
from typing import ClassVar
from uuid import UUID

from pydantic import Field
from pydantic.alias_generators import to_camel
from typing_extensions import override

from service.cases.rules.forms.base import AddresseeRole, Form, FormContext, NamedOrganisation, PartOpening, rule
from service.cases.rules.forms.review import CLOSED_STAY, Dissent
from service.vocabulary.calendar import months_after
from service.vocabulary.coded_answers import AdviceDomain, Law, PersonRole, ProductCategory, RelationToCase
from service.vocabulary.fields import (
    MONTHS_TO_PLAN,
    AtLeastOne,
    Contact,
    GoalNumber,
    LineKey,
    Nullable,
    PlannedDay,
    Several,
    YesNo,
    check_planned_days,
    enclosed_codes,
    repeated_positions,
)
from service.vocabulary.form_parts import Codes, ContentClass, Fault, FormPart
from service.vocabulary.language import FreeText, ShortText

# Relations to the case that leave a person free to judge. Every other one, also "other", is an interest (I15).
FREE_TO_JUDGE = frozenset({"none", "colleague_involved"})

YOUTH_ACT = "jeugdwet"
STAY_WITH_TREATMENT = "43"
CLOSED_PLACEMENT = "37"
# Fields of the advice that hold a decision, each with the text in it that a correction on request may change.
_DECISIONS = {
    "lines": {"aim", "product_category_reason", "made_to_measure", "duration"},
    "goals": {"text", "seen_by", "horizon", "realistic_because"},
    "checks_on": set[str](),
    "agreement": {"name"},
}
_STAY_ONLY = frozenset({"35", "36", "44"})
_TREATMENT_ONLY = frozenset({"32", "33", "41", "45", "51", "52", "53", "54"})


class AdviceLine(FormPart):
    """The help that one party delivers. Living and treatment are separate lines (I4); the payer may be unknown (I2)."""

    key: LineKey
    domain: AdviceDomain
    aim: FreeText
    product_category: ProductCategory | None = None
    product_category_reason: Nullable[FreeText] = None
    provider_id: Nullable[UUID] = None
    made_to_measure: Nullable[FreeText] = None
    payer_id: Nullable[UUID] = None
    law: Law | None = None
    latest_start_on: PlannedDay
    duration: ShortText
    bridging: YesNo = False

    @property
    def payer_sought(self) -> AddresseeRole | None:
        by_residence = self.law is None or self.law.code == YOUTH_ACT
        return "payer" if self.payer_id is None and by_residence else None

    def faults(self, *location: str | int) -> Iterator[Fault]:
        category = self.product_category.code if self.product_category else None
        if category == STAY_WITH_TREATMENT and not self.product_category_reason:
            yield Fault("stay_with_treatment_needs_reason", (*location, "productCategoryReason"))
        domain = self.domain.code
        if (domain == "living" and category in _TREATMENT_ONLY) or (domain == "treatment" and category in _STAY_ONLY):
            yield Fault("living_and_treatment_on_one_line", (*location, "productCategory"))
        if self.provider_id is None and not self.made_to_measure:
            yield Fault("line_without_addressee", (*location, "providerId"))


class Goal(FormPart):
    """An achievable goal, with the reason why it is achievable (R4). Later checks refer to it by `number`."""

    number: GoalNumber
    text: FreeText
    of: PersonRole
    seen_by: FreeText
    horizon: ShortText
    realistic_because: FreeText
    lines: Several[LineKey] = ()


class Agreement(FormPart):
    name: ShortText
    relation_to_case: RelationToCase
    agrees: YesNo


class Advice(Form):
    """The binding advice. It never changes after issue: a change is a revision, a new version (I13).

    A correction on request stands beside it and changes text alone (AVG 16).
    """

    form_name: ClassVar[str] = "advice@1"
    content_class: ClassVar[ContentClass] = "advice"

    lines: tuple[AdviceLine, ...] = Field(min_length=1, max_length=26)
    goals: AtLeastOne[Goal]
    contact_person: Contact
    checks_on: AtLeastOne[PlannedDay]
    agreement: AtLeastOne[Agreement]
    dissent: Several[Dissent] = ()
    family_statement: Nullable[FreeText] = None
    why_no_family_statement: Nullable[FreeText] = None
    child_version: FreeText
    plan_after_18: Nullable[FreeText] = None

    @override
    def codes(self) -> Codes:
        lines: Codes = {"line": tuple(sorted({line.key for line in self.lines}))}
        if living := {line.key for line in self.lines if line.domain.code == "living"}:
            lines["living_line"] = tuple(sorted(living))
        goals: Codes = {"goal": tuple(str(number) for number in sorted({goal.number for goal in self.goals}))}
        return super().codes() | lines | goals | enclosed_codes(plan_after_18=self.plan_after_18)

    @rule
    def _lines_are_sound(self, _context: FormContext) -> Iterator[Fault]:
        for at, line in enumerate(self.lines):
            yield from line.faults("lines", at)

    @rule
    def _line_keys_are_unique(self, _context: FormContext) -> Iterator[Fault]:
        for at in repeated_positions([line.key for line in self.lines]):
            yield Fault("line_key_repeated", ("lines", at, "key"), {"line": self.lines[at].key})

    @rule
    def _lines_keep_their_provider(self, context: FormContext) -> Iterator[Fault]:
        """Another provider needs another line: under a known key no new request is sent, and the child waits (R3)."""
        providers = {part.line: part.addressee_id for part in context.facts.parts if part.kind == "commitment"}
        for at, line in enumerate(self.lines):
            if line.key in providers and providers[line.key] != line.provider_id:
                yield Fault("line_keeps_its_provider", ("lines", at, "providerId"), {"line": line.key})

    @rule
    def _correction_leaves_the_decision(self, context: FormContext) -> Iterator[Fault]:
        before = context.unamended
        if not isinstance(before, Advice):
            return
        changed = [name for name in _DECISIONS if _decision(self, name) != _decision(before, name)]
        if bool(self.plan_after_18) != bool(before.plan_after_18):
            changed.append("plan_after_18")
        for name in changed:
            yield Fault("advice_keeps_its_decision", (to_camel(name),))

    @rule
    def _closed_stay_was_weighed(self, context: FormContext) -> Iterator[Fault]:
        for at, line in enumerate(self.lines):
            category = line.product_category.code if line.product_category else None
            if category == CLOSED_PLACEMENT and CLOSED_STAY not in context.facts.weighed_options:
                yield Fault("closed_stay_not_weighed", ("lines", at, "productCategory"))

    @rule
    def _goal_numbers_are_unique(self, _context: FormContext) -> Iterator[Fault]:
        for at in repeated_positions([goal.number for goal in self.goals]):
            yield Fault("goal_number_repeated", ("goals", at, "number"), {"number": self.goals[at].number})

    @rule
    def _lines_of_goals_are_known(self, _context: FormContext) -> Iterator[Fault]:
        keys = {line.key for line in self.lines}
        for at, goal in enumerate(self.goals):
            for unknown in sorted(set(goal.lines) - keys):
                yield Fault("unknown_line", ("goals", at, "lines"), {"line": unknown})

    @rule
    def _somebody_free_to_judge_agrees(self, _context: FormContext) -> Iterator[Fault]:
        if not any(member.agrees and member.relation_to_case.code in FREE_TO_JUDGE for member in self.agreement):
            yield Fault("no_independent_agreement", ("agreement",))

    @rule
    def _family_statement_or_reason_is_given(self, _context: FormContext) -> Iterator[Fault]:
        if not (self.family_statement or self.why_no_family_statement):
            yield Fault("family_statement_missing", ("familyStatement",))

    @override
    def named_organisations(self) -> Iterator[NamedOrganisation]:
        for at, line in enumerate(self.lines):
            if line.provider_id:
                yield NamedOrganisation(line.provider_id, ("provider",), ("lines", at, "providerId"))
            if line.payer_id:
                yield NamedOrganisation(line.payer_id, ("municipality", "co_funder"), ("lines", at, "payerId"))

    @override
    def openings(self, kind: str, context: FormContext) -> tuple[PartOpening, ...]:
        """Returns a commitment per line for its provider, and a funding per line for its payer.

        A line that a provider was asked for before keeps its commitment. Under the Youth Act the payer follows from the
        child's place of residence; the payer under another law is named in the line or unknown.
        """
        if kind == "commitment":
            known_lines = {part.line for part in context.facts.parts_of_kind("commitment")}
            return tuple(PartOpening(line.provider_id, line.key) for line in self.lines if line.key not in known_lines)
        if kind == "funding":
            return tuple(PartOpening(line.payer_id, line.key, addressee_role=line.payer_sought) for line in self.lines)
        return ()


def _decision(advice: Advice, name: str) -> list[object]:
    """Returns the value of this field of the advice without the text in it."""
    items = getattr(advice, name)
    return [item.model_dump(exclude=_DECISIONS[name]) if isinstance(item, FormPart) else item for item in items]


class AdviceRevision(Advice):
    form_name: ClassVar[str] = "advice_revision@1"

    reason: FreeText
    what_is_new: FreeText

    @rule
    @override
    def _plans_in_the_window(self, context: FormContext) -> Iterator[Fault]:
        """A new version repeats days of the version before it, which may have passed."""
        day = context.decided_on or context.day
        return check_planned_days(self, months_after(day, -MONTHS_TO_PLAN), months_after(day, MONTHS_TO_PLAN))
