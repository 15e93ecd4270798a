"""A workflow: the file a team may write, the definition it stands for, and the identity of that definition."""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar
from unicodedata import normalize

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import ErrorDetails

from service.vocabulary.canonical_json import canonical, digest_of
from service.vocabulary.language import Words
from service.vocabulary.messages import say
from service.vocabulary.roles import Role
from service.workflows.rules.kinds import PartKind, Phase

MAX_CHARACTERS = 100_000


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
KindName = PartKind
NO_LABEL = Words("", "")


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StateFile(_Written):
    """Where a part can be. An open state has a party, a term and a next action; an end has none of these."""

    model_config = ConfigDict(json_schema_extra={"required": ["phase", "label"]})

    phase: PhaseName = Field(description="The stretch of the route; 'ended' makes this state an end.")
    party: RoleName | None = Field(default=None, description="The one role that must act now.")
    term: str | None = Field(default=None, description="A term of settings.toml: by when.")
    next: str | None = Field(default=None, description="The one next action: a trigger that this state knows.")
    label: Label = NO_LABEL


class TriggerFile(_Written):
    """What somebody may do: from which states, to which one, in which roles, with which form, under which guards."""

    model_config = ConfigDict(json_schema_extra={"required": ["from", "to", "roles", "label"]})

    from_: tuple[str, ...] = Field(
        alias="from", min_length=1, description="States; 'start' begins the part, '*' is every open state."
    )
    to: str = Field(description="One state, or '=' to stay.")
    roles: tuple[RoleName, ...] = Field(default=(), description="Who may; the first role that fits is acted in.")
    form: str | None = Field(default=None, description="The form to fill in, with its version: 'advice@1'.")
    grounds: Literal["required", "optional"] = Field(default="optional", description="Must it be said why?")
    guards: tuple[str, ...] = Field(default=(), description="Conditions, by name; all must hold.")
    opens: tuple[KindName, ...] = Field(default=(), description="Kinds of parts that begin with this step.")
    label: Label = NO_LABEL


class WorkflowFile(_Written):
    """One workflow of Casusroute, as its author writes it: workflows/README.md tells how."""

    model_config = ConfigDict(json_schema_extra={"required": ["name", "label", "states", "triggers"]})

    name: KindName = Field(description="The kind of part that it governs; also the name of the file.")
    label: Label = NO_LABEL
    states: dict[Name, StateFile]
    triggers: dict[Name, TriggerFile]


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


class State(_Written):
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


class Trigger(_Written):
    """A trigger of a definition, with its moves written out."""

    name: str
    edges: tuple[Move, ...]
    roles: tuple[RoleName, ...] = ()
    form: str | None = None
    grounds: Literal["required", "optional"] = "optional"
    guards: tuple[str, ...] = ()
    opens: tuple[KindName, ...] = ()
    label: Label = NO_LABEL


# The one trigger of a plan; no workflow has it.
ADOPT = Trigger(
    name="adopt_workflow",
    edges=(),
    roles=(Role.ADMINISTRATOR,),
    grounds="required",
    label=Words("Werkstroom overnemen", "Adopt the workflow"),
)


class Definition(_Written):
    """A workflow as it works, whatever way it was written down; ordered by name.

    A stored definition must read back for ever with the hash it had: a new field needs a default, and what has its
    default is not stored. Words that `check` would refuse are kept as they were typed, also where the type is narrow.
    `adopts` makes it a plan: the way of parts that run from one workflow to another.
    """

    name: KindName
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


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a file gave: the definition, when there is one, and everything that was wrong with the file."""

    definition: Definition | None
    diagnostics: tuple[Diagnostic, ...] = ()


def load(text: str, file_name: str) -> Reading:
    """Read a workflow file. What it says is not yet checked: that is what `checks.check` is for."""
    workflow = PurePath(file_name).stem
    if len(text) > MAX_CHARACTERS:
        return Reading(None, (Diagnostic("too_large", workflow, "", {"limit": str(MAX_CHARACTERS)}),))
    try:
        file = WorkflowFile.model_validate(tomllib.loads(text))
    except ValidationError as wrong:
        return Reading(None, tuple(_misshapen(workflow, error) for error in wrong.errors()))
    except (ValueError, RecursionError) as wrong:
        return Reading(None, (Diagnostic("not_toml", workflow, "", {"problem": str(wrong)}),))
    elsewhere = Diagnostic("wrong_file_name", workflow, "name", {"name": file.name, "file": file_name})
    return Reading(_expanded(file), () if file.name == workflow else (elsewhere,))


_MISSHAPEN = {
    "missing": "missing_key",
    "extra_forbidden": "unknown_key",
    "unexpected_keyword_argument": "unknown_key",
    "string_pattern_mismatch": "bad_name",
}


def _misshapen(workflow: str, error: ErrorDetails) -> Diagnostic:
    *above, key = (str(step) for step in error["loc"] if step != "[key]")
    code = _MISSHAPEN.get(error["type"], "malformed")
    return Diagnostic(code, workflow, ".".join((*above, key)), {"key": key, "problem": error["msg"]})


def _expanded(file: WorkflowFile) -> Definition:
    everywhere = tuple(name for name, state in file.states.items() if state.phase != "ended")
    return Definition(
        name=file.name,
        label=file.label,
        states={name: State(name=name, **dict(state)) for name, state in file.states.items()},
        triggers={
            name: Trigger(name=name, edges=_moves(trigger, everywhere), **_kept(trigger))
            for name, trigger in file.triggers.items()
        },
    )


def _kept(trigger: TriggerFile) -> dict[str, Any]:
    return {key: value for key, value in trigger if key not in ("from_", "to")}


def _moves(trigger: TriggerFile, everywhere: tuple[str, ...]) -> tuple[Move, ...]:
    sources = (name for written in trigger.from_ for name in (everywhere if written == "*" else (written,)))
    return tuple(sorted(Move(source, source if trigger.to == "=" else trigger.to) for source in sources))


def json_schema(kinds: Iterable[PartKind]) -> str:
    """Give the text of workflows/workflow.schema.json, with which an editor completes and explains a workflow."""
    shape = WorkflowFile.model_json_schema()
    for named in (shape["properties"]["name"], shape["$defs"]["TriggerFile"]["properties"]["opens"]["items"]):
        ordered = sorted({**named, "enum": list(kinds)}.items())
        named.clear()
        named.update(ordered)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **shape}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
