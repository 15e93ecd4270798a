"""The file that an author writes (TOML): its shape, how it is read, and its JSON Schema for editors."""

import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from service.workflows.rules.definition import (
    NO_LABEL,
    Definition,
    Diagnostic,
    Label,
    Move,
    Name,
    PhaseName,
    RoleName,
    State,
    Trigger,
    Written,
)
from service.workflows.rules.kinds import PartKind

MAX_CHARACTERS = 100_000


class StateFile(Written):
    """Where a part can be. An open state has a party, a term and a next action; an end has none of these."""

    model_config = ConfigDict(json_schema_extra={"required": ["phase", "label"]})

    phase: PhaseName = Field(description="The stretch of the route; 'ended' makes this state an end.")
    party: RoleName | None = Field(default=None, description="The one role that must act now.")
    term: str | None = Field(default=None, description="A term of settings.toml: by when.")
    next: str | None = Field(default=None, description="The one next action: a trigger that this state knows.")
    label: Label = NO_LABEL


class TriggerFile(Written):
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
    opens: tuple[PartKind, ...] = Field(default=(), description="Kinds of parts that begin with this step.")
    label: Label = NO_LABEL


class WorkflowFile(Written):
    """One workflow of Casusroute, as its author writes it: workflows/README.md tells how."""

    model_config = ConfigDict(json_schema_extra={"required": ["name", "label", "states", "triggers"]})

    name: PartKind = Field(description="The kind of part that it governs; also the name of the file.")
    label: Label = NO_LABEL
    states: dict[Name, StateFile]
    triggers: dict[Name, TriggerFile]


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
