"""A workflow definition, its parts, its identity (a hash), and the diagnostic of a fault in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar
from unicodedata import normalize

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from service.vocabulary.canonical_json import digest_of, to_canonical_json
from service.vocabulary.language import BilingualText
from service.vocabulary.messages import render_message
from service.vocabulary.roles import Role
from service.workflows.rules.kinds import PartKind, Phase


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A fault in a workflow. `path` is its place in the file, `witness` a shortest list of triggers that leads to it.

    `settings` names the region settings that the workflow does not fit; None when the fault is in the workflow alone.
    """

    code: str
    workflow: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    witness: tuple[str, ...] = ()
    settings: str | None = None
    severity: Literal["error", "warning"] = "error"

    @property
    def words(self) -> BilingualText:
        return render_message("diagnostics", self.code, self.params)


def _keep_unknown(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    """Keeps an unknown word as it was typed, so that the checks can report it together with all other faults."""
    try:
        return validate(value)
    except ValidationError:
        if isinstance(value, str):
            return value
        raise


def _with_both_languages(value: object) -> object:
    return {"nl": "", "en": "", **value} if isinstance(value, dict) else value


def _normalised(label: BilingualText) -> BilingualText:
    if not (label.nl + label.en).isprintable():
        raise ValueError("a label is one line of plain text")
    return BilingualText(normalize("NFC", label.nl.strip()), normalize("NFC", label.en.strip()))


def _sorted(items: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(sorted(items.items())))


Item = TypeVar("Item")
SortedMapping = Annotated[Mapping[str, Item], AfterValidator(_sorted), PlainSerializer(dict)]
UnknownKept = WrapValidator(_keep_unknown)
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Label = Annotated[BilingualText, BeforeValidator(_with_both_languages), AfterValidator(_normalised)]
RoleName = Annotated[Role, UnknownKept]
PhaseName = Annotated[Phase, UnknownKept]
NO_LABEL = BilingualText("", "")


class WorkflowModel(BaseModel):
    """Base of the models of a workflow: frozen, refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Move(NamedTuple):
    """A change from one state to another, or to the same one. A part begins by a move from `start`."""

    source: str
    target: str


class Edge(NamedTuple):
    """A move with the trigger that causes it."""

    trigger: str
    source: str
    target: str


class WorkflowChange(NamedTuple):
    """The hashes of the workflow that a plan moves parts from, and of the one that it moves them to."""

    old: str
    new: str


class State(WorkflowModel):
    """A state of a definition."""

    name: str
    phase: PhaseName
    party: RoleName | None = None
    term: str | None = None
    next: str | None = None
    label: Label = NO_LABEL

    @property
    def is_open(self) -> bool:
        return self.phase != "ended"


class Trigger(WorkflowModel):
    """A trigger of a definition, with all of its moves."""

    name: str
    edges: tuple[Move, ...]
    roles: tuple[RoleName, ...] = ()
    form: str | None = None
    grounds: Literal["required", "optional"] = "optional"
    guards: tuple[str, ...] = ()
    opens: tuple[PartKind, ...] = ()
    label: Label = NO_LABEL


# The only trigger of a migration plan; workflows may not use it.
ADOPT_TRIGGER = Trigger(
    name="adopt_workflow",
    edges=(),
    roles=(Role.ADMINISTRATOR,),
    grounds="required",
    label=BilingualText("Werkstroom overnemen", "Adopt the workflow"),
)


class Definition(WorkflowModel):
    """A workflow in its canonical form, independent of the layout of its file; states and triggers sorted by name.

    A stored definition must keep its hash for ever: a new field needs a default, and a field with its default value is
    not stored. Unknown roles and phases are kept as they were typed; the checks refuse them.
    With `adopts` it is a migration plan: it moves running parts from one workflow to another.
    """

    name: PartKind
    label: Label = NO_LABEL
    states: SortedMapping[State]
    triggers: SortedMapping[Trigger]
    adopts: WorkflowChange | None = None

    @cached_property
    def hash(self) -> str:
        return digest_of(self._canonical())

    def to_canonical_json(self) -> str:
        return to_canonical_json(self._canonical())

    @classmethod
    def from_canonical_json(cls, canonical_json: str) -> "Definition":
        return cls.model_validate_json(canonical_json)

    def edges(self) -> Iterator[Edge]:
        for trigger in self.triggers.values():
            for source, target in trigger.edges:
                yield Edge(trigger.name, source, target)

    def has_edge(self, trigger: str, source: str, target: str) -> bool:
        return trigger in self.triggers and (source, target) in self.triggers[trigger].edges

    def _canonical(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_defaults=True, warnings=False)
