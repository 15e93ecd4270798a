"""Values of which something could not be read: a rule that needs it says nothing, and the other rules speak."""

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

T = TypeVar("T")
P = TypeVar("P", bound="PartlyRead")


class Unread(Exception):
    """A field was asked for that could not be read; it is no `AttributeError`, which is a mistake in the code."""


class PartlyRead:
    """A base of frozen dataclasses with slots that may lack a field: asking for it raises Unread."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Any]]

    if not TYPE_CHECKING:  # every other name is checked as ever

        def __getattr__(self, name: str) -> Any:
            raise (Unread if name in self.__dataclass_fields__ else AttributeError)(name)


def without(value: P, *names: str) -> P:
    """The value without these fields."""
    lacking = object.__new__(type(value))
    for field in fields(value):
        if field.name not in names:
            object.__setattr__(lacking, field.name, getattr(value, field.name))
    return lacking


def as_far_as_read(find: Callable[[], Iterable[T]]) -> tuple[T, ...]:
    """All that is found, or nothing where something was asked for that could not be read. Other errors go on."""
    try:
        return tuple(find())
    except Unread:
        return ()
