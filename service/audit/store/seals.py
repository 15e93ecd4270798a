"""Seals of the access log: each covers the rows after those of the seal before, and carries its digest.

A seal outlives the rows that it covers. Rows are sealed some minutes after they were written: a transaction that took
its number earlier has ended by then.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile
from typing import Any

from sqlalchemy import Row, func, insert, select, text

from service.audit.store.tables import access_log, access_log_seals
from service.database.transaction import Transaction
from service.vocabulary.calendar import to_microseconds
from service.vocabulary.canonical_json import to_canonical_json

# A transaction of the service ends long before this.
SEAL_DELAY = timedelta(minutes=5)
_ADVISORY_LOCK = 7_240_103
_PAGE = 500
_log, _seal = access_log.c, access_log_seals.c
_LAST = select(access_log_seals).order_by(_seal.number.desc()).limit(1)
_ROWS = select(access_log).order_by(_log.id)


@dataclass(frozen=True, slots=True)
class Seal:
    """The place of a seal in the chain. Number 0 is the place before the first seal."""

    number: int
    last_id: int
    digest: str | None


class LogSeals:
    """The seals of the access log. They are about all cases: no sight is checked."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._now = transaction.now

    def last(self) -> Seal:
        row = self._connection.execute(_LAST).first()
        return Seal(row.number, row.last_id, row.digest) if row else Seal(0, 0, None)

    def digest_of(self, number: int) -> str | None:
        """Returns the digest of the seal with this number, None without one."""
        return self._connection.execute(select(_seal.digest).where(_seal.number == number)).scalar()

    def count_unsealed(self) -> int:
        return int(self._connection.execute(select(func.count()).where(_log.id > self.last().last_id)).scalar_one())

    def seal(self, most: int) -> bool:
        """Seal at most this many rows that were written before the delay. Returns False when there are none."""
        if not self._lock_sealing():
            return False
        last, until = self.last(), to_microseconds(self._now - SEAL_DELAY)
        query = _ROWS.where(_log.id > last.last_id).limit(most)
        # A newer row ends the seal, so that the rows of seals stay in the order of their numbers.
        rows = list(takewhile(lambda row: row.event_at <= until, self._connection.execute(query)))
        if not rows:
            return False
        number, last_id = last.number + 1, rows[-1].id
        rows_digest = digest_of_rows(rows)
        row = {
            "number": number,
            "last_id": last_id,
            "entries": len(rows),
            "rows_digest": rows_digest,
            "prev_digest": last.digest,
            "digest": digest_of_seal(last.digest, number, last_id, len(rows), rows_digest),
            "sealed_at": to_microseconds(self._now),
        }
        self._connection.execute(insert(access_log_seals), row)
        return True

    def faults(self) -> Iterator[tuple[str, int]]:
        """Yields (fault code, number) of each seal that is not as it was made, or whose rows are not. One pass."""
        before = Seal(0, 0, None)
        while seals := self._seals_after(before.number):
            rows = self._rows_between(before.last_id, seals[-1].last_id)
            following = next(rows, None)
            for seal in seals:
                of_seal: list[Row[Any]] = []
                while following is not None and following.id <= seal.last_id:
                    of_seal.append(following)
                    following = next(rows, None)
                if not _follows(seal, before):
                    yield "log_seal", seal.number
                elif (len(of_seal), digest_of_rows(of_seal)) != (seal.entries, seal.rows_digest):
                    yield "log_rows", seal.number
                before = Seal(seal.number, seal.last_id, seal.digest)

    def _seals_after(self, number: int) -> list[Row[Any]]:
        query = select(access_log_seals).where(_seal.number > number).order_by(_seal.number).limit(_PAGE)
        return list(self._connection.execute(query))

    def _rows_between(self, after: int, last: int) -> Iterator[Row[Any]]:
        query = _ROWS.where(_log.id > after, _log.id <= last)
        return iter(self._connection.execute(query.execution_options(yield_per=1000)))

    def _lock_sealing(self) -> bool:
        """True if no other process seals. On SQLite the writer is alone anyway."""
        if self._connection.dialect.name == "sqlite":
            return True
        lock = text("SELECT pg_try_advisory_xact_lock(:number)")
        return bool(self._connection.execute(lock, {"number": _ADVISORY_LOCK}).scalar())


def digest_of_rows(rows: Iterable[Row[Any]]) -> str:
    """Returns the SHA-256 of the canonical JSON of the rows, one per line."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update((to_canonical_json(dict(row._mapping)) + "\n").encode())  # noqa: SLF001 - its API
    return digest.hexdigest()


def digest_of_seal(previous: str | None, number: int, last_id: int, entries: int, rows_digest: str) -> str:
    return hashlib.sha256(f"{previous or '-'}|{number}|{last_id}|{entries}|{rows_digest}".encode()).hexdigest()


def _follows(seal: Row[Any], before: Seal) -> bool:
    digest = digest_of_seal(before.digest, seal.number, seal.last_id, seal.entries, seal.rows_digest)
    return (seal.number, seal.prev_digest, seal.digest) == (before.number + 1, before.digest, digest)
