"""What a form says, and what counts of it, after it was amended: a merge patch (RFC 7396) per amendment, in order."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from service.cases.rules.model import Content, Transition

# Under this name an amendment tells, as a fact, the number in the part of the entry that it corrects.
AMENDS = "amends"


def merged(form: Any, changes: Any) -> Any:
    """RFC 7396: members replace members, null removes one, anything but an object replaces the whole."""
    if not isinstance(changes, Mapping):
        return changes
    result = dict(form) if isinstance(form, Mapping) else {}
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def as_amended(form: Mapping[str, Any], amendments: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The form with every amendment (`{"changes": {...}}`) applied."""
    current = dict(form)
    for amendment in amendments:
        current = merged(current, amendment["changes"])
    return current


def corrects(entry: Transition) -> int | None:
    """The number in its part of the entry that this one corrects."""
    return next((int(number) for number in entry.codes.get(AMENDS, ())), None)


def amendments_of(entry: Transition, history: Iterable[Transition]) -> tuple[Transition, ...]:
    own = (str(entry.part_sequence),)
    return tuple(it for it in history if it.part_id == entry.part_id and it.codes.get(AMENDS) == own)


def corrections(history: Iterable[Transition]) -> Mapping[int, Sequence[int]]:
    """The sequence of each entry that was corrected, with the numbers in its part of those that correct it."""
    of_part: dict[tuple[UUID, int], int] = {}
    found: dict[int, list[int]] = {}
    for entry in history:
        of_part[entry.part_id, entry.part_sequence] = entry.sequence
        if number := corrects(entry):
            found.setdefault(of_part[entry.part_id, number], []).append(entry.part_sequence)
    return found


def as_it_reads(entry: Transition, amendments: Iterable[Transition], contents: Mapping[int, Content]) -> dict[str, Any]:
    """The form of this entry with these amendments of it; `contents` holds all of them, by sequence."""
    changes = (contents[it.sequence].body["form"] for it in amendments)
    return as_amended(contents[entry.sequence].body["form"], changes)


def with_amendments(history: Sequence[Transition]) -> Iterator[Transition]:
    """Each entry with the codes of its last amendment: a consent recorded by mistake does not go on counting."""
    amended = {(it.part_id, int(number)): it.codes for it in history for number in it.codes.get(AMENDS, ())}
    for entry in history:
        if AMENDS not in entry.codes:
            codes = amended.get((entry.part_id, entry.part_sequence))
            yield entry if codes is None else replace(entry, codes=codes)
