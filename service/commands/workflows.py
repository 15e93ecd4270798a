"""Trying a version of a workflow on the cases that run, and letting these adopt it."""

import sys
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from service.commands.database import opened
from service.database.idempotency import IdempotencyKey
from service.identity.caller import Caller
from service.workflow_versions.api.plans import progress_view
from service.workflow_versions.api.trials import trial_view
from service.workflow_versions.use_cases import Intended, Trial, adopt, make_plan, progress, try_version
from service.workflows.rules.kinds import PartKind

Pairs = list[tuple[str, str]]


def workflow(act: str, caller: tuple[str, str], **given: Any) -> None:
    """Try a version of a workflow on all cases that run on others, or let these adopt it; both answer in JSON."""
    who = Caller(*caller, trace_id="")
    if act == "try":
        _try_version(who, **given)
    else:
        _adopt_version(who, **given)


def _try_version(who: Caller, kind: PartKind, mapping: Pairs, to: str | None, file: Path | None) -> None:
    text = file.read_text(encoding="utf-8") if file else None
    trial = Trial(kind=kind, mapping=dict(mapping), to=to, definition=text)
    with opened() as (database, rules):
        tried = database.read_now(lambda transaction: try_version(transaction, who, trial, rules=rules))
    sys.stdout.write(trial_view(tried).model_dump_json(by_alias=True, indent=2) + "\n")


def _adopt_version(who: Caller, kind: PartKind, mapping: Pairs, to: str | None, old: str, grounds: str) -> None:
    """Part by part, each in its own transaction: the same command goes on where an earlier one was broken off."""
    intended = Intended(kind=kind, old=old, new=to, mapping=dict(mapping))
    once = IdempotencyKey(str(uuid4()), "")
    with opened() as (database, rules):
        plan = database.write_now(lambda transaction: make_plan(transaction, who, intended, once, rules=rules))
        hash_ = plan.value.definition.hash
        for it in database.read_now(lambda transaction: progress(transaction, who, hash_, rules=rules)).left:
            moved = partial(adopt, caller=who, plan_hash=hash_, part=it.part, grounds=grounds, rules=rules)
            database.write_now(moved)
        view = database.read_now(
            lambda transaction: progress_view(transaction, progress(transaction, who, hash_, rules=rules))
        )
    sys.stdout.write(view.model_dump_json(by_alias=True, indent=2) + "\n")
