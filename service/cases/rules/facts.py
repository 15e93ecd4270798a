"""What guards and form checks may know of a case: folded from its history, never read from content."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

from service.cases.rules.amendments import with_amendments
from service.cases.rules.consents import GIVEN, WITHDRAWN, Agreed, ConsentFact
from service.cases.rules.living_place import living
from service.cases.rules.model import Transition
from service.workflows.rules.definition import ADOPT
from service.workflows.rules.kinds import PartKind

# A supervision order or guardianship, whichever answer tells: such a file is kept longer (domain.md 2.11).
_MEASURES: Mapping[str, frozenset[str]] = {
    "legal_status": frozenset({"04"}),
    "legal_representation": frozenset({"06"}),
    "legal_ground": frozenset({"supervision_with_placement_order", "guardianship"}),
}
# From here on help is arranged and followed by an advice (domain.md 5.2).
_ADVISED = frozenset({"advice_issued", "arranging_placement", "help_started", "monitored"})
# A new triage or table, and with it a new advice: what was asked before is asked anew, unless it goes on.
NEW_ROUND = ("reopen", "return_to_table")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFacts:
    """Where a part of the case stands, as far as it may matter to the others.

    `opened_by`: the part it began from. `moment`: what a check was planned for.
    """

    id: UUID
    kind: PartKind
    state: str
    is_open: bool
    line: str | None
    addressee_id: UUID | None = None
    opened_by: UUID | None = None
    moment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """The case as its history tells it. Has no payment field, and its type keeps it so (I2).

    `heard`: "child" and "parent", once recorded or said why not. `agreed`: who consented, by purpose. `referred`:
    brought to the table, not only asked.
    `weighed`: "removal" and "closed_stay", once the table answered all that goes before (I5). `goals`: their numbers in
    the newest advice. `advice_in_force`: help is arranged or followed by it.
    """

    referred: bool = False
    information_rounds: int = 0
    decline_proposed_by: UUID | None = None
    transfer_proposed_by: UUID | None = None
    heard: frozenset[str] = frozenset()
    agreed: Mapping[str, Agreed] = field(default_factory=dict)
    planned_after_18: bool = False
    under_measure: bool = False
    at_home: bool = False
    weighed: frozenset[str] = frozenset()
    advice_in_force: bool = False
    advice_lines: frozenset[str] = frozenset()
    living_lines: frozenset[str] = frozenset()
    goals: frozenset[str] = frozenset()
    advised_by: UUID | None = None
    reconsidered: "Reconsidered | None" = None
    network_answered: bool = False
    goals_checked: bool = False
    parts: tuple[PartFacts, ...] = ()

    @property
    def consented(self) -> frozenset[str]:
        """The purposes for which may be shared now, by consent or on a legal ground."""
        return frozenset(purpose for purpose, it in self.agreed.items() if it.in_force)

    def parts_of(self, kind: PartKind) -> tuple[PartFacts, ...]:
        return tuple(part for part in self.parts if part.kind == kind)

    def open_parts(self, kind: PartKind) -> tuple[PartFacts, ...]:
        return tuple(part for part in self.parts if part.kind == kind and part.is_open)

    def questions_of(self, escalation_id: UUID | None) -> tuple[PartFacts, ...]:
        """What was put to bodies at the national level by this escalation, open or not."""
        return tuple(part for part in self.parts_of("question") if part.opened_by == escalation_id)

    def parts_in(self, kind: PartKind, *states: str) -> tuple[PartFacts, ...]:
        return tuple(part for part in self.parts if part.kind == kind and part.state in states)


@dataclass(frozen=True, slots=True)
class Reconsidered:
    """The reconsideration asked for last: which organisation asked, who had issued the advice, what came of it so far.

    `outside_expert`: somebody from outside looks along.
    """

    asked_by: UUID
    advised_by: UUID | None
    outside_expert: bool = False
    revised: bool = False


FactsRule = Callable[[CaseFacts, Transition], CaseFacts]


class GivesFacts(Protocol):
    """What folding needs to know of a kind: see cases/rules/kinds.py."""

    @property
    def facts(self) -> FactsRule | None: ...

    @property
    def about_payment(self) -> bool: ...


def state_alone(facts: CaseFacts, _: Transition) -> CaseFacts:
    """The rule of a kind that tells the case nothing but where its parts stand."""
    return facts


def fold(history: Iterable[Transition], kinds: Mapping[PartKind, GivesFacts]) -> CaseFacts:
    """The facts after these entries, which must be in order of sequence. What was amended counts as amended.

    A kind without a rule gives none. What is about payment gives no coded answers either: who pays never blocks help
    (I2), so guards cannot even name it.
    """
    facts = CaseFacts()
    entries = tuple(with_amendments(tuple(history)))
    of_part = {entry.sequence: entry.part_id for entry in entries}
    for entry in entries:
        kind = kinds[entry.part_kind]
        if entry.codes and not kind.about_payment:
            facts = _after_words(facts, entry)
        if kind.facts is None:
            continue
        facts = kind.facts(facts, entry)
        if entry.part_id != entry.case_id:
            facts = _after_part(facts, entry, of_part.get(entry.cause) if entry.cause else None)
    return replace(facts, at_home=living(entries).at_home)


def _after_words(facts: CaseFacts, entry: Transition) -> CaseFacts:
    """What coded answers tell wherever they were given: consents, in order; a plan for after 18; a measure."""
    agreed = dict(facts.agreed)
    for fact in map(ConsentFact.read, entry.codes.get(GIVEN, ())):
        agreed[fact.purpose] = agreed.get(fact.purpose, Agreed()).given(fact)
    for fact in map(ConsentFact.read, entry.codes.get(WITHDRAWN, ())):
        agreed[fact.purpose] = agreed.get(fact.purpose, Agreed()).taken_back(fact)
    for purpose in entry.codes.get("information_purpose", ()):
        agreed[purpose] = replace(agreed.get(purpose, Agreed()), in_force=True, withdrawn=False)
    return replace(
        facts,
        agreed=agreed,
        planned_after_18=facts.planned_after_18 or "plan_after_18" in entry.codes.get("enclosed", ()),
        under_measure=facts.under_measure or any(_MEASURES[it] & set(entry.codes.get(it, ())) for it in _MEASURES),
    )


def after_case(facts: CaseFacts, entry: Transition) -> CaseFacts:
    if entry.source != entry.target and entry.trigger != ADOPT.name:
        # A proposal is one for the state in which it was made; under another workflow that may be called otherwise.
        facts = replace(facts, decline_proposed_by=None, transfer_proposed_by=None)
    heard = facts.heard.union(entry.codes.get("heard", ()))
    facts = replace(facts, heard=heard, advice_in_force=entry.target in _ADVISED)
    told = _CASE_TELLS.get(entry.trigger)
    return told(facts, entry) if told else facts


def _after_advice(facts: CaseFacts, entry: Transition) -> CaseFacts:
    asked_again = facts.reconsidered and replace(facts.reconsidered, revised=True)
    lines = entry.codes.get("line", ())
    # An advice from before lines of living were told apart: any of its lines may be one.
    living_lines = entry.codes.get("living_line", lines if "living" in entry.codes.get("advice_domain", ()) else ())
    return replace(
        facts,
        advice_lines=facts.advice_lines | set(lines),
        living_lines=facts.living_lines | set(living_lines),
        goals=frozenset(entry.codes.get("goal", ())),
        advised_by=entry.actor_id,
        reconsidered=asked_again,
        goals_checked=False,
    )


def _second_time_round(facts: CaseFacts) -> CaseFacts:
    """A new triage, table and hearing. Help that goes on keeps its line; what has ended may be asked again."""
    open_parts = {part.id for part in facts.parts if part.is_open}
    going_on = tuple(part for part in facts.parts if part.is_open or part.opened_by in open_parts)
    lines = frozenset(part.line for part in going_on if part.kind == "commitment" and part.line)
    return replace(
        facts,
        information_rounds=0,
        heard=frozenset(),
        advice_lines=lines,
        living_lines=facts.living_lines & lines,
        goals_checked=False,
        parts=going_on,
    )


_CASE_TELLS: Mapping[str, Callable[[CaseFacts, Transition], CaseFacts]] = {
    "submit": lambda facts, _: replace(facts, referred=True),
    "refer": lambda facts, _: replace(facts, referred=True),
    "request_information": lambda facts, _: replace(facts, information_rounds=facts.information_rounds + 1),
    "propose_decline": lambda facts, entry: replace(facts, decline_proposed_by=entry.actor_id),
    "propose_transfer": lambda facts, entry: replace(facts, transfer_proposed_by=entry.actor_id),
    "draft_advice": lambda facts, entry: replace(facts, weighed=frozenset(entry.codes.get("weighed", ()))),
    "issue_advice": _after_advice,
    "revise_advice": _after_advice,
    "start_monitoring": lambda facts, _: replace(facts, goals_checked=False),
    "record_check": lambda facts, _: replace(facts, goals_checked=True),
    **{trigger: lambda facts, _: _second_time_round(facts) for trigger in NEW_ROUND},
}


def _after_part(facts: CaseFacts, entry: Transition, opened_by: UUID | None) -> CaseFacts:
    before = next((part for part in facts.parts if part.id == entry.part_id), None)
    moved = PartFacts(
        id=entry.part_id,
        kind=entry.part_kind,
        state=entry.target,
        is_open=entry.phase != "ended",
        line=entry.line,
        addressee_id=entry.addressee_id,
        opened_by=before.opened_by if before else opened_by,
        moment=before.moment if before else next(iter(entry.codes.get("check_moment", ())), None),
    )
    others = tuple(part for part in facts.parts if part.id != entry.part_id)
    return replace(facts, parts=(*others, moved))
