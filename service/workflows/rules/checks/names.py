"""Checks of names: every role, phase, guard, form and kind in a definition exists, and every item has a label."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import get_args

from service.vocabulary.roles import ADDRESSED_ROLES, Role
from service.workflows.rules.checks.check_context import ROLE_NAMES, CheckContext
from service.workflows.rules.definition import ADOPT_TRIGGER, Diagnostic
from service.workflows.rules.kinds import START, PartKind, Phase

_PHASES: frozenset[str] = frozenset(get_args(Phase))
# The team and the submitter can be the party in every kind of part, these roles only in a kind addressed to them. In
# another kind the process director becomes the party instead, so it is a warning: nobody is left without a turn.
_ROLES_OF_SOME_KINDS: frozenset[str] = ADDRESSED_ROLES | {Role.DATA_PROTECTION_OFFICER}


def _check_name(subject: CheckContext) -> Iterator[Diagnostic]:
    if subject.definition.name not in subject.kinds:
        yield subject.fault("unknown_kind", "name", kind=subject.definition.name)


def _check_states(subject: CheckContext) -> Iterator[Diagnostic]:
    kind_name = subject.definition.name
    kind = subject.kinds.get(kind_name)
    for state in subject.states():
        if state.name == START:
            yield subject.fault("reserved_name", f"states.{START}", name=START)
        if state.phase not in _PHASES:
            yield subject.state_fault(state.name, "unknown_phase", "phase", phase=state.phase)
        if state.party and state.party not in ROLE_NAMES:
            yield subject.state_fault(state.name, "unknown_role", "party", role=state.party)
        elif state.party in _ROLES_OF_SOME_KINDS and kind and state.party not in kind.parties:
            fault = subject.state_fault(state.name, "party_of_another_kind", "party", role=state.party, kind=kind_name)
            yield replace(fault, severity="warning")


def _check_triggers(subject: CheckContext) -> Iterator[Diagnostic]:
    for trigger in subject.triggers():
        path = f"triggers.{trigger.name}"
        if trigger.name == ADOPT_TRIGGER.name:
            yield subject.fault("reserved_trigger", path, name=trigger.name)
        for role in trigger.roles:
            if role not in ROLE_NAMES:
                yield subject.fault("unknown_role", f"{path}.roles", role=role)
        if not trigger.roles:
            yield subject.fault("trigger_without_role", f"{path}.roles", trigger=trigger.name)
        if trigger.form and trigger.form not in subject.forms:
            yield subject.fault("unknown_form", f"{path}.form", form=trigger.form)


def _check_states_of_edges(subject: CheckContext) -> Iterator[Diagnostic]:
    known = subject.definition.states.keys()
    for trigger in subject.triggers():
        sources = {move.source for move in trigger.edges} - known - {START}
        targets = {move.target for move in trigger.edges} - known - sources
        for key, unknown in (("from", sources), ("to", targets)):
            for state in sorted(unknown):
                yield subject.fault("unknown_state", f"triggers.{trigger.name}.{key}", state=state)


def _check_guards(subject: CheckContext) -> Iterator[Diagnostic]:
    kind = subject.definition.name
    for trigger in subject.triggers():
        path = f"triggers.{trigger.name}.guards"
        for guard in trigger.guards:
            if guard not in subject.guards:
                yield subject.fault("unknown_guard", path, guard=guard)
            elif kind not in (kinds := subject.guards[guard].kinds):
                about_payment = bool(kinds) and all(subject.kinds[name].about_payment for name in kinds)
                code = "payment_blocks_help" if about_payment else "guard_of_another_kind"
                yield subject.fault(code, path, guard=guard, kind=kind)


def _check_opens(subject: CheckContext) -> Iterator[Diagnostic]:
    for trigger in subject.triggers():
        path = f"triggers.{trigger.name}.opens"
        for kind in trigger.opens:
            if kind not in subject.kinds or subject.kinds[kind].begins == "with_the_case":
                yield subject.fault("unknown_kind", path, kind=kind)
            elif kind not in subject.kinds_with_file:
                yield subject.fault("kind_without_file", path, kind=kind)
        if trigger.opens and not trigger.form:
            yield subject.fault("opens_without_form", path, trigger=trigger.name)
        if _is_about_payment(subject) and not all(_may_be_opened_by_payment(subject, kind) for kind in trigger.opens):
            yield subject.fault("payment_opens_help", path, trigger=trigger.name)


def _is_about_payment(subject: CheckContext) -> bool:
    kind = subject.kinds.get(subject.definition.name)
    return kind is not None and kind.about_payment


def _may_be_opened_by_payment(subject: CheckContext, kind: PartKind) -> bool:
    return kind in subject.kinds and subject.kinds[kind].opened_by_payment


def _check_labels(subject: CheckContext) -> Iterator[Diagnostic]:
    labels = [("label", subject.definition.label)]
    labels += [(f"states.{state.name}.label", state.label) for state in subject.states()]
    labels += [(f"triggers.{trigger.name}.label", trigger.label) for trigger in subject.triggers()]
    for path, label in labels:
        if not (label.nl and label.en):
            yield subject.fault("missing_label", path)


CHECKS: tuple[Callable[[CheckContext], Iterator[Diagnostic]], ...] = (
    _check_name,
    _check_states,
    _check_triggers,
    _check_states_of_edges,
    _check_guards,
    _check_opens,
    _check_labels,
)
