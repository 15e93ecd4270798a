"""The state machine of a definition: decides on a step, or refuses it with every reason at once.

This is the only module that uses the library `transitions`. One immutable machine serves all cases of a definition. Its
model is a small object per step, which the machine does not keep (decision 0006).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast

from transitions import EventData, Machine

from service.vocabulary.actor import Membership
from service.vocabulary.refusals import GuardsNotMet, Labels, RoleNotAllowed, TransitionNotAllowed, UnmetGuard
from service.workflows.rules.definition import Definition, Trigger
from service.workflows.rules.guard import Guard
from service.workflows.rules.kinds import START, PartKind


@dataclass(slots=True)
class _Firing:
    """The model that the machine gets for one step. The machine sets `state`."""

    state: str
    attempt: object
    unmet: list[Guard] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PossibleTransition:
    """A trigger of a state.

    `allowed_for_you`: the caller has a role that may fire it. `why_not`: the code of the reason, for a caller who has
    that role and no say in this part. `unmet`: guards not met yet.
    """

    trigger: Trigger
    target: str
    allowed_for_you: bool
    unmet: tuple[UnmetGuard, ...]
    why_not: str | None = None

    @property
    def possible(self) -> bool:
        return self.allowed_for_you and not self.unmet


class Workflow:
    """A definition with its state machine. Immutable and shared by all threads."""

    def __init__(
        self,
        definition: Definition,
        guards: Mapping[str, Guard],
        fixed_guards: Mapping[str, tuple[Guard, ...]] = MappingProxyType({}),
    ) -> None:
        """`guards`: those that the definition may name. `fixed_guards`: further guards of triggers, by trigger."""
        self.definition = definition
        self.hash = definition.hash
        steps = {name: trigger.label for name, trigger in definition.triggers.items()}
        states = {name: state.label for name, state in definition.states.items()}
        self._labels: Labels = MappingProxyType(steps | states)
        self._edges: dict[str, dict[str, tuple[Trigger, str]]] = {START: {}}
        self._named_guards = {
            name: tuple(guards[guard].on_trigger(trigger.opens) for guard in trigger.guards)
            for name, trigger in definition.triggers.items()
        }
        self.guards = {name: (*named, *fixed_guards.get(name, ())) for name, named in self._named_guards.items()}
        machine = Machine(
            model=None, states=[START, *definition.states], initial=START, auto_transitions=False, send_event=True
        )
        for name, source, target in definition.edges():
            self._edges.setdefault(source, {})[name] = (definition.triggers[name], target)
            machine.add_transition(name, source, target, conditions=_conditions(self.guards[name]))
        self._events: Mapping[str, Any] = MappingProxyType(machine.events)

    def triggers_from(self, state: str) -> tuple[str, ...]:
        return tuple(self._edges.get(state, ()))

    def kinds_opened_from(self, state: str) -> frozenset[PartKind]:
        """Returns the kinds of part that a step from this state may begin."""
        return frozenset(kind for trigger, _ in self._edges.get(state, {}).values() for kind in trigger.opens)

    def decide(self, state: str, trigger: str, attempt: object, memberships: Collection[Membership]) -> "Decision":
        """Returns the decision on a step. Raises TransitionNotAllowed, RoleNotAllowed or GuardsNotMet."""
        if trigger not in self._edges.get(state, ()):
            raise TransitionNotAllowed(trigger, state, self.triggers_from(state), self._labels)
        trigger_definition, _ = self._edges[state][trigger]
        acting = _membership_for(trigger_definition, memberships)
        if acting is None:
            raise RoleNotAllowed(trigger, tuple(str(role) for role in trigger_definition.roles), self._labels)
        firing = _Firing(state, attempt)
        if not self._events[trigger].trigger(firing):
            raise GuardsNotMet(trigger, _as_unmet(firing.unmet), self._labels)
        return Decision(trigger_definition, firing.state, acting)

    def possible_transitions(
        self, state: str, attempt: object, standing: Callable[[Trigger], Collection[Membership]]
    ) -> tuple[PossibleTransition, ...]:
        """Returns every trigger of this state, with the role check and the unmet guards of each.

        Of a trigger that others may fire, only the guards of the definition are told. `standing` returns the
        memberships in which the person may fire a trigger.
        """
        return tuple(
            self._weigh(trigger, target, attempt, standing(trigger))
            for trigger, target in self._edges.get(state, {}).values()
        )

    def _weigh(
        self, trigger: Trigger, target: str, attempt: object, standing: Collection[Membership]
    ) -> PossibleTransition:
        allowed = _membership_for(trigger, standing) is not None
        guards = self.guards[trigger.name] if allowed else self._named_guards[trigger.name]
        return PossibleTransition(trigger, target, allowed, _as_unmet(_unmet(guards, attempt)))


@dataclass(frozen=True, slots=True)
class Decision:
    """A permitted step: its trigger, its target state, and the membership in which the person takes it."""

    trigger: Trigger
    target: str
    acting: Membership


def _membership_for(trigger: Trigger, memberships: Collection[Membership]) -> Membership | None:
    """Returns the membership with the first role of the trigger that the person has, or None."""
    return next((membership for role in trigger.roles for membership in memberships if membership.role == role), None)


def _as_unmet(guards: Iterable[Guard]) -> tuple[UnmetGuard, ...]:
    return tuple(UnmetGuard(guard.name, guard.words) for guard in guards)


def _unmet(guards: tuple[Guard, ...], attempt: object) -> list[Guard]:
    """Returns all guards that do not hold. Both `decide` and `possible_transitions` use it (decision 0007)."""
    return [guard for guard in guards if not guard.holds(attempt)]


def _conditions(guards: tuple[Guard, ...]) -> Any:
    """Returns the conditions of a transition: one function that records the unmet guards in the machine's model."""

    def all_hold(event: EventData) -> bool:
        firing = cast("_Firing", event.model)
        firing.unmet = _unmet(guards, firing.attempt)
        return not firing.unmet

    return [all_hold] if guards else None
