"""Checks of a set of workflows: one file per kind, and a part begins only by a trigger that opens it."""

from collections import Counter
from collections.abc import Iterator, Mapping

from service.workflows.rules.definition import Definition, Diagnostic, Trigger
from service.workflows.rules.kinds import START, CheckableKind, PartKind


def check_combination(
    definitions: tuple[Definition, ...], kinds: Mapping[PartKind, CheckableKind]
) -> Iterator[Diagnostic]:
    """Yields the faults of the workflows of one installation taken together."""
    yield from _check_one_file_per_kind(definitions)
    if all(definition.name != "case" for definition in definitions):
        yield Diagnostic("no_case", "case", "")
    by_kind: dict[str, Definition] = {definition.name: definition for definition in definitions}
    openers = [(definition, trigger) for definition in definitions for trigger in definition.triggers.values()]
    for definition, trigger in openers:
        for kind in trigger.opens:
            if kind in by_kind:
                yield from _check_begin(definition, trigger, by_kind[kind])
    for part in by_kind.values():
        if part.name not in kinds or kinds[part.name].begins == "opened":
            yield from _check_opened(part, {trigger.name for _, trigger in openers if part.name in trigger.opens})


def _check_one_file_per_kind(definitions: tuple[Definition, ...]) -> Iterator[Diagnostic]:
    for kind, count in Counter(definition.name for definition in definitions).items():
        if count > 1:
            yield Diagnostic("two_files_for_one_kind", kind, "name", {"kind": kind})


def _begin_triggers(definition: Definition) -> dict[str, Trigger]:
    return {edge.trigger: definition.triggers[edge.trigger] for edge in definition.edges() if edge.source == START}


def _check_begin(opener: Definition, trigger: Trigger, part: Definition) -> Iterator[Diagnostic]:
    path, params = f"triggers.{trigger.name}.opens", {"trigger": trigger.name, "kind": part.name}
    begin_trigger = _begin_triggers(part).get(trigger.name)
    if begin_trigger is None:
        yield Diagnostic("part_cannot_begin", opener.name, path, params)
        return
    for role in trigger.roles:
        if role not in begin_trigger.roles:
            yield Diagnostic("role_cannot_begin", opener.name, path, {**params, "role": role})


def _check_opened(part: Definition, opened_by: set[str]) -> Iterator[Diagnostic]:
    for name in _begin_triggers(part):
        if name not in opened_by:
            yield Diagnostic("never_opened", part.name, f"triggers.{name}", {"trigger": name, "kind": part.name})
