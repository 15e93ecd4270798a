"""Facts of a case for guards and form checks, folded from its history and never read from content."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

from service.cases.rules.amendments import amended_history
from service.cases.rules.consent_order import Statement, statements_in, weigh_history
from service.cases.rules.consents import PurposeConsent
from service.cases.rules.living_place import living_situation
from service.cases.rules.model import Transition
from service.vocabulary.roles import FAMILY_ROLES, Role
from service.workflows.rules.definition import ADOPT_TRIGGER
from service.workflows.rules.kinds import PartKind

# Codes of a supervision order or guardianship, by code list. Such a file is kept longer.
_MEASURES: Mapping[str, frozenset[str]] = {
    "legal_status": frozenset({"04"}),
    "legal_representation": frozenset({"06"}),
    "legal_ground": frozenset({"supervision_with_placement_order", "guardianship"}),
}
# States in which an advice is in force: help is arranged, given or monitored by it.
_ADVICE_STATES = frozenset({"advice_issued", "arranging_placement", "help_started", "monitored"})
# Triggers that lead to a new triage or table and a new advice. Requests are made again, except for help that runs on.
NEW_ROUND_TRIGGERS = ("reopen", "return_to_table")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFacts:
    """The state of a part of the case, as far as guards of other parts need it.

    `opened_by` is the part from which it began. `check_moment` is the code of the moment for which a check is planned.
    """

    id: UUID
    kind: PartKind
    state: str
    is_open: bool
    line: str | None
    addressee_id: UUID | None = None
    opened_by: UUID | None = None
    check_moment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """Facts of a case. The type has no payment field, so guards cannot depend on who pays (I2).

    `is_referred`: referred to the table, not only a consult. `heard`: "child" and "parent", each once their voice,
    or the reason why it is missing, is recorded (I16). `consents`: the consent by purpose, from the
    `consent_statements`. `weighed_options`: "removal" and "closed_stay", each once the analysis answered everything
    that it requires (I5). `goals`: goal numbers of the newest advice. `reconsiderations`: by id of the part.
    `advice_in_force`: help is arranged, given or monitored by it. `case_ended`: the case itself ended, whatever its
    parts do.
    """

    is_referred: bool = False
    case_ended: bool = False
    information_rounds: int = 0
    decline_proposed_by: UUID | None = None
    transfer_proposed_by: UUID | None = None
    heard: frozenset[str] = frozenset()
    consents: Mapping[str, PurposeConsent] = field(default_factory=dict)
    consent_statements: tuple[Statement, ...] = ()
    has_plan_after_18: bool = False
    under_legal_measure: bool = False
    at_home: bool = False
    weighed_options: frozenset[str] = frozenset()
    advice_in_force: bool = False
    advice_lines: frozenset[str] = frozenset()
    living_lines: frozenset[str] = frozenset()
    goals: frozenset[str] = frozenset()
    advice_issuer_id: UUID | None = None
    reconsiderations: Mapping[UUID, "ReconsiderationFacts"] = field(default_factory=dict)
    network_answered: bool = False
    goals_checked: bool = False
    parts: tuple[PartFacts, ...] = ()

    @property
    def consented_purposes(self) -> frozenset[str]:
        """Purposes for which information may be shared now, by consent or on a legal ground."""
        return frozenset(purpose for purpose, consent in self.consents.items() if consent.in_force)

    def parts_of_kind(self, kind: PartKind) -> tuple[PartFacts, ...]:
        return tuple(part for part in self.parts if part.kind == kind)

    def open_parts(self, kind: PartKind) -> tuple[PartFacts, ...]:
        return tuple(part for part in self.parts if part.kind == kind and part.is_open)

    def questions_of(self, escalation_id: UUID | None) -> tuple[PartFacts, ...]:
        """Returns the questions, open or ended, that this escalation put to bodies at the national level."""
        return tuple(part for part in self.parts_of_kind("question") if part.opened_by == escalation_id)

    def parts_in_states(self, kind: PartKind, *states: str) -> tuple[PartFacts, ...]:
        return tuple(part for part in self.parts if part.kind == kind and part.state in states)


@dataclass(frozen=True, slots=True)
class ReconsiderationFacts:
    """A reconsideration.

    `asker_id` is who asked for it, `advice_issuer_id` the person who issued the advice. `has_outside_expert`: an expert
    from outside takes part. `is_revised`: the advice was revised after the request.
    """

    asker_id: UUID
    advice_issuer_id: UUID | None
    has_outside_expert: bool = False
    is_revised: bool = False


def asker_id(role: Role, organisation_id: UUID, person_id: UUID) -> UUID:
    """Returns who asks: a person of a family for themselves, anybody else for their organisation (R61)."""
    return person_id if role in FAMILY_ROLES else organisation_id


FactsRule = Callable[[CaseFacts, Transition], CaseFacts]


class FactsSource(Protocol):
    """The properties of a kind of part that `fold_facts` uses. Implemented by `Kind` in cases/rules/kinds.py."""

    @property
    def facts_rule(self) -> FactsRule | None: ...

    @property
    def about_payment(self) -> bool: ...


def keep_facts(facts: CaseFacts, _: Transition) -> CaseFacts:
    """Facts rule of a kind that adds no facts beyond the state of its parts."""
    return facts


def fold_facts(history: Iterable[Transition], kinds: Mapping[PartKind, FactsSource]) -> CaseFacts:
    """Returns the facts after these entries, which must be in order of sequence. Amended codes replace the original.

    A kind without a facts rule adds no facts. A kind about payment adds no coded answers either: who pays never blocks
    help (I2), so no guard can name it.
    """
    facts = CaseFacts()
    history = tuple(history)
    entries = tuple(amended_history(history))
    about_help = tuple(entry for entry in history if not kinds[entry.part_kind].about_payment)
    part_by_sequence = {entry.sequence: entry.part_id for entry in entries}
    for entry in entries:
        kind = kinds[entry.part_kind]
        if entry.codes and not kind.about_payment:
            facts = _apply_coded_answers(facts, entry)
        if kind.facts_rule is None:
            continue
        facts = kind.facts_rule(facts, entry)
        if entry.part_id != entry.case_id:
            opened_by = part_by_sequence.get(entry.cause) if entry.cause else None
            facts = _apply_part_entry(facts, entry, opened_by)
    return replace(
        facts,
        consents=weigh_history(about_help),
        consent_statements=statements_in(about_help),
        at_home=living_situation(entries).at_home,
    )


def _apply_coded_answers(facts: CaseFacts, entry: Transition) -> CaseFacts:
    """Apply the coded answers that any form may give beside consent: a plan for after 18, a legal measure."""
    under_measure = any(codes & set(entry.codes.get(code_list, ())) for code_list, codes in _MEASURES.items())
    return replace(
        facts,
        has_plan_after_18=facts.has_plan_after_18 or "plan_after_18" in entry.codes.get("enclosed", ()),
        under_legal_measure=facts.under_legal_measure or under_measure,
    )


def apply_case_entry(facts: CaseFacts, entry: Transition) -> CaseFacts:
    """Facts rule of the case itself."""
    if entry.source != entry.target and entry.trigger != ADOPT_TRIGGER.name:
        # A proposal holds only in the state in which it was made. Adopting a workflow may only rename that state.
        facts = replace(facts, decline_proposed_by=None, transfer_proposed_by=None)
    heard = facts.heard.union(entry.codes.get("heard", ()))
    in_force, ended = entry.target in _ADVICE_STATES, entry.phase == "ended"
    facts = replace(facts, heard=heard, advice_in_force=in_force, case_ended=ended)
    rule = _CASE_RULES.get(entry.trigger)
    return rule(facts, entry) if rule else facts


def _apply_advice(facts: CaseFacts, entry: Transition) -> CaseFacts:
    revised = {part_id: replace(asked, is_revised=True) for part_id, asked in facts.reconsiderations.items()}
    lines = entry.codes.get("line", ())
    # Older advices do not mark their living lines: there any line of an advice on living may be one.
    living_lines = entry.codes.get("living_line", lines if "living" in entry.codes.get("advice_domain", ()) else ())
    return replace(
        facts,
        advice_lines=facts.advice_lines | set(lines),
        living_lines=facts.living_lines | set(living_lines),
        goals=frozenset(entry.codes.get("goal", ())),
        advice_issuer_id=entry.actor_id,
        reconsiderations=revised,
        goals_checked=False,
    )


def _start_round(facts: CaseFacts) -> CaseFacts:
    """Returns the facts at the start of a new round. Running help keeps its line; ended help may be requested again."""
    open_parts = {part.id for part in facts.parts if part.is_open}
    kept_parts = tuple(part for part in facts.parts if part.is_open or part.opened_by in open_parts)
    lines = frozenset(part.line for part in kept_parts if part.kind == "commitment" and part.line)
    return replace(
        facts,
        information_rounds=0,
        heard=frozenset(),
        advice_lines=lines,
        living_lines=facts.living_lines & lines,
        goals_checked=False,
        parts=kept_parts,
    )


_CASE_RULES: Mapping[str, Callable[[CaseFacts, Transition], CaseFacts]] = {
    "submit": lambda facts, _: replace(facts, is_referred=True),
    "refer": lambda facts, _: replace(facts, is_referred=True),
    "request_information": lambda facts, _: replace(facts, information_rounds=facts.information_rounds + 1),
    "propose_decline": lambda facts, entry: replace(facts, decline_proposed_by=entry.actor_id),
    "propose_transfer": lambda facts, entry: replace(facts, transfer_proposed_by=entry.actor_id),
    "draft_advice": lambda facts, entry: replace(facts, weighed_options=frozenset(entry.codes.get("weighed", ()))),
    "issue_advice": _apply_advice,
    "revise_advice": _apply_advice,
    "start_monitoring": lambda facts, _: replace(facts, goals_checked=False),
    "record_check": lambda facts, _: replace(facts, goals_checked=True),
    **{trigger: lambda facts, _: _start_round(facts) for trigger in NEW_ROUND_TRIGGERS},
}


def _apply_part_entry(facts: CaseFacts, entry: Transition, opened_by: UUID | None) -> CaseFacts:
    before = next((part for part in facts.parts if part.id == entry.part_id), None)
    after = PartFacts(
        id=entry.part_id,
        kind=entry.part_kind,
        state=entry.target,
        is_open=entry.phase != "ended",
        line=entry.line,
        addressee_id=entry.addressee_id,
        opened_by=before.opened_by if before else opened_by,
        check_moment=before.check_moment if before else next(iter(entry.codes.get("check_moment", ())), None),
    )
    others = tuple(part for part in facts.parts if part.id != entry.part_id)
    return replace(facts, parts=(*others, after))
