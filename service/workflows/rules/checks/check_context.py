"""The input of the checks: a definition, the names it may use, and the shortest path to each of its states."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from service.vocabulary.roles import Role
from service.workflows.rules.definition import Definition, Diagnostic, Edge, State, Trigger
from service.workflows.rules.kinds import START, CheckableKind, PartKind

# Triggers that keep the state and are possible in every open state; none of them can be the next action.
EVERYDAY_TRIGGERS = ("amend", "add_note", "reassign")
ROLE_NAMES: frozenset[str] = frozenset(Role)


class CheckableGuard(Protocol):
    """The properties of a guard that the checks need."""

    @property
    def kinds(self) -> frozenset[PartKind]: ...

    @property
    def awaits(self) -> PartKind | None: ...


def shortest_paths(definition: Definition) -> dict[str, tuple[str, ...]]:
    """Returns, for each state that can be reached, a shortest list of triggers that leads to it."""
    paths: dict[str, tuple[str, ...]] = {START: ()}
    queue = deque([START])
    edges = tuple(definition.edges())
    while queue:
        state = queue.popleft()
        for edge in edges:
            if edge.source == state and edge.target not in paths:
                paths[edge.target] = (*paths[state], edge.trigger)
                queue.append(edge.target)
    return paths


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckContext:
    """A definition to check, with all guards, forms and kinds that exist and the shortest path to each state.

    `kinds_with_file`: the kinds that have a workflow file.
    """

    definition: Definition
    guards: Mapping[str, CheckableGuard]
    forms: Collection[str]
    kinds: Mapping[PartKind, CheckableKind]
    kinds_with_file: Collection[PartKind]
    paths: Mapping[str, tuple[str, ...]]

    def fault(self, code: str, path: str, *, witness: Iterable[str] = (), **params: str) -> Diagnostic:
        """Returns a fault at a path of the file."""
        return Diagnostic(code, self.definition.name, path, params, tuple(witness))

    def state_fault(self, state: str, code: str, key: str = "", /, **params: str) -> Diagnostic:
        """Returns a fault of a state, with the shortest path to that state as witness."""
        path = f"states.{state}.{key}" if key else f"states.{state}"
        return self.fault(code, path, witness=self.paths.get(state, ()), state=state, **params)

    def states(self) -> Iterable[State]:
        return self.definition.states.values()

    def triggers(self) -> Iterable[Trigger]:
        return self.definition.triggers.values()

    def open_states(self) -> Iterator[State]:
        return (state for state in self.states() if state.is_open)

    def edges_from(self, state: str) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.definition.edges() if edge.source == state)

    def exits(self, state: str) -> tuple[Edge, ...]:
        """Returns the edges to another state."""
        return tuple(edge for edge in self.edges_from(state) if edge.target != state)
