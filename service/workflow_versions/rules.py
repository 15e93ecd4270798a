"""Taking a part that runs to another workflow: whether it can, what stands in the way, and how it is recorded.

A plan is a definition with one trigger: its edges lead from the states of one workflow to those of another. What it
moves is moved as by any step, so that the history tells it and the database knows its edges.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from service.cases.rules.model import Part, Transition
from service.cases.rules.steps import Situation, Step, move
from service.vocabulary.actor import Membership
from service.vocabulary.form_parts import Fault
from service.workflows.rules.definition import ADOPT, Definition, Edge, Move, Passage
from service.workflows.rules.kinds import PartKind
from service.workflows.rules.machine import Decision, Workflow

Fit = Literal["fits", "needs_a_mapping", "impossible"]
Mapped = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a part can go to another workflow, and into which state of it.

    `unknown_steps` is a remark and hinders nothing: steps that the part took and the other workflow does not have.
    """

    part: Part
    fit: Fit
    target: str
    reasons: tuple[Fault, ...] = ()
    unknown_steps: tuple[Edge, ...] = ()


def judged(
    part: Part,
    new: Definition,
    mapping: Mapped,
    taken: Iterable[Edge] = (),
    *,
    terms: Collection[str],
    kinds: Collection[str],
) -> Verdict:
    """What would become of this open part, which took these steps.

    `terms` are those of its region's settings, `kinds` those of parts that have a workflow here.
    """
    target = mapping.get(part.state, part.state)
    state = new.states.get(target)
    reasons = [Fault("kind_without_workflow", (), {"kind": kind}) for kind in sorted(_opened(new) - set(kinds))]
    if state and state.term and state.term not in terms:
        reasons.append(Fault("term_not_set", (), {"state": target, "term": state.term}))
    hindered: Fit = "impossible"
    if state is None and part.state not in mapping:
        hindered = "impossible" if reasons else "needs_a_mapping"
        reasons.append(Fault("state_not_mapped", (), {"state": part.state}))
    else:
        reasons += _no_way_to(target, new)
    unknown = sorted(it for it in set(taken) - set(new.edges()) if it.trigger != ADOPT.name)
    return Verdict(
        part=part,
        fit=hindered if reasons else "fits",
        target=target,
        reasons=tuple(reasons),
        unknown_steps=tuple(unknown),
    )


def unknown_sources(mapping: Mapped, old: Iterable[Definition]) -> Iterator[Fault]:
    """Only open states are mapped, of a workflow that parts run on."""
    known = {name for definition in old for name, state in definition.states.items() if state.is_open}
    for source in sorted(mapping.keys() - known):
        yield Fault("not_an_open_state", ("mapping", source), {"state": source})


def unknown_targets(mapping: Mapped, new: Definition) -> Iterator[Fault]:
    """A state is mapped to an open state of the other workflow."""
    for source, target in sorted(mapping.items()):
        yield from (replace(fault, location=("mapping", source)) for fault in _no_way_to(target, new))


def plan_between(old: Definition, new: Definition, mapping: Mapped) -> Definition:
    """The plan that takes every open state of `old` to where it is mapped, or else to the state of the same name."""
    wanted = {name: mapping.get(name, name) for name, state in old.states.items() if state.is_open}
    moves = tuple(Move(*it) for it in sorted(wanted.items()) if it[1] in new.states and new.states[it[1]].is_open)
    states = {move.source: old.states[move.source] for move in moves}
    states |= {move.target: new.states[move.target] for move in moves}
    return Definition(
        name=old.name,
        label=new.label,
        states=states,
        triggers={ADOPT.name: ADOPT.model_copy(update={"edges": moves})},
        adopts=Passage(old.hash, new.hash),
    )


def adoption(situation: Situation, plan: Definition, acting: Membership) -> Transition:
    """The entry that takes a part along the plan.

    Party, term and phase are those of the state it comes to; a state of the same name goes on with its day, and with
    its person as long as the same party must act.
    """
    part = situation.part
    target = dict(plan.triggers[ADOPT.name].edges)[part.state]
    step = Step(trigger=ADOPT.name, occurred_at=max(situation.now, part.occurred_at), dated=False)
    along = replace(situation, part=replace(part, workflow=plan.hash))
    (entry,) = move(along, step, Decision(ADOPT, target, acting), _Along(plan), new_id=lambda: part.id)
    stays = (entry.party, entry.party_id) == (part.party, part.party_id)
    return entry if stays else replace(entry, assignee_id=None)


@dataclass(frozen=True, slots=True)
class _Along:
    """While a part moves along a plan, the plan is all there is to know."""

    plan: Definition

    def current(self, kind: PartKind) -> Workflow:
        raise LookupError(f"a plan opens no {kind}")

    def pinned(self, workflow_hash: str) -> Workflow:  # noqa: ARG002 - the part of the move is on the plan
        return Workflow(self.plan, {})


def _no_way_to(target: str, new: Definition) -> Iterator[Fault]:
    state = new.states.get(target)
    if state is None:
        yield Fault("state_not_there", (), {"state": target})
    elif not state.is_open:
        yield Fault("mapped_to_an_end", (), {"state": target})


def _opened(definition: Definition) -> set[str]:
    return {kind for trigger in definition.triggers.values() for kind in trigger.opens}
