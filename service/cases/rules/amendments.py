"""Amendments of recorded forms: merge patches (RFC 7396), applied in the order in which they were recorded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from service.cases.rules.model import Content, Transition

# Keys in the codes of an amendment: the part sequence of the amended entry, and its part where that is another one.
AMENDED_ENTRY, AMENDED_PART = "amends", "amends_part"
# Triggers whose entries amend. Rules that read entries by trigger must read these as well.
AMENDING_TRIGGERS = ("amend", "correct")

EntryPlace = tuple[UUID, int]


def apply_merge_patch(form: Any, changes: Any) -> Any:
    """Returns the form with a merge patch applied (RFC 7396).

    A member of the patch replaces that member of the form, null removes it. A patch that is no object replaces all.
    """
    if not isinstance(changes, Mapping):
        return changes
    result = dict(form) if isinstance(form, Mapping) else {}
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = apply_merge_patch(result.get(name), value)
    return result


def apply_amendments(form: Mapping[str, Any], amendments: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the form with each amendment (`{"changes": {...}}`) applied in order."""
    current = dict(form)
    for amendment in amendments:
        current = apply_merge_patch(current, amendment["changes"])
    return current


def place_of(entry: Transition) -> EntryPlace:
    """Returns (part id, part sequence): the place of an entry in its case."""
    return entry.part_id, entry.part_sequence


def amended_place(entry: Transition) -> EntryPlace | None:
    """Returns the place of the entry that this one amends; None for an entry that is no amendment."""
    if not (numbers := entry.codes.get(AMENDED_ENTRY)):
        return None
    (part_id,) = entry.codes.get(AMENDED_PART, (str(entry.part_id),))
    return UUID(part_id), int(numbers[0])


def amendments_of(entry: Transition, history: Iterable[Transition]) -> tuple[Transition, ...]:
    place = place_of(entry)
    return tuple(later for later in history if AMENDED_ENTRY in later.codes and amended_place(later) == place)


def amendments_by_place(history: Iterable[Transition]) -> Mapping[EntryPlace, Sequence[Transition]]:
    """Returns the amendments of each entry that has any, by the place of that entry."""
    amendments: dict[EntryPlace, list[Transition]] = {}
    for entry in history:
        if place := amended_place(entry):
            amendments.setdefault(place, []).append(entry)
    return amendments


def amended_form(
    entry: Transition, amendments: Iterable[Transition], contents: Mapping[int, Content]
) -> dict[str, Any]:
    """Returns the form of an entry with these amendments applied; `contents` holds all of them, by sequence.

    Of destroyed content nothing remains: neither of the form, nor of an amendment of it.
    """
    left = [amendment for amendment in amendments if not contents[amendment.sequence].is_destroyed]
    changes = (contents[amendment.sequence].body["form"] for amendment in left)
    return apply_amendments(contents[entry.sequence].body.get("form", {}), changes)


def amended_history(history: Sequence[Transition]) -> Iterator[Transition]:
    """Yields each entry that is no amendment, with the codes of its last amendment.

    A consent that was recorded by mistake stops counting when it is amended.
    """
    amendments = amendments_by_place(history)
    for entry in history:
        if AMENDED_ENTRY not in entry.codes:
            last = amendments.get(place_of(entry), ())[-1:]
            yield replace(entry, codes=last[0].codes) if last else entry
