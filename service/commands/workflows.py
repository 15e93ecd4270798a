"""The command workflow: try a version of a workflow on the running cases, or let them adopt it."""

import sys
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import TypeAdapter

from service.commands.database import open_command_database
from service.database.idempotency import IdempotencyKey
from service.identity.caller import Caller
from service.vocabulary.language import FreeText
from service.vocabulary.utf8 import read_text_file
from service.workflow_versions.api.plans import progress_view
from service.workflow_versions.api.trials import trial_view
from service.workflow_versions.use_cases import (
    PlannedMove,
    VersionTrial,
    adopt_part,
    make_plan,
    read_progress,
    try_version,
)
from service.workflows.rules.kinds import PartKind

_GROUNDS: TypeAdapter[str] = TypeAdapter(FreeText)
StateMapping = list[tuple[str, str]]


def workflow(act: str, caller: tuple[str, str], **arguments: Any) -> None:
    """Try a version of a workflow on all cases that run on others, or let these adopt it; both print JSON."""
    administrator = Caller(*caller, trace_id="")
    if act == "try":
        _try_version(administrator, **arguments)
    else:
        _adopt_version(administrator, **arguments)


def _try_version(caller: Caller, kind: PartKind, mapping: StateMapping, to: str | None, file: Path | None) -> None:
    text = read_text_file(file) if file else None
    trial = VersionTrial(kind=kind, mapping=dict(mapping), to=to, definition=text)
    with open_command_database() as (database, rules):
        result = database.read_sync(lambda transaction: try_version(transaction, caller, trial, rules=rules))
    sys.stdout.write(trial_view(result).model_dump_json(by_alias=True, indent=2) + "\n")


def _adopt_version(
    caller: Caller, kind: PartKind, mapping: StateMapping, to: str | None, old: str, grounds: str
) -> None:
    """Move the parts one by one, each in its own transaction: the same command continues after an interruption."""
    accepted_grounds = _GROUNDS.validate_python(grounds)
    planned_move = PlannedMove(kind=kind, old=old, new=to, mapping=dict(mapping))
    idempotency_key = IdempotencyKey(str(uuid4()), "")
    with open_command_database() as (database, rules):
        plan = database.write_sync(
            lambda transaction: make_plan(transaction, caller, planned_move, idempotency_key, rules=rules)
        )
        plan_hash = plan.value.definition.hash
        before = database.read_sync(lambda transaction: read_progress(transaction, caller, plan_hash, rules=rules))
        for remaining in before.movable:
            database.write_sync(
                partial(
                    adopt_part,
                    caller=caller,
                    plan_hash=plan_hash,
                    part=remaining.part,
                    grounds=accepted_grounds,
                    rules=rules,
                )
            )
        view = database.read_sync(
            lambda transaction: progress_view(transaction, read_progress(transaction, caller, plan_hash, rules=rules))
        )
    sys.stdout.write(view.model_dump_json(by_alias=True, indent=2) + "\n")
