"""Checks of reachability: every state can be reached, has a way to an end, and an end is left only by reopening."""

from collections import Counter
from collections.abc import Callable, Iterator

from service.workflows.rules.checks.check_context import CheckContext
from service.workflows.rules.definition import Definition, Diagnostic, Edge
from service.workflows.rules.kinds import START

REOPEN = "reopen"
# Allowed in an end state, which they keep: the file of an ended case can still be shared, also for learning (I20, I22).
CONSENT_TRIGGERS = ("record_consent", "withdraw_consent")


def _check_start(subject: CheckContext) -> Iterator[Diagnostic]:
    if not subject.edges_from(START):
        yield subject.fault("no_start", "triggers")


def _check_reachable(subject: CheckContext) -> Iterator[Diagnostic]:
    if not subject.edges_from(START):
        return  # no_start reports it once for all states
    for state in subject.states():
        if state.name not in subject.paths:
            yield subject.state_fault(state.name, "unreachable_state")
    for trigger in subject.triggers():
        for source, target in trigger.edges:
            if source in subject.definition.states and source not in subject.paths and source != target:
                yield subject.fault("dead_transition", f"triggers.{trigger.name}.from", state=source)
        if not trigger.edges:
            yield subject.fault("dead_transition", f"triggers.{trigger.name}.from", state="*")


def _check_way_to_an_end(subject: CheckContext) -> Iterator[Diagnostic]:
    ending = _states_that_can_end(subject.definition)
    for state in subject.open_states():
        if state.name in subject.paths and state.name not in ending:
            yield subject.state_fault(state.name, "no_way_to_an_end")


def _states_that_can_end(definition: Definition) -> set[str]:
    """Returns the states from which an end can be reached."""
    states = {state.name for state in definition.states.values() if not state.is_open}
    edges = tuple(definition.edges())
    while more := {edge.source for edge in edges if edge.target in states} - states:
        states |= more
    return states


def _check_unguarded_exit(subject: CheckContext) -> Iterator[Diagnostic]:
    for state in subject.open_states():
        exits = subject.exits(state.name)
        if exits and all(_may_stay_shut(subject, edge) for edge in exits):
            triggers = ", ".join(sorted({edge.trigger for edge in exits}))
            yield subject.state_fault(state.name, "every_exit_guarded", triggers=triggers)


def _may_stay_shut(subject: CheckContext, edge: Edge) -> bool:
    """Returns True where a guard may keep the edge shut for ever.

    A guard that waits for parts of another kind to end does not count: their own workflow is checked to have an end.
    """
    guards = map(subject.guards.get, subject.definition.triggers[edge.trigger].guards)
    return any(guard is None or guard.awaits is None for guard in guards)


def _check_exits_of_ends(subject: CheckContext) -> Iterator[Diagnostic]:
    for state in subject.states():
        for edge in subject.edges_from(state.name):
            stays = edge.trigger in CONSENT_TRIGGERS and edge.target == state.name
            if not (state.is_open or stays or edge.trigger == REOPEN):
                yield subject.state_fault(state.name, "exit_from_end", trigger=edge.trigger)


def _check_one_edge_per_state(subject: CheckContext) -> Iterator[Diagnostic]:
    for trigger in subject.triggers():
        for source, count in Counter(move.source for move in trigger.edges).items():
            if count > 1:
                path = f"triggers.{trigger.name}.from"
                witness = subject.paths.get(source, ())
                yield subject.fault("ambiguous_trigger", path, witness=witness, trigger=trigger.name, state=source)


CHECKS: tuple[Callable[[CheckContext], Iterator[Diagnostic]], ...] = (
    _check_start,
    _check_reachable,
    _check_way_to_an_end,
    _check_unguarded_exit,
    _check_exits_of_ends,
    _check_one_edge_per_state,
)
