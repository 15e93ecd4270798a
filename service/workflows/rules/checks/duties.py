"""Every open state has one party that must act, one next action that it can take, and one term; an end has none."""

from collections.abc import Callable, Iterator

from service.workflows.rules.checks.subject import IN_EVERY_OPEN_STATE, ROLES, Subject
from service.workflows.rules.definition import Diagnostic, Move

_DUTIES = ("party", "term", "next")


def _open_states_have_duties(subject: Subject) -> Iterator[Diagnostic]:
    for state in subject.open_states():
        for key in _DUTIES:
            if not getattr(state, key):
                yield subject.at(state.name, "missing_duty", key, key=key)


def _ends_have_none(subject: Subject) -> Iterator[Diagnostic]:
    for state in subject.states():
        for key in _DUTIES:
            if not state.is_open and getattr(state, key):
                yield subject.at(state.name, "duty_at_an_end", key, key=key)


def _next_is_possible(subject: Subject) -> Iterator[Diagnostic]:
    for state in subject.open_states():
        if not state.next:
            continue
        here = {edge.trigger for edge in subject.from_(state.name)} - set(IN_EVERY_OPEN_STATE)
        if state.next not in here:
            yield subject.at(state.name, "next_not_possible", "next", trigger=state.next)
        elif state.party in ROLES and state.party not in subject.definition.triggers[state.next].roles:
            yield subject.at(state.name, "next_not_for_party", "next", trigger=state.next, role=state.party)


def _party_can_act(subject: Subject) -> Iterator[Diagnostic]:
    for state in subject.open_states():
        exits = [subject.definition.triggers[edge.trigger] for edge in subject.exits(state.name)]
        if state.party in ROLES and exits and not any(state.party in trigger.roles for trigger in exits):
            yield subject.at(state.name, "party_has_no_exit", "party", role=state.party)


def _everyday_triggers(subject: Subject) -> Iterator[Diagnostic]:
    for name in IN_EVERY_OPEN_STATE:
        found = subject.definition.triggers.get(name)
        for state in subject.open_states():
            if not found or Move(state.name, state.name) not in found.edges:
                yield subject.at(state.name, "everyday_trigger_missing", trigger=name)


LOOKS: tuple[Callable[[Subject], Iterator[Diagnostic]], ...] = (
    _open_states_have_duties,
    _ends_have_none,
    _next_is_possible,
    _party_can_act,
    _everyday_triggers,
)
