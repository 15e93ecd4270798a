"""Amendments of recorded forms: merge patches (RFC 7396), applied in the order in which they were recorded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from service.cases.rules.model import Content, Transition

# Key in the codes of an amendment. Its value is the part sequence of the amended entry.
AMENDED_ENTRY = "amends"


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


def amended_part_sequence(entry: Transition) -> int | None:
    """Returns the part sequence of the entry that this one amends; None for an entry that is no amendment."""
    return next((int(number) for number in entry.codes.get(AMENDED_ENTRY, ())), None)


def amendments_of(entry: Transition, history: Iterable[Transition]) -> tuple[Transition, ...]:
    amended = (str(entry.part_sequence),)
    return tuple(
        later for later in history if later.part_id == entry.part_id and later.codes.get(AMENDED_ENTRY) == amended
    )


def amendment_numbers_by_entry(history: Iterable[Transition]) -> Mapping[int, Sequence[int]]:
    """Returns the part sequences of the amendments, by the case sequence of the entry that they amend."""
    sequences: dict[tuple[UUID, int], int] = {}
    amendments: dict[int, list[int]] = {}
    for entry in history:
        sequences[entry.part_id, entry.part_sequence] = entry.sequence
        number = amended_part_sequence(entry)
        if number and (sequence := sequences.get((entry.part_id, number))):
            amendments.setdefault(sequence, []).append(entry.part_sequence)
    return amendments


def amended_form(
    entry: Transition, amendments: Iterable[Transition], contents: Mapping[int, Content]
) -> dict[str, Any]:
    """Returns the form of an entry with these amendments applied; `contents` holds all of them, by sequence."""
    changes = (contents[amendment.sequence].body["form"] for amendment in amendments)
    return apply_amendments(contents[entry.sequence].body["form"], changes)


def amended_history(history: Sequence[Transition]) -> Iterator[Transition]:
    """Yields each entry that is no amendment, with the codes of its last amendment.

    A consent that was recorded by mistake stops counting when it is amended.
    """
    amended = {
        (amendment.part_id, int(number)): amendment.codes
        for amendment in history
        for number in amendment.codes.get(AMENDED_ENTRY, ())
    }
    for entry in history:
        if AMENDED_ENTRY not in entry.codes:
            codes = amended.get((entry.part_id, entry.part_sequence))
            yield entry if codes is None else replace(entry, codes=codes)
