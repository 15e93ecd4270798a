"""The workflows of one house fit together: a part begins by the trigger that opens it, and by no other."""

from collections import Counter
from collections.abc import Iterator, Mapping

from service.workflows.rules.definition import Definition, Diagnostic, Trigger
from service.workflows.rules.kinds import START, KnownKind, PartKind


def faults(definitions: tuple[Definition, ...], kinds: Mapping[PartKind, KnownKind]) -> Iterator[Diagnostic]:
    yield from _one_file_for_a_kind(definitions)
    if all(definition.name != "case" for definition in definitions):
        yield Diagnostic("no_case", "case", "")
    by_kind: dict[str, Definition] = {definition.name: definition for definition in definitions}
    openers = [(definition, trigger) for definition in definitions for trigger in definition.triggers.values()]
    for definition, trigger in openers:
        for kind in trigger.opens:
            if kind in by_kind:
                yield from _can_begin(definition, trigger, by_kind[kind])
    for part in by_kind.values():
        if part.name not in kinds or kinds[part.name].begins == "opened":
            yield from _is_opened(part, {trigger.name for _, trigger in openers if part.name in trigger.opens})


def _one_file_for_a_kind(definitions: tuple[Definition, ...]) -> Iterator[Diagnostic]:
    for kind, count in Counter(definition.name for definition in definitions).items():
        if count > 1:
            yield Diagnostic("two_files_for_one_kind", kind, "name", {"kind": kind})


def _begins(definition: Definition) -> dict[str, Trigger]:
    return {edge.trigger: definition.triggers[edge.trigger] for edge in definition.edges() if edge.source == START}


def _can_begin(opener: Definition, trigger: Trigger, part: Definition) -> Iterator[Diagnostic]:
    path, params = f"triggers.{trigger.name}.opens", {"trigger": trigger.name, "kind": part.name}
    beginning = _begins(part).get(trigger.name)
    if beginning is None:
        yield Diagnostic("part_cannot_begin", opener.name, path, params)
        return
    for role in trigger.roles:
        if role not in beginning.roles:
            yield Diagnostic("role_cannot_begin", opener.name, path, {**params, "role": role})


def _is_opened(part: Definition, opened_by: set[str]) -> Iterator[Diagnostic]:
    for name in _begins(part):
        if name not in opened_by:
            yield Diagnostic("never_opened", part.name, f"triggers.{name}", {"trigger": name, "kind": part.name})
