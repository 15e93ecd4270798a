"""The definition that a workflow file stands for, and the identity of that definition."""

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

from service.vocabulary.canonical_json import canonical, digest_of
from service.vocabulary.language import Words
from service.vocabulary.messages import say
from service.vocabulary.roles import Role
from service.workflows.rules.kinds import PartKind, Phase


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing wrong with a workflow: `path` is where in the file, `witness` the triggers that lead to the trouble.

    `settings` names the region's settings with which the workflow does not fit; None when it is wrong by itself.
    """

    code: str
    workflow: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    witness: tuple[str, ...] = ()
    settings: str | None = None
    severity: Literal["error", "warning"] = "error"

    @property
    def words(self) -> Words:
        return say("diagnostics", self.code, self.params)


def _unknown_as_typed(value: object, known: ValidatorFunctionWrapHandler) -> object:
    """Let an unknown word in as it was typed, so that `check` can name it beside everything else that is wrong."""
    try:
        return known(value)
    except ValidationError:
        if isinstance(value, str):
            return value
        raise


def _with_both_languages(value: object) -> object:
    return {"nl": "", "en": "", **value} if isinstance(value, dict) else value


def _one_tidy_line(words: Words) -> Words:
    if not (words.nl + words.en).isprintable():
        raise ValueError("a label is one line of plain text")
    return Words(normalize("NFC", words.nl.strip()), normalize("NFC", words.en.strip()))


def _in_order(items: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(sorted(items.items())))


Item = TypeVar("Item")
Fixed = Annotated[Mapping[str, Item], AfterValidator(_in_order), PlainSerializer(dict)]
Lenient = WrapValidator(_unknown_as_typed)
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Label = Annotated[Words, BeforeValidator(_with_both_languages), AfterValidator(_one_tidy_line)]
RoleName = Annotated[Role, Lenient]
PhaseName = Annotated[Phase, Lenient]
NO_LABEL = Words("", "")


class Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Move(NamedTuple):
    """From one state to another, or to itself. A part begins by a move from `start`."""

    source: str
    target: str


class Edge(NamedTuple):
    """A move and the trigger that makes it."""

    trigger: str
    source: str
    target: str


class Passage(NamedTuple):
    """From one workflow to another, by their hashes."""

    old: str
    new: str


class State(Written):
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


class Trigger(Written):
    """A trigger of a definition, with its moves written out."""

    name: str
    edges: tuple[Move, ...]
    roles: tuple[RoleName, ...] = ()
    form: str | None = None
    grounds: Literal["required", "optional"] = "optional"
    guards: tuple[str, ...] = ()
    opens: tuple[PartKind, ...] = ()
    label: Label = NO_LABEL


# The one trigger of a plan; no workflow has it.
ADOPT = Trigger(
    name="adopt_workflow",
    edges=(),
    roles=(Role.ADMINISTRATOR,),
    grounds="required",
    label=Words("Werkstroom overnemen", "Adopt the workflow"),
)


class Definition(Written):
    """A workflow as it works, whatever way it was written down; ordered by name.

    A stored definition must read back for ever with the hash it had: a new field needs a default, and what has its
    default is not stored. Words that `check` would refuse are kept as they were typed, also where the type is narrow.
    `adopts` makes it a plan: the way of parts that run from one workflow to another.
    """

    name: PartKind
    label: Label = NO_LABEL
    states: Fixed[State]
    triggers: Fixed[Trigger]
    adopts: Passage | None = None

    @cached_property
    def hash(self) -> str:
        return digest_of(self._canonical())

    def stored(self) -> str:
        return canonical(self._canonical())

    @classmethod
    def from_stored(cls, canonical_json: str) -> "Definition":
        return cls.model_validate_json(canonical_json)

    def edges(self) -> Iterator[Edge]:
        for trigger in self.triggers.values():
            for source, target in trigger.edges:
                yield Edge(trigger.name, source, target)

    def _canonical(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_defaults=True, warnings=False)
