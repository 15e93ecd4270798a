"""From a decision to history: a step becomes a transition, and the parts it opens begin with one each."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

from service.domain.actor import Actor, standing
from service.domain.case import START, Case, Part, PartKind, Transition
from service.domain.definition import State
from service.domain.facts import AMENDS, CaseFacts, fold
from service.domain.forms.base import Codes, Form, Opening
from service.domain.forms.notes import Amendment
from service.domain.guards import Attempt
from service.domain.refusals import NoLiaisonForRegion
from service.domain.region_settings import RegionSettings
from service.domain.roles import ADDRESSED_ROLES, TABLE_ROLES, TEAM_ROLES, Role
from service.domain.terms import day_in_amsterdam, due
from service.domain.workflow import Decision, PossibleTransition, Workflow


class Workflows(Protocol):
    """Where definitions are found: the newest of a kind for what begins, by hash for what runs."""

    def current(self, kind: PartKind) -> Workflow: ...

    def pinned(self, workflow_hash: str) -> Workflow: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
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
    liaison_id: UUID | None = None

    @cached_property
    def facts(self) -> CaseFacts:
        return fold(self.history)

    def attempt(self) -> Attempt:
        return Attempt(facts=self.facts, settings=self.settings, actor_id=self.actor.person_id)


def possible(situation: Situation, workflows: Workflows) -> tuple[PossibleTransition, ...]:
    """Every step that the part knows in its state, the next action first, with what stands in the way of it."""
    part, workflow = situation.part, workflows.pinned(situation.part.workflow)
    seats = standing(situation.actor, situation.case, part, situation.history)
    found = workflow.possible(part.state, situation.attempt(), seats)
    due_next = workflow.definition.states[part.state].next
    return tuple(sorted(found, key=lambda it: (it.trigger.name != due_next, it.trigger.name)))


def decide(situation: Situation, trigger: str, workflows: Workflows) -> Decision:
    """The decision on a step, or the refusal with all its reasons."""
    part = situation.part
    seats = standing(situation.actor, situation.case, part, situation.history)
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
    role, organisation = party_of(state, case, part)
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
        codes=_codes(form, counted),
        age_band=counted.age_band(day_in_amsterdam(step.occurred_at)) if counted else None,
    )


def _assignee(form: Form | None, current: UUID | None) -> UUID | None:
    return form.assigned(current) if form else current


def _codes(form: Form | None, counted: Form | None) -> Codes:
    """The coded answers; those of an amendment with the entry that they replace."""
    codes = counted.codes() if counted else {}
    return {**codes, AMENDS: (str(form.amends),)} if isinstance(form, Amendment) else codes


def _begin_parts(
    situation: Situation, step: Step, decision: Decision, workflows: Workflows, new_id: Callable[[], UUID]
) -> Iterator[Transition]:
    if step.form is None:
        return
    facts = situation.facts
    for kind in decision.trigger.opens:
        workflow = workflows.current(kind)
        for opening in step.form.openings(kind, facts):
            part = Part(
                id=new_id(),
                case_id=situation.case.id,
                kind=kind,
                workflow=workflow.hash,
                state=START,
                phase="placement",
                sequence=0,
                occurred_at=step.occurred_at,
                line=opening.line,
                addressee_id=_addressee(workflow, step.trigger, opening, situation),
            )
            begun = replace(situation, part=part)
            bare = Step(trigger=step.trigger, occurred_at=step.occurred_at)
            yield _entry(begun, bare, decide(begun, step.trigger, workflows), workflows)


def _addressee(workflow: Workflow, trigger: str, opening: Opening, situation: Situation) -> UUID | None:
    """A national escalation is put to the liaison appointed for the region; everything else to whom the form says."""
    target = next(target for name, source, target in workflow.definition.edges() if (name, source) == (trigger, START))
    if workflow.definition.states[target].party != Role.CCE_LIAISON:
        return opening.addressee_id
    if situation.liaison_id is None:
        raise NoLiaisonForRegion(situation.case.region)
    return situation.liaison_id


def party_of(state: State, case: Case, part: Part) -> tuple[Role | None, UUID | None]:
    """The one party that must act now (I1). What is addressed to nobody yet is the process director's to arrange."""
    if state.party is None:
        return None, None
    if state.party in TEAM_ROLES or state.party in TABLE_ROLES:
        return state.party, case.team_id
    if state.party == Role.LOCAL_TEAM:
        return state.party, case.submitter_id
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
