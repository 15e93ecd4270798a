"""Rules for moving a running part to another workflow: the verdict, the plan and the recorded entry.

A plan is a definition with one trigger. Its edges lead from the states of one workflow to those of another. A part is
moved by a step like any other, so that the history records it and the database knows its edges.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from service.cases.rules.model import Part, Transition
from service.cases.rules.steps import Situation, Step, build_transitions
from service.vocabulary.actor import Membership
from service.vocabulary.form_parts import Fault
from service.workflows.rules.definition import ADOPT_TRIGGER, Definition, Edge, Move, WorkflowChange
from service.workflows.rules.kinds import PartKind
from service.workflows.rules.machine import Decision, Workflow

Fit = Literal["fits", "needs_a_mapping", "impossible"]
StateMapping = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verdict on moving a part to another workflow: whether it fits, and its state there.

    `unknown_steps`: steps of the part that the other workflow does not have. They are a remark and block nothing.
    """

    part: Part
    fit: Fit
    target: str
    reasons: tuple[Fault, ...] = ()
    unknown_steps: tuple[Edge, ...] = ()


def judge_part(
    part: Part,
    new: Definition,
    mapping: StateMapping,
    steps: Iterable[Edge] = (),
    *,
    terms: Collection[str],
    kinds: Collection[str],
) -> Verdict:
    """Returns the verdict on an open part. `steps`: steps that it took.

    `terms`: names of the terms in its region's settings. `kinds`: kinds of part that have a workflow.
    """
    target = mapping.get(part.state, part.state)
    state = new.states.get(target)
    reasons = [Fault("kind_without_workflow", (), {"kind": kind}) for kind in sorted(_opened_kinds(new) - set(kinds))]
    if state and state.term and state.term not in terms:
        reasons.append(Fault("term_not_set", (), {"state": target, "term": state.term}))
    hindered: Fit = "impossible"
    if state is None and part.state not in mapping:
        hindered = "impossible" if reasons else "needs_a_mapping"
        reasons.append(Fault("state_not_mapped", (), {"state": part.state}))
    else:
        reasons += _faults_of_target(target, new)
    unknown = sorted(step for step in set(steps) - set(new.edges()) if step.trigger != ADOPT_TRIGGER.name)
    return Verdict(
        part=part,
        fit=hindered if reasons else "fits",
        target=target,
        reasons=tuple(reasons),
        unknown_steps=tuple(unknown),
    )


def faults_of_sources(mapping: StateMapping, old: Iterable[Definition]) -> Iterator[Fault]:
    """Yields a fault for each mapped state that is no open state of a workflow that parts run on."""
    open_states = {name for definition in old for name, state in definition.states.items() if state.is_open}
    for source in sorted(mapping.keys() - open_states):
        yield Fault("not_an_open_state", ("mapping", source), {"state": source})


def faults_of_targets(mapping: StateMapping, new: Definition) -> Iterator[Fault]:
    """Yields a fault for each state that is mapped to anything but an open state of the other workflow."""
    for source, target in sorted(mapping.items()):
        yield from (replace(fault, location=("mapping", source)) for fault in _faults_of_target(target, new))


def plan_definition(old: Definition, new: Definition, mapping: StateMapping) -> Definition:
    """Returns the plan that moves every open state of `old` to its mapped state, or else to that of the same name."""
    targets = {name: mapping.get(name, name) for name, state in old.states.items() if state.is_open}
    moves = tuple(
        Move(source, target)
        for source, target in sorted(targets.items())
        if target in new.states and new.states[target].is_open
    )
    states = {move.source: old.states[move.source] for move in moves}
    states |= {move.target: new.states[move.target] for move in moves}
    return Definition(
        name=old.name,
        label=new.label,
        states=states,
        triggers={ADOPT_TRIGGER.name: ADOPT_TRIGGER.model_copy(update={"edges": moves})},
        adopts=WorkflowChange(old.hash, new.hash),
    )


def adoption_entry(situation: Situation, plan: Definition, acting: Membership) -> Transition:
    """Returns the entry that moves a part along the plan.

    Party, term and phase are those of the new state. A state of the same name keeps its due date, and its assignee as
    long as the same party must act.
    """
    part = situation.part
    target = dict(plan.triggers[ADOPT_TRIGGER.name].edges)[part.state]
    step = Step(trigger=ADOPT_TRIGGER.name, occurred_at=max(situation.now, part.occurred_at), has_date=False)
    along = replace(situation, part=replace(part, workflow=plan.hash))
    (entry,) = build_transitions(
        along, step, Decision(ADOPT_TRIGGER, target, acting), _PlanRulebook(plan), new_id=lambda: part.id
    )
    stays = (entry.party, entry.party_id) == (part.party, part.party_id)
    return entry if stays else replace(entry, assignee_id=None)


@dataclass(frozen=True, slots=True)
class _PlanRulebook:
    """The rulebook for a move along a plan: the plan is the only workflow."""

    plan: Definition

    def current(self, kind: PartKind) -> Workflow:
        raise LookupError(f"a plan opens no {kind}")

    def pinned(self, workflow_hash: str) -> Workflow:  # noqa: ARG002 - the part of the move is on the plan
        return Workflow(self.plan, {})


def _faults_of_target(target: str, new: Definition) -> Iterator[Fault]:
    state = new.states.get(target)
    if state is None:
        yield Fault("state_not_there", (), {"state": target})
    elif not state.is_open:
        yield Fault("mapped_to_an_end", (), {"state": target})


def _opened_kinds(definition: Definition) -> set[str]:
    return {kind for trigger in definition.triggers.values() for kind in trigger.opens}
