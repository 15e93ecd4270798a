"""What a form says after it was amended: a merge patch (RFC 7396) per amendment, in the order they were made."""

from collections.abc import Iterable, Mapping
from typing import Any


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
