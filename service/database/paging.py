"""Pages of a list and cursors to the next page. Cursors are encrypted: they tell nothing, and no one can forge them."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from service.database.keyring import Keyring
from service.vocabulary.messages import MESSAGES
from service.vocabulary.refusals import InputFault, Invalid

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """Items in the order of their list. `next_cursor` is None on the last page."""

    items: tuple[T, ...]
    next_cursor: str | None = None


class Cursors:
    """The cursors of one kind of list. A cursor of another kind of list is refused."""

    def __init__(self, keyring: Keyring, kind: str) -> None:
        self._keyring = keyring
        self._kind = kind

    def page(
        self, rows: Sequence[R], limit: int, *, item_of: Callable[[R], T], position_of: Callable[[R], str]
    ) -> ListPage[T]:
        """Returns a page of at most `limit` rows. The query asks for one row more, to know whether a next page exists.

        `item_of` converts a row to an item, `position_of` returns the position of a row in the list.
        """
        rows_of_page = rows[:limit]
        next_cursor = self.cursor(position_of(rows_of_page[-1])) if len(rows) > limit else None
        return ListPage(tuple(map(item_of, rows_of_page)), next_cursor)

    def page_of(
        self,
        items: Sequence[T],
        size: int | None,
        cursor: str | None,
        *,
        position_of: Callable[[T], list[str | int]],
    ) -> ListPage[T]:
        """Returns a page of a list that was read whole: at most `size` items after the cursor. None: all of them.

        The items are in order of `position_of`. Raises Invalid for a cursor of another list.
        """
        if cursor is not None:
            last = json.loads(self.position(cursor))
            items = [item for item in items if position_of(item) > last]
        return self.page(
            items,
            len(items) if size is None else size,
            item_of=lambda item: item,
            position_of=lambda item: json.dumps(position_of(item)),
        )

    def cursor(self, place: str) -> str:
        """Returns the cursor of the page after this position."""
        return base64.urlsafe_b64encode(self._keyring.seal_text(self._kind, place)).decode().rstrip("=")

    def position(self, cursor: str) -> str:
        """Returns the position of the last row before the page. Raises Invalid for a cursor of another origin."""
        try:
            return self._keyring.open_text(self._kind, base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        except (binascii.Error, ValueError):
            fault = InputFault("query", "cursor", "cursor_not_ours", MESSAGES["input"]["cursor_not_ours"])
            raise Invalid((fault,)) from None
