"""A definition under examination."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from service.vocabulary.roles import Role
from service.workflows.rules.definition import Definition, Diagnostic, Edge, State, Trigger
from service.workflows.rules.kinds import START, KnownKind, PartKind

# Ordinary transitions that leave the state, possible in every open state; they are nobody's next action.
IN_EVERY_OPEN_STATE = ("amend", "add_note", "reassign")
ROLES: frozenset[str] = frozenset(Role)


class KnownGuard(Protocol):
    """What the checks need to know of a guard."""

    @property
    def kinds(self) -> frozenset[PartKind]: ...

    @property
    def awaits(self) -> PartKind | None: ...


def ways(definition: Definition) -> dict[str, tuple[str, ...]]:
    """Find every state that can be reached, with a shortest list of triggers that leads there."""
    found: dict[str, tuple[str, ...]] = {START: ()}
    queue = deque([START])
    edges = tuple(definition.edges())
    while queue:
        here = queue.popleft()
        for edge in edges:
            if edge.source == here and edge.target not in found:
                found[edge.target] = (*found[here], edge.trigger)
                queue.append(edge.target)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The definition, the words it may use beside its own, and the ways to its states. `written`: kinds with a file."""

    definition: Definition
    guards: Mapping[str, KnownGuard]
    forms: Collection[str]
    kinds: Mapping[PartKind, KnownKind]
    written: Collection[PartKind]
    ways: Mapping[str, tuple[str, ...]]

    def fault(self, code: str, path: str, *, witness: Iterable[str] = (), **params: str) -> Diagnostic:
        return Diagnostic(code, self.definition.name, path, params, tuple(witness))

    def at(self, state: str, code: str, key: str = "", /, **params: str) -> Diagnostic:
        """Give the fault of a state, with the way to it."""
        path = f"states.{state}.{key}" if key else f"states.{state}"
        return self.fault(code, path, witness=self.ways.get(state, ()), state=state, **params)

    def states(self) -> Iterable[State]:
        return self.definition.states.values()

    def triggers(self) -> Iterable[Trigger]:
        return self.definition.triggers.values()

    def open_states(self) -> Iterator[State]:
        return (state for state in self.states() if state.is_open)

    def from_(self, state: str) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.definition.edges() if edge.source == state)

    def exits(self, state: str) -> tuple[Edge, ...]:
        """The edges that lead out of the state."""
        return tuple(edge for edge in self.from_(state) if edge.target != state)
