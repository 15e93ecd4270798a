"""Pages of a list, and cursors to the next: opaque and tagged, so that a made-up place is refused."""

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from service.database.keyring import Keyring
from service.vocabulary.messages import MESSAGES
from service.vocabulary.refusals import InputFault, Invalid

_TAG_BYTES = 8
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items in the order of their list. `next_cursor` is None on the last page."""

    items: tuple[T, ...]
    next_cursor: str | None = None


class Cursors:
    """The cursors of one kind of list: those of another are not understood."""

    def __init__(self, keyring: Keyring, kind: str) -> None:
        self._keyring = keyring
        self._kind = kind

    def page(self, rows: Sequence[R], limit: int, *, read: Callable[[R], T], place: Callable[[R], str]) -> Page[T]:
        """A page of at most `limit` of these rows, of which one more than that was asked.

        `read` makes an item of a row, `place` says where a row stands in the list.
        """
        shown = rows[:limit]
        more = self._after(place(shown[-1])) if len(rows) > limit else None
        return Page(tuple(map(read, shown)), more)

    def _after(self, place: str) -> str:
        return base64.urlsafe_b64encode(self._tag(place) + place.encode()).decode().rstrip("=")

    def place(self, cursor: str) -> str:
        """The place that a cursor was made of. Raises Invalid for one that was not made here."""
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            place = raw[_TAG_BYTES:].decode()
        except (binascii.Error, ValueError):
            raise _not_ours() from None
        if not hmac.compare_digest(raw[:_TAG_BYTES], self._tag(place)):
            raise _not_ours()
        return place

    def _tag(self, place: str) -> bytes:
        return self._keyring.tag(self._kind, place)[:_TAG_BYTES]


def _not_ours() -> Invalid:
    return Invalid((InputFault("query", "cursor", "cursor_not_ours", MESSAGES["input"]["cursor_not_ours"]),))
