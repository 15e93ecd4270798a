"""Checks of duties: an open state has a party, a possible next action and a term; an end state has none of these."""

from collections.abc import Callable, Iterator

from service.workflows.rules.checks.check_context import EVERYDAY_TRIGGERS, ROLE_NAMES, CheckContext
from service.workflows.rules.definition import Diagnostic, Move

_DUTIES = ("party", "term", "next")


def _check_duties_of_open_states(subject: CheckContext) -> Iterator[Diagnostic]:
    for state in subject.open_states():
        for key in _DUTIES:
            if not getattr(state, key):
                yield subject.state_fault(state.name, "missing_duty", key, key=key)


def _check_ends_without_duties(subject: CheckContext) -> Iterator[Diagnostic]:
    for state in subject.states():
        for key in _DUTIES:
            if not state.is_open and getattr(state, key):
                yield subject.state_fault(state.name, "duty_at_an_end", key, key=key)


def _check_next_action(subject: CheckContext) -> Iterator[Diagnostic]:
    for state in subject.open_states():
        if not state.next:
            continue
        triggers = {edge.trigger for edge in subject.edges_from(state.name)} - set(EVERYDAY_TRIGGERS)
        if state.next not in triggers:
            yield subject.state_fault(state.name, "next_not_possible", "next", trigger=state.next)
        elif state.party in ROLE_NAMES and state.party not in subject.definition.triggers[state.next].roles:
            yield subject.state_fault(state.name, "next_not_for_party", "next", trigger=state.next, role=state.party)


def _check_party_has_exit(subject: CheckContext) -> Iterator[Diagnostic]:
    for state in subject.open_states():
        exits = [subject.definition.triggers[edge.trigger] for edge in subject.exits(state.name)]
        if state.party in ROLE_NAMES and exits and not any(state.party in trigger.roles for trigger in exits):
            yield subject.state_fault(state.name, "party_has_no_exit", "party", role=state.party)


def _check_everyday_triggers(subject: CheckContext) -> Iterator[Diagnostic]:
    for name in EVERYDAY_TRIGGERS:
        trigger = subject.definition.triggers.get(name)
        for state in subject.open_states():
            if not trigger or Move(state.name, state.name) not in trigger.edges:
                yield subject.state_fault(state.name, "everyday_trigger_missing", trigger=name)


CHECKS: tuple[Callable[[CheckContext], Iterator[Diagnostic]], ...] = (
    _check_duties_of_open_states,
    _check_ends_without_duties,
    _check_next_action,
    _check_party_has_exit,
    _check_everyday_triggers,
)
