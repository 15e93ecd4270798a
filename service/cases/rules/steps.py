"""The step: its decision, and the transitions that it adds to the history, one per part that it opens."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

from service.cases.rules.acting_memberships import standing_in
from service.cases.rules.addressee_history import history_for_addressee
from service.cases.rules.amendments import AMENDED_ENTRY, AMENDED_PART, amended_history
from service.cases.rules.consent_order import corrected_ages
from service.cases.rules.facts import NEW_ROUND_TRIGGERS, CaseFacts, asker_id, fold_facts
from service.cases.rules.forms.base import AddresseeRole, Form, FormContext, PartOpening
from service.cases.rules.forms.consult import ConsultRequest
from service.cases.rules.forms.notes import Amendment
from service.cases.rules.forms.referral import Referral
from service.cases.rules.guards import Attempt
from service.cases.rules.kinds import Kinds
from service.cases.rules.model import Case, Part, Transition, new_part
from service.vocabulary.actor import Actor
from service.vocabulary.calendar import day_in_amsterdam, last_day_of
from service.vocabulary.form_parts import Codes
from service.vocabulary.messages import MESSAGES
from service.vocabulary.partial_values import PartialValue
from service.vocabulary.refusals import GuardsNotMet, NoLiaisonForRegion, RoleNotAllowed, UnmetGuard
from service.vocabulary.roles import ADDRESSED_ROLES, TABLE_ROLES, TEAM_ROLES, Role
from service.workflows.rules.definition import State, Trigger
from service.workflows.rules.kinds import PartKind
from service.workflows.rules.machine import Decision, PossibleTransition, Workflow
from service.workflows.rules.region_settings import RegionSettings

# A client's clock may run a little ahead of the server's.
CLOCK_TOLERANCE = timedelta(minutes=2)
# The code of an unmet guard that tells nothing.
NOT_POSSIBLE_NOW = "not_possible_now"


class WorkflowSource(Protocol):
    """A source of workflows: `current` is the newest of a kind, for a new part; `pinned` is one by hash."""

    def current(self, kind: PartKind) -> Workflow: ...

    def pinned(self, workflow_hash: str) -> Workflow: ...


@dataclass(frozen=True, slots=True)
class AmendedForm:
    """The form of `entry` with an amendment applied, and the form `before` it."""

    entry: Transition
    form: Form
    before: Form | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(PartialValue):
    """A request to take a step on a part.

    `occurred_at` is when it happened in life, aware, UTC; `has_date` tells if the request named it. `raw_form` is the
    form as sent, before the workflow of the part determines its type. `amended` is set for an amendment. `weighed` is
    the counted form with the month of birth that counts, where a parent recorded another one.
    """

    trigger: str
    occurred_at: datetime
    has_date: bool = True
    grounds: str | None = None
    form: Form | None = None
    raw_form: Mapping[str, Any] | None = None
    amended: AmendedForm | None = None
    weighed: Form | None = None

    @property
    def counted_form(self) -> Form | None:
        """The form whose coded answers become facts: of an amendment, the amended form."""
        return self.amended.form if self.amended else self.form


@dataclass(frozen=True, kw_only=True)
class Situation:
    """The input of a step, read in one transaction. `history` has no notes, which change no fact.

    `addressees`: organisations that were looked up, by role. `whole`: the actor may read the whole case. For every
    actor, `history` is that of the whole case.
    """

    case: Case
    part: Part
    history: tuple[Transition, ...]
    settings: RegionSettings
    actor: Actor
    now: datetime
    kinds: Kinds
    addressees: Mapping[AddresseeRole, UUID | None] = field(default_factory=dict)
    birth_month: str | None = None
    first_form: Form | None = None
    whole: bool = True

    @cached_property
    def facts(self) -> CaseFacts:
        return fold_facts(self.history, self.kinds)

    def form_context(self, on: date, amended: Transition | None = None) -> FormContext:
        """Returns the context of the form checks for a step on this day in Amsterdam, or for the form of `amended`."""
        case, part = self.case, self.part
        first = next((entry for entry in amended_history(self.history) if entry.part_id == part.id), None)
        return FormContext(
            facts=self.facts,
            settings=self.settings,
            day=on,
            decided_on=day_in_amsterdam(amended.occurred_at) if amended else on,
            region=case.region,
            part_id=amended.part_id if amended else part.id,
            part_codes=first.codes if first else {},
            part_triggers=tuple(
                entry.trigger for entry in self.history if entry.part_id == part.id and entry != amended
            ),
            birth_month=self.birth_month,
            first_form=self.first_form,
            due_on=part.due_on,
        )

    def attempt(self) -> Attempt:
        """Returns the input of guards. Who sees only a part learns from a guard nothing of the rest of the case."""
        known = self.facts
        if not self.whole:
            known = fold_facts(history_for_addressee(self.history, self.actor, self.kinds), self.kinds)
        seats = self.actor.memberships
        return Attempt(
            facts=known,
            case_facts=self.facts,
            settings=self.settings,
            actor_id=self.actor.person_id,
            askers=frozenset(asker_id(seat.role, seat.organisation_id, self.actor.person_id) for seat in seats),
            part_id=self.part.id,
            liaison_id=self.addressees.get("liaison"),
        )


def possible_transitions(situation: Situation, workflows: WorkflowSource) -> tuple[PossibleTransition, ...]:
    """Returns every transition from the state of the part, the next action first, each with its unmet guards."""
    part, workflow = situation.part, workflows.pinned(situation.part.workflow)
    standing = standing_in(situation.actor, situation.case, part, situation.history, situation.kinds)
    steps = workflow.possible_transitions(part.state, situation.attempt(), standing.for_trigger)
    next_action = workflow.definition.states[part.state].next
    steps = tuple(
        replace(
            step,
            unmet=_unmet_for_actor(step.unmet, situation),
            why_not=None if step.allowed_for_you else standing.why_not_for(step.trigger),
        )
        for step in steps
    )
    return tuple(sorted(steps, key=lambda step: (step.trigger.name != next_action, step.trigger.name)))


def decide_step(situation: Situation, trigger: str, workflows: WorkflowSource) -> Decision:
    """Returns the decision on a step. Raises TransitionNotAllowed, RoleNotAllowed or GuardsNotMet."""
    part, workflow = situation.part, workflows.pinned(situation.part.workflow)
    standing = standing_in(situation.actor, situation.case, part, situation.history, situation.kinds)
    seats = standing.for_trigger(workflow.definition.triggers.get(trigger))
    try:
        return workflow.decide(part.state, trigger, situation.attempt(), seats)
    except GuardsNotMet as refusal:
        raise replace(refusal, unmet=_unmet_for_actor(refusal.unmet, situation)) from None
    except RoleNotAllowed as refusal:
        raise replace(refusal, why_not=standing.why_not_for(workflow.definition.triggers[trigger])) from None


def _unmet_for_actor(unmet: tuple[UnmetGuard, ...], situation: Situation) -> tuple[UnmetGuard, ...]:
    """Returns the unmet guards. Who sees only a part gets those about the whole case as one that tells nothing."""
    guards = situation.kinds.guards
    hidden = [guard for guard in unmet if not situation.whole and guards[guard.code].reads_whole_case]
    others = tuple(guard for guard in unmet if guard not in hidden)
    return (*others, UnmetGuard(NOT_POSSIBLE_NOW, MESSAGES["guards"][NOT_POSSIBLE_NOW])) if hidden else others


def build_transitions(
    situation: Situation, step: Step, decision: Decision, workflows: WorkflowSource, *, new_id: Callable[[], UUID]
) -> tuple[Transition, ...]:
    """Returns the entries of this step in order: its own, then the first entry of each part that it opens."""
    entries = [_entry(situation, step, decision, workflows)]
    cause = entries[0].sequence
    for entry in _first_entries(situation, step, decision, workflows, new_id):
        entries.append(replace(entry, sequence=cause + len(entries), cause=cause))
    return tuple(entries)


def _entry(situation: Situation, step: Step, decision: Decision, workflows: WorkflowSource) -> Transition:
    case, part, form = situation.case, situation.part, step.form
    counted = step.counted_form
    state = workflows.pinned(part.workflow).definition.states[decision.target]
    submitted_as = situation.history[0].role if situation.history else decision.acting.role
    role, organisation = party_to_act(state, case, part, submitted_as)
    keeps_state = decision.target == part.state
    assignee = part.assignee_id if keeps_state else None
    return Transition(
        case_id=case.id,
        sequence=case.sequence + 1,
        part_id=part.id,
        part_kind=part.kind,
        part_sequence=part.sequence + 1,
        workflow=part.workflow,
        settings=situation.settings.hash,
        trigger=step.trigger,
        source=part.state,
        target=decision.target,
        phase=state.phase,
        region=case.region,
        occurred_at=step.occurred_at,
        recorded_at=max(situation.now, case.recorded_at),
        actor_id=situation.actor.person_id,
        role=decision.acting.role,
        organisation_id=decision.acting.organisation_id,
        party=role,
        party_id=organisation,
        assignee_id=_assignee(form, assignee) if role else None,
        due_on=_due_on(state, situation, step, keeps_state=keeps_state),
        line=part.line,
        addressee_id=part.addressee_id,
        form=form.form_name if form else None,
        codes=_codes(situation, step, counted),
        age_band=counted.age_band(day_in_amsterdam(step.occurred_at)) if counted else None,
    )


def _assignee(form: Form | None, current: UUID | None) -> UUID | None:
    return form.next_assignee(current) if form else current


def _codes(situation: Situation, step: Step, counted: Form | None) -> Codes:
    """Returns the coded answers; for an amendment, together with the place of the amended entry.

    A form with a month of birth also gives the ages by which earlier consents are weighed anew.
    """
    weighed = step.weighed or counted
    codes = weighed.codes() if weighed else {}
    if weighed and weighed.weighs_age:
        codes |= weighed.age_codes(situation.birth_month)
    if isinstance(weighed, Referral | ConsultRequest):
        codes |= corrected_ages(situation.facts.consent_statements, weighed.birth_month)
    if not isinstance(step.form, Amendment):
        return codes
    part_id, number = step.form.amended_place(situation.part.id, situation.case.id)
    elsewhere = {} if part_id == situation.part.id else {AMENDED_PART: (str(part_id),)}
    return {**codes, AMENDED_ENTRY: (str(number),), **elsewhere}


def _first_entries(
    situation: Situation, step: Step, decision: Decision, workflows: WorkflowSource, new_id: Callable[[], UUID]
) -> Iterator[Transition]:
    if step.form is None or not decision.trigger.opens:
        return
    context = situation.form_context(day_in_amsterdam(step.occurred_at))
    for kind in decision.trigger.opens:
        workflow = workflows.current(kind)
        for opening in step.form.openings(kind, context):
            addressee = _addressee(opening, decision, situation)
            if situation.kinds[kind].once_per_line and _was_requested(situation, kind, opening.line, addressee):
                continue
            part = new_part(
                new_id(),
                situation.case.id,
                kind,
                workflow.hash,
                step.occurred_at,
                line=opening.line,
                addressee_id=addressee,
            )
            opened = replace(situation, part=part)
            formless = Step(trigger=step.trigger, occurred_at=step.occurred_at)
            entry = _entry(opened, formless, decide_step(opened, step.trigger, workflows), workflows)
            yield replace(entry, due_on=opening.due_on or entry.due_on, codes=opening.codes)


def _addressee(opening: PartOpening, decision: Decision, situation: Situation) -> UUID | None:
    """Returns the addressee, or None: a missing payer or network blocks nothing. Raises NoLiaisonForRegion."""
    if opening.addressee_role is None:
        return opening.addressee_id
    if opening.addressee_role == "asker":
        return decision.acting.organisation_id if decision.acting.role in ADDRESSED_ROLES else None
    addressee = situation.addressees.get(opening.addressee_role)
    if addressee is None and opening.addressee_role == "liaison":
        raise NoLiaisonForRegion(situation.case.region)
    return addressee


def _was_requested(situation: Situation, kind: PartKind, line: str | None, addressee: UUID | None) -> bool:
    """True if this organisation was asked for this line earlier in this round of the case."""
    history = situation.history
    round_starts = (
        entry.sequence for entry in history if entry.part_kind == "case" and entry.trigger in NEW_ROUND_TRIGGERS
    )
    round_start = max(round_starts, default=0)
    return any(
        (entry.part_kind, entry.part_sequence, entry.line, entry.addressee_id) == (kind, 1, line, addressee)
        and (entry.sequence > round_start or line in situation.facts.advice_lines)
        for entry in history
    )


def party_to_act(state: State, case: Case, part: Part, submitted_as: Role) -> tuple[Role | None, UUID | None]:
    """Returns (role, organisation id) of the one party that must act now (I1); (None, None) if nobody must act.

    The process director acts on a part without addressee. "local_team" stands for the submitter in their own role.
    """
    if state.party is None:
        return None, None
    if state.party in TEAM_ROLES or state.party in TABLE_ROLES or state.party == Role.DATA_PROTECTION_OFFICER:
        return state.party, case.team_id
    if state.party == Role.LOCAL_TEAM:
        return submitted_as, case.submitter_id
    if state.party in ADDRESSED_ROLES and part.addressee_id is not None:
        return state.party, part.addressee_id
    return Role.PROCESS_DIRECTOR, case.team_id


def roles_to_act(
    situation: Situation, trigger: Trigger, workflows: WorkflowSource
) -> tuple[frozenset[Role], UUID | None]:
    """Returns (roles, organisation id) of those who can take the next action once this trigger was fired."""
    definition = workflows.pinned(situation.part.workflow).definition
    state = definition.states[dict(trigger.edges)[situation.part.state]]
    submitted_as = situation.history[0].role if situation.history else Role.LOCAL_TEAM
    role, organisation = party_to_act(state, situation.case, situation.part, submitted_as)
    next_roles = definition.triggers[state.next].roles if state.next else ()
    return frozenset({role, *next_roles} if role else ()), organisation


def _due_on(state: State, situation: Situation, step: Step, *, keeps_state: bool) -> date | None:
    """Returns the due day of the next action. Only a new state or the next action itself starts a new term (I28)."""
    if state.term is None:
        return None
    day, term = day_in_amsterdam(step.occurred_at), situation.settings.terms[state.term]
    amended = step.amended if step.amended and step.amended.form.sets_due_day_when_amended else None
    form, entry = (amended.form, amended.entry) if amended else (step.form, None)
    if form and (due_on := form.due_day(term, situation.form_context(day, entry))):
        return due_on
    if keeps_state and step.trigger != state.next:
        return situation.part.due_on
    return last_day_of(day, term)
