"""Values that lack fields: a rule that reads a missing field yields no fault, and the other rules still run."""

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

T = TypeVar("T")
P = TypeVar("P", bound="PartialValue")


class FieldUnread(Exception):
    """A missing field was read. It is not an AttributeError, which would be a mistake in the code."""


class PartialValue:
    """Base of frozen dataclasses with slots that may lack a field. Reading a missing field raises FieldUnread."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Any]]

    if not TYPE_CHECKING:  # the type checker must still refuse unknown names

        def __getattr__(self, name: str) -> Any:
            raise (FieldUnread if name in self.__dataclass_fields__ else AttributeError)(name)


def without_fields(value: P, *names: str) -> P:
    """Returns a copy of the value without these fields. Raises AttributeError where the value has no such field."""
    if unknown := set(names).difference(field.name for field in fields(value)):
        raise AttributeError(f"{type(value).__name__} has no field {', '.join(sorted(unknown))}")
    partial = object.__new__(type(value))
    for field in fields(value):
        if field.name not in names:
            object.__setattr__(partial, field.name, getattr(value, field.name))
    return partial


def results_if_readable(find: Callable[[], Iterable[T]]) -> tuple[T, ...]:
    """Returns the results of `find`, or none where it reads a missing field. Other errors propagate."""
    try:
        return tuple(find())
    except FieldUnread:
        return ()
