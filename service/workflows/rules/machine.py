"""A workflow decides: it says which steps are possible, and refuses the others with every reason at once.

The one room that knows the library `transitions`. One immutable machine serves all cases of a definition; what is fired
is a slim context that the machine never keeps.
"""

from collections.abc import Collection, Iterable, Mapping
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
    """What travels through the machine for one step; `state` is written by the machine."""

    state: str
    attempt: object
    unmet: list[Guard] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PossibleTransition:
    """A trigger that the state knows: whether the caller's roles may fire it, and what is missing first."""

    trigger: Trigger
    target: str
    allowed_for_you: bool
    unmet: tuple[UnmetGuard, ...]

    @property
    def possible(self) -> bool:
        return self.allowed_for_you and not self.unmet


class Workflow:
    """One definition, ready to decide. Immutable and shared by all threads."""

    def __init__(self, definition: Definition, guards: Mapping[str, Guard]) -> None:
        self.definition = definition
        self.hash = definition.hash
        steps = {name: it.label for name, it in definition.triggers.items()}
        states = {name: it.label for name, it in definition.states.items()}
        self._labels: Labels = MappingProxyType(steps | states)
        self._edges: dict[str, dict[str, tuple[Trigger, str]]] = {START: {}}
        self._guards = {name: tuple(guards[g] for g in it.guards) for name, it in definition.triggers.items()}
        machine = Machine(
            model=None, states=[START, *definition.states], initial=START, auto_transitions=False, send_event=True
        )
        for trigger, source, target in definition.edges():
            found = definition.triggers[trigger]
            self._edges.setdefault(source, {})[trigger] = (found, target)
            machine.add_transition(trigger, source, target, conditions=_all_hold(self._guards[trigger]))
        self._events: Mapping[str, Any] = MappingProxyType(machine.events)

    def known_from(self, state: str) -> tuple[str, ...]:
        return tuple(self._edges.get(state, ()))

    def opens_from(self, state: str) -> frozenset[PartKind]:
        """The kinds of part that a step from this state may begin."""
        return frozenset(kind for found, _ in self._edges.get(state, {}).values() for kind in found.opens)

    def decide(self, state: str, trigger: str, attempt: object, standing: Collection[Membership]) -> "Decision":
        """Where the step leads and in which membership it is made, or the refusal that says why not."""
        if trigger not in self._edges.get(state, ()):
            raise TransitionNotAllowed(trigger, state, self.known_from(state), self._labels)
        found, _ = self._edges[state][trigger]
        acting = _in_role(found, standing)
        if acting is None:
            raise RoleNotAllowed(trigger, tuple(str(role) for role in found.roles), self._labels)
        firing = _Firing(state, attempt)
        if not self._events[trigger].trigger(firing):
            raise GuardsNotMet(trigger, _told(firing.unmet), self._labels)
        return Decision(found, firing.state, acting)

    def possible(self, state: str, attempt: object, standing: Collection[Membership]) -> tuple[PossibleTransition, ...]:
        """Every trigger that this state knows, with what stands in the way."""
        return tuple(
            PossibleTransition(
                trigger=found,
                target=target,
                allowed_for_you=_in_role(found, standing) is not None,
                unmet=_told(_unmet(self._guards[name], attempt)),
            )
            for name, (found, target) in self._edges.get(state, {}).items()
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """A step that may be made: its trigger, the state it leads to, and the membership in which it is made."""

    trigger: Trigger
    target: str
    acting: Membership


def _in_role(trigger: Trigger, standing: Collection[Membership]) -> Membership | None:
    return next((held for role in trigger.roles for held in standing if held.role == role), None)


def _told(guards: Iterable[Guard]) -> tuple[UnmetGuard, ...]:
    return tuple(UnmetGuard(guard.name, guard.words) for guard in guards)


def _unmet(guards: tuple[Guard, ...], attempt: object) -> list[Guard]:
    """The guards of a trigger that do not hold: what refuses a step, and what is told before it. Evaluates them all."""
    return [guard for guard in guards if not guard.holds(attempt)]


def _all_hold(guards: tuple[Guard, ...]) -> Any:
    """One condition for the machine: every guard holds. Those that do not are left in what was fired."""

    def check(event: EventData) -> bool:
        firing = cast("_Firing", event.model)
        firing.unmet = _unmet(guards, firing.attempt)
        return not firing.unmet

    return [check] if guards else None
