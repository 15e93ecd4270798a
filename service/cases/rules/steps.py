"""From a decision to history: a step becomes a transition, and the parts it opens begin with one each."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

from service.cases.rules.amendments import AMENDS
from service.cases.rules.facts import NEW_ROUND, CaseFacts, fold
from service.cases.rules.forms.base import Form, FormContext, Opening, Sought
from service.cases.rules.forms.notes import Amendment
from service.cases.rules.guards import Attempt
from service.cases.rules.kinds import Kinds
from service.cases.rules.model import Case, Part, Transition, part_to_begin
from service.cases.rules.standing import standing
from service.vocabulary.actor import Actor
from service.vocabulary.calendar import day_in_amsterdam, due
from service.vocabulary.form_parts import Codes
from service.vocabulary.partly_read import PartlyRead
from service.vocabulary.refusals import NoLiaisonForRegion
from service.vocabulary.roles import ADDRESSED_ROLES, TABLE_ROLES, TEAM_ROLES, Role
from service.workflows.rules.definition import State
from service.workflows.rules.kinds import PartKind
from service.workflows.rules.machine import Decision, PossibleTransition, Workflow
from service.workflows.rules.region_settings import RegionSettings


class Workflows(Protocol):
    """Where definitions are found: the newest of a kind for what begins, by hash for what runs."""

    def current(self, kind: PartKind) -> Workflow: ...

    def pinned(self, workflow_hash: str) -> Workflow: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(PartlyRead):
    """What somebody asks of a part: `occurred_at` is when it happened in life, aware; `dated` that they said so.

    `unread` is a form as it was sent, where only the part's workflow tells which one it must be. `counted` is the form
    whose coded answers become facts: the form itself, or what an amendment makes of another.
    """

    trigger: str
    occurred_at: datetime
    dated: bool = True
    grounds: str | None = None
    form: Form | None = None
    unread: Mapping[str, Any] | None = None
    counted: Form | None = None


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A case as it stands for the person who asks: everything that decides a step, read in one transaction."""

    case: Case
    part: Part
    history: tuple[Transition, ...]
    settings: RegionSettings
    actor: Actor
    now: datetime
    kinds: Kinds
    sought: Mapping[Sought, UUID | None] = field(default_factory=dict)
    birth_month: str | None = None

    @cached_property
    def facts(self) -> CaseFacts:
        return fold(self.history, self.kinds)

    def context(self, on: date) -> FormContext:
        """What a form that comes with a step on that day is held against."""
        case, part = self.case, self.part
        return FormContext(
            facts=self.facts,
            settings=self.settings,
            on=on,
            region=case.region,
            part_id=part.id,
            birth_month=self.birth_month,
        )

    def attempt(self) -> Attempt:
        organisations = frozenset(held.organisation_id for held in self.actor.memberships)
        return Attempt(
            facts=self.facts,
            settings=self.settings,
            actor_id=self.actor.person_id,
            organisations=organisations,
            part_id=self.part.id,
            liaison_id=self.sought.get("liaison"),
        )


def possible(situation: Situation, workflows: Workflows) -> tuple[PossibleTransition, ...]:
    """Every step that the part knows in its state, the next action first, with what stands in the way of it."""
    part, workflow = situation.part, workflows.pinned(situation.part.workflow)
    seats = standing(situation.actor, situation.case, part, situation.history, situation.kinds)
    found = workflow.possible(part.state, situation.attempt(), seats)
    due_next = workflow.definition.states[part.state].next
    return tuple(sorted(found, key=lambda it: (it.trigger.name != due_next, it.trigger.name)))


def decide(situation: Situation, trigger: str, workflows: Workflows) -> Decision:
    """The decision on a step, or the refusal with all its reasons."""
    part = situation.part
    seats = standing(situation.actor, situation.case, part, situation.history, situation.kinds)
    return workflows.pinned(part.workflow).decide(part.state, trigger, situation.attempt(), seats)


def move(
    situation: Situation, step: Step, decision: Decision, workflows: Workflows, *, new_id: Callable[[], UUID]
) -> tuple[Transition, ...]:
    """The entries this step makes, in order: its own first, then the beginning of each part it opens."""
    first = _entry(situation, step, decision, workflows)
    began = _begin_parts(situation, step, decision, workflows, new_id)
    return (first, *(replace(it, sequence=first.sequence + n, cause=first.sequence) for n, it in enumerate(began, 1)))


def _entry(situation: Situation, step: Step, decision: Decision, workflows: Workflows) -> Transition:
    case, part, form = situation.case, situation.part, step.form
    counted = step.counted or form
    state = workflows.pinned(part.workflow).definition.states[decision.target]
    submitted_as = situation.history[0].role if situation.history else decision.acting.role
    role, organisation = party_of(state, case, part, submitted_as)
    stays = decision.target == part.state
    assignee = part.assignee_id if stays else None
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
        due_on=_due_on(state, situation, step, stays=stays),
        line=part.line,
        addressee_id=part.addressee_id,
        form=form.form_name if form else None,
        codes=_codes(form, counted, situation.birth_month),
        age_band=counted.age_band(day_in_amsterdam(step.occurred_at)) if counted else None,
    )


def _assignee(form: Form | None, current: UUID | None) -> UUID | None:
    return form.assigned(current) if form else current


def _codes(form: Form | None, counted: Form | None, birth_month: str | None) -> Codes:
    """The coded answers; those of an amendment with the entry that they replace."""
    codes = counted.codes() if counted else {}
    if counted and counted.weighs_age and birth_month:
        codes |= counted.weighed(birth_month)
    return {**codes, AMENDS: (str(form.amends),)} if isinstance(form, Amendment) else codes


def _begin_parts(
    situation: Situation, step: Step, decision: Decision, workflows: Workflows, new_id: Callable[[], UUID]
) -> Iterator[Transition]:
    if step.form is None or not decision.trigger.opens:
        return
    context = situation.context(day_in_amsterdam(step.occurred_at))
    for kind in decision.trigger.opens:
        workflow = workflows.current(kind)
        for opening in step.form.openings(kind, context):
            addressee = _addressee(opening, decision, situation)
            if situation.kinds[kind].once_a_line and _was_asked(situation, kind, opening.line, addressee):
                continue
            part = part_to_begin(
                new_id(),
                situation.case.id,
                kind,
                workflow.hash,
                step.occurred_at,
                line=opening.line,
                addressee_id=addressee,
            )
            begun = replace(situation, part=part)
            bare = Step(trigger=step.trigger, occurred_at=step.occurred_at)
            first = _entry(begun, bare, decide(begun, step.trigger, workflows), workflows)
            yield replace(first, due_on=opening.due_on or first.due_on, codes=opening.codes)


def _addressee(opening: Opening, decision: Decision, situation: Situation) -> UUID | None:
    """Whom the form names, or whom the system finds; nobody knows the payer or has a network: that blocks nothing."""
    if opening.sought is None:
        return opening.addressee_id
    if opening.sought == "asker":
        return decision.acting.organisation_id if decision.acting.role in ADDRESSED_ROLES else None
    found = situation.sought.get(opening.sought)
    if found is None and opening.sought == "liaison":
        raise NoLiaisonForRegion(situation.case.region)
    return found


def _was_asked(situation: Situation, kind: PartKind, line: str | None, addressee: UUID | None) -> bool:
    """Whether this organisation was asked for this line before, in this round of the case; another is asked anew."""
    again = [it for it in situation.history if it.part_kind == "case" and it.trigger in NEW_ROUND]
    reopened = again[-1].sequence if again else 0
    return any(
        (it.part_kind, it.part_sequence, it.line, it.addressee_id) == (kind, 1, line, addressee)
        and (it.sequence > reopened or line in situation.facts.advice_lines)
        for it in situation.history
    )


def party_of(state: State, case: Case, part: Part, submitted_as: Role) -> tuple[Role | None, UUID | None]:
    """The one party that must act now (I1). What is addressed to nobody yet is the process director's to arrange.

    "local_team" in a workflow is whoever submitted: a parent or young person is called by their own name.
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


def _due_on(state: State, situation: Situation, step: Step, *, stays: bool) -> date | None:
    """A term runs from the day a state was entered, or its next action done; other steps leave it running (I28)."""
    if state.term is None:
        return None
    if step.form and (chosen := step.form.next_on()):
        return chosen
    if stays and step.trigger != state.next:
        return situation.part.due_on
    return due(day_in_amsterdam(step.occurred_at), situation.settings.terms[state.term])
