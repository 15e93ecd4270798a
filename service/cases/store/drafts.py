"""The store of drafts: encrypted unsent forms, visible to their owner only and without history (decision 0027)."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import ColumnElement, Row, delete, func, insert, select, tuple_, update

from service.cases.store.contents import NONCE_BYTES
from service.cases.store.tables import drafts
from service.database.keyring import DRAFT_CLASS
from service.database.paging import Cursors, ListPage
from service.database.transaction import Transaction
from service.vocabulary.calendar import from_microseconds, to_microseconds
from service.vocabulary.canonical_json import to_canonical_json
from service.vocabulary.refusals import Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An unsent form. `body` is the JSON as sent, possibly incomplete. Times are aware, UTC."""

    id: UUID
    version: int
    saved_at: datetime
    expires_at: datetime
    body: dict[str, Any]


DraftOrder = Literal["saved", "id"]
# A cursor of one order is refused in the other.
_CURSOR_KINDS = {"saved": "draft_cursor", "id": "draft_cursor_by_id"}


class FormDrafts:
    """The drafts of all owners. Every operation names the owner and finds no draft of another person."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._keyring = transaction.keyring
        self._now = transaction.now

    @property
    def _expired(self) -> ColumnElement[bool]:
        return drafts.c.expires_at < to_microseconds(self._now)

    def begin(self, draft_id: UUID, owner: UUID, body: dict[str, Any], *, days: int) -> None:
        nonce, ciphertext = self._seal(draft_id, body)
        self._connection.execute(
            insert(drafts),
            {
                "id": str(draft_id),
                "person_id": str(owner),
                "version": 1,
                "nonce": nonce,
                "ciphertext": ciphertext,
                **self._times(days),
            },
        )

    def save(self, draft: Draft, owner: UUID, body: dict[str, Any], *, days: int) -> bool:
        """Save a new version. Returns False when another request saved a newer version since the draft was read."""
        nonce, ciphertext = self._seal(draft.id, body)
        result = self._connection.execute(
            update(drafts)
            .where(drafts.c.id == str(draft.id), drafts.c.person_id == str(owner), drafts.c.version == draft.version)
            .values(version=draft.version + 1, nonce=nonce, ciphertext=ciphertext, **self._times(days))
        )
        return result.rowcount == 1

    def find(self, draft_id: UUID, *, seen_by: UUID) -> Draft | None:
        rows = self._connection.execute(
            select(drafts).where(drafts.c.id == str(draft_id), drafts.c.person_id == str(seen_by), ~self._expired)
        )
        return next(self._decrypt_all(rows), None)

    def lock(self, draft_id: UUID, *, seen_by: UUID) -> None:
        """Lock the draft until the transaction ends. A second request with the same draft waits for the first."""
        conditions = (drafts.c.id == str(draft_id), drafts.c.person_id == str(seen_by))
        self._connection.execute(select(drafts.c.id).where(*conditions).with_for_update())

    def count(self, owner: UUID) -> int:
        """Count the drafts of the owner. Waits for a concurrent request that begins a draft, and counts that draft."""
        conditions = (drafts.c.person_id == str(owner), ~self._expired)
        self._connection.execute(select(drafts.c.version).where(*conditions).with_for_update())
        return self._connection.execute(select(func.count()).select_from(drafts).where(*conditions)).scalar_one()

    def page(
        self, limit: int, cursor: str | None, *, seen_by: UUID, order: DraftOrder = "saved"
    ) -> ListPage[Draft | None]:
        """Returns the drafts of the owner; None for a draft that was submitted during the read.

        In the order `saved` the last saved comes first, and a draft that is saved between two pages moves to the top;
        the order `id` never changes. Raises Invalid for a cursor of another order or origin.
        """
        by_id, cursors = order == "id", Cursors(self._keyring, _CURSOR_KINDS[order])
        columns = (drafts.c.saved_at, drafts.c.id)
        query = (
            select(drafts)
            .where(drafts.c.person_id == str(seen_by), ~self._expired)
            .order_by(*((drafts.c.id,) if by_id else (column.desc() for column in columns)))
            .limit(limit + 1)
        )
        if cursor is not None:
            saved_at, draft_id = cursors.position(cursor).split()
            before = tuple_(*columns) < tuple_(int(saved_at), draft_id)
            query = query.where(drafts.c.id > draft_id if by_id else before)
        rows = self._connection.execute(query).all()
        return cursors.page(
            rows,
            limit,
            item_of=lambda row: next(self._decrypt_all([row]), None),
            position_of=lambda row: f"{row.saved_at} {row.id}",
        )

    def remove(self, draft_id: UUID, *, seen_by: UUID) -> None:
        # The key first: row-level security of PostgreSQL shows the key only while the draft exists.
        self._keyring.remove_keys(self._connection, draft_id)
        self._connection.execute(delete(drafts).where(drafts.c.id == str(draft_id), drafts.c.person_id == str(seen_by)))

    def remove_expired(self) -> int:
        """Remove the drafts past their announced day of expiry. Returns their number."""
        ids = list(self._connection.execute(select(drafts.c.id).where(self._expired)).scalars())
        self._connection.execute(delete(drafts).where(self._expired))
        for draft_id in ids:
            self._keyring.remove_keys(self._connection, UUID(draft_id))
        return len(ids)

    def _times(self, days: int) -> dict[str, int]:
        return {"saved_at": to_microseconds(self._now), "expires_at": to_microseconds(self._now + timedelta(days=days))}

    def _seal(self, draft_id: UUID, body: dict[str, Any]) -> tuple[bytes, bytes]:
        """Raises Unavailable when the key was removed as an unused one, just before the draft was stored."""
        nonce = os.urandom(NONCE_BYTES)
        try:
            key = self._keyring.content_key(self._connection, draft_id, DRAFT_CLASS)
        except LookupError as error:
            raise Unavailable from error
        return nonce, AESGCM(key).encrypt(nonce, to_canonical_json(body).encode(), draft_id.bytes)

    def _decrypt_all(self, rows: Iterable[Row[Any]]) -> Iterator[Draft]:
        for row in rows:
            with suppress(LookupError):  # a draft that was submitted since the read has no key any more
                yield self._decrypt(row)

    def _decrypt(self, row: Row[Any]) -> Draft:
        draft_id = UUID(row.id)
        key = self._keyring.content_key(self._connection, draft_id, DRAFT_CLASS)
        return Draft(
            id=draft_id,
            version=row.version,
            saved_at=from_microseconds(row.saved_at),
            expires_at=from_microseconds(row.expires_at),
            body=json.loads(AESGCM(key).decrypt(row.nonce, row.ciphertext, draft_id.bytes)),
        )
