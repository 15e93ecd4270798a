"""The workflow file (TOML): its model, its parser, and its JSON Schema for editors."""

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
    WorkflowModel,
)
from service.workflows.rules.kinds import PartKind

MAX_CHARACTERS = 100_000


class StateFile(WorkflowModel):
    """A state of a part. An open state has a party, a term and a next action; an end has none of these."""

    model_config = ConfigDict(json_schema_extra={"required": ["phase", "label"]})

    phase: PhaseName = Field(description="The phase of the case; 'ended' makes this state an end.")
    party: RoleName | None = Field(default=None, description="The one role that must act now.")
    term: str | None = Field(
        default=None, description="The term within which the party must act; a name of settings.toml."
    )
    next: str | None = Field(default=None, description="The one next action: a trigger that is possible in this state.")
    label: Label = NO_LABEL


class TriggerFile(WorkflowModel):
    """A trigger: its source states, target state, roles, form and guards."""

    model_config = ConfigDict(json_schema_extra={"required": ["from", "to", "roles", "label"]})

    from_: tuple[str, ...] = Field(
        alias="from", min_length=1, description="States; 'start' begins the part, '*' is every open state."
    )
    to: str = Field(description="One state, or '=' to stay.")
    roles: tuple[RoleName, ...] = Field(
        default=(), description="Roles that may fire it. The first role of the list that the person has is recorded."
    )
    form: str | None = Field(default=None, description="The form to fill in, with its version: 'advice@1'.")
    grounds: Literal["required", "optional"] = Field(
        default="optional", description="Is a reason in free text required?"
    )
    guards: tuple[str, ...] = Field(default=(), description="Conditions, by name; all must hold.")
    opens: tuple[PartKind, ...] = Field(default=(), description="Kinds of part that begin with this step.")
    label: Label = NO_LABEL


class WorkflowFile(WorkflowModel):
    """A workflow of Casusroute. docs/how-to/werkstroom-wijzigen.md tells how."""

    model_config = ConfigDict(json_schema_extra={"required": ["name", "label", "states", "triggers"]})

    name: PartKind = Field(description="The kind of part that it governs; also the name of the file.")
    label: Label = NO_LABEL
    states: dict[Name, StateFile]
    triggers: dict[Name, TriggerFile]


@dataclass(frozen=True, slots=True)
class ParsedWorkflow:
    """The result of parsing a workflow file: the definition, unless the file is malformed, and its faults."""

    definition: Definition | None
    diagnostics: tuple[Diagnostic, ...] = ()


def parse_workflow(text: str, file_name: str) -> ParsedWorkflow:
    """Parse a workflow file. The definition is not checked yet: see `checks.check_definition`."""
    workflow = PurePath(file_name).stem
    if len(text) > MAX_CHARACTERS:
        return ParsedWorkflow(None, (Diagnostic("too_large", workflow, "", {"limit": str(MAX_CHARACTERS)}),))
    try:
        file = WorkflowFile.model_validate(tomllib.loads(text))
    except ValidationError as error:
        return ParsedWorkflow(None, tuple(_shape_fault(workflow, details) for details in error.errors()))
    except (ValueError, RecursionError) as error:
        return ParsedWorkflow(None, (Diagnostic("not_toml", workflow, "", {"problem": str(error)}),))
    wrong_name = Diagnostic("wrong_file_name", workflow, "name", {"name": file.name, "file": file_name})
    return ParsedWorkflow(_to_definition(file), () if file.name == workflow else (wrong_name,))


_SHAPE_FAULTS = {
    "missing": "missing_key",
    "extra_forbidden": "unknown_key",
    "unexpected_keyword_argument": "unknown_key",
    "string_pattern_mismatch": "bad_name",
}


def _shape_fault(workflow: str, error: ErrorDetails) -> Diagnostic:
    *parents, key = (str(step) for step in error["loc"] if step != "[key]")
    code = _SHAPE_FAULTS.get(error["type"], "malformed")
    return Diagnostic(code, workflow, ".".join((*parents, key)), {"key": key, "problem": error["msg"]})


def _to_definition(file: WorkflowFile) -> Definition:
    open_states = tuple(name for name, state in file.states.items() if state.phase != "ended")
    return Definition(
        name=file.name,
        label=file.label,
        states={name: State(name=name, **dict(state)) for name, state in file.states.items()},
        triggers={
            name: Trigger(name=name, edges=_moves(trigger, open_states), **_common_fields(trigger))
            for name, trigger in file.triggers.items()
        },
    )


def _common_fields(trigger: TriggerFile) -> dict[str, Any]:
    return {key: value for key, value in trigger if key not in ("from_", "to")}


def _moves(trigger: TriggerFile, open_states: tuple[str, ...]) -> tuple[Move, ...]:
    sources = (name for source in trigger.from_ for name in (open_states if source == "*" else (source,)))
    return tuple(sorted(Move(source, source if trigger.to == "=" else trigger.to) for source in sources))


def workflow_json_schema(kinds: Iterable[PartKind]) -> str:
    """Returns the text of workflows/workflow.schema.json, which editors use for completion and explanation."""
    model_schema = WorkflowFile.model_json_schema()
    opens_schema = model_schema["$defs"]["TriggerFile"]["properties"]["opens"]
    for kind_schema in (model_schema["properties"]["name"], opens_schema["items"]):
        members = sorted({**kind_schema, "enum": list(kinds)}.items())
        kind_schema.clear()
        kind_schema.update(members)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model_schema}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
