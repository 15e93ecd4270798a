"""Every state can be reached, none is a trap, and an end is an end."""

from collections import Counter
from collections.abc import Callable, Iterator

from service.workflows.rules.checks.subject import Subject
from service.workflows.rules.definition import Definition, Diagnostic, Edge
from service.workflows.rules.kinds import START

REOPEN = "reopen"
# These leave an end as it is: what was written is still there, to be shared or not, also to learn from (I20, I22).
CONSENTING = ("record_consent", "withdraw_consent")


def _beginning(subject: Subject) -> Iterator[Diagnostic]:
    if not subject.from_(START):
        yield subject.fault("no_start", "triggers")


def _reachable(subject: Subject) -> Iterator[Diagnostic]:
    if not subject.from_(START):
        return  # said once, not for every state
    for state in subject.states():
        if state.name not in subject.ways:
            yield subject.at(state.name, "unreachable_state")
    for trigger in subject.triggers():
        for source, target in trigger.edges:
            if source in subject.definition.states and source not in subject.ways and source != target:
                yield subject.fault("dead_transition", f"triggers.{trigger.name}.from", state=source)
        if not trigger.edges:
            yield subject.fault("dead_transition", f"triggers.{trigger.name}.from", state="*")


def _way_to_an_end(subject: Subject) -> Iterator[Diagnostic]:
    ending = _ending(subject.definition)
    for state in subject.open_states():
        if state.name in subject.ways and state.name not in ending:
            yield subject.at(state.name, "no_way_to_an_end")


def _ending(definition: Definition) -> set[str]:
    """Every state from which an end can be reached."""
    found = {state.name for state in definition.states.values() if not state.is_open}
    edges = tuple(definition.edges())
    while more := {edge.source for edge in edges if edge.target in found} - found:
        found |= more
    return found


def _never_stuck(subject: Subject) -> Iterator[Diagnostic]:
    for state in subject.open_states():
        exits = subject.exits(state.name)
        if exits and all(_may_stay_shut(subject, edge) for edge in exits):
            triggers = ", ".join(sorted({edge.trigger for edge in exits}))
            yield subject.at(state.name, "every_exit_guarded", triggers=triggers)


def _may_stay_shut(subject: Subject, edge: Edge) -> bool:
    """Waiting for parts of another kind to end is no trap: that these always can is checked in their own workflow."""
    guards = map(subject.guards.get, subject.definition.triggers[edge.trigger].guards)
    return any(guard is None or guard.awaits is None for guard in guards)


def _ends_end(subject: Subject) -> Iterator[Diagnostic]:
    for state in subject.states():
        for edge in subject.from_(state.name):
            stays = edge.trigger in CONSENTING and edge.target == state.name
            if not (state.is_open or stays or edge.trigger == REOPEN):
                yield subject.at(state.name, "exit_from_end", trigger=edge.trigger)


def _one_edge_each(subject: Subject) -> Iterator[Diagnostic]:
    for trigger in subject.triggers():
        for source, count in Counter(move.source for move in trigger.edges).items():
            if count > 1:
                path = f"triggers.{trigger.name}.from"
                way = subject.ways.get(source, ())
                yield subject.fault("ambiguous_trigger", path, witness=way, trigger=trigger.name, state=source)


LOOKS: tuple[Callable[[Subject], Iterator[Diagnostic]], ...] = (
    _beginning,
    _reachable,
    _way_to_an_end,
    _never_stuck,
    _ends_end,
    _one_edge_each,
)
