"""Seals of the administration: each holds the sum of every table of it, and carries the digest of the seal before.

Sums and digests are keyed, so only a holder of the master key can make or continue a seal. Sums are stored encrypted:
the difference of two sums would be the tag of a row, and rows whose tags are known can be put together to an equal sum.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from sqlalchemy import Row, insert, select, text

from service.database.columns import metadata
from service.database.covered_rows import COVERED, MODULUS, tag_of_row
from service.database.keyring import SEALED_SUMS
from service.database.tables import administration_seals
from service.database.transaction import Transaction
from service.vocabulary.calendar import to_microseconds
from service.vocabulary.canonical_json import to_canonical_json

_ADVISORY_LOCK = 7_240_104
_PAGE = 500
_seal = administration_seals.c
_LAST = select(administration_seals).order_by(_seal.number.desc()).limit(1)

Sums = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class AdministrationSeal:
    """The place of a seal in the chain. Number 0 is the place before the first seal."""

    number: int
    digest: str | None


class AdministrationSeals:
    """The seals of the administration. A transaction that changed covered rows adds one just before it commits."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._keyring = transaction.keyring
        self._changes = transaction.sum_changes
        self._sealed_at = to_microseconds(transaction.now)

    def last(self) -> AdministrationSeal:
        row = self._connection.execute(_LAST).first()
        return AdministrationSeal(row.number, row.digest) if row else AdministrationSeal(0, None)

    def digest_of(self, number: int) -> str | None:
        """Returns the digest of the seal with this number, None without one."""
        return self._connection.execute(select(_seal.digest).where(_seal.number == number)).scalar()

    def cover_all(self) -> None:
        """Take over the rows, as they stand, of each table that the last seal does not cover. Call it last."""
        if set(COVERED) - self._sums_to_continue().keys():
            self._lock()
            before, sums = self._sums_to_continue(), self._changed_sums()
            for table in set(COVERED) - sums.keys():
                sums[table] = self._sum_of_rows(table)
            # Another process may have covered them before this one had the lock.
            if sums != before:
                self._append(sums)

    def seal_changes(self) -> None:
        """Seal the changes of this transaction, as its last act: whoever holds the lock waits for no other.

        Tables that are not covered yet are left to `cover_all`.
        """
        if any(self._changes.values()):
            self._lock()
            self._append(self._changed_sums())

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yields (fault code, place): the number of a seal that is not as it was made, a table with other rows."""
        before = None
        while page := self._seals_after(before.number if before else 0):
            for seal in page:
                if not self._follows(seal, before):
                    yield "administration_seal", str(seal.number)
                before = seal
        yield from (("administration_rows", table) for table in self._tables_with_other_rows())

    def _tables_with_other_rows(self) -> list[str]:
        while last := self._connection.execute(_LAST).first():
            sums = self._sums_of(last) if self._is_authentic(last) else {}
            wrong = [table for table, sum_ in sums.items() if self._sum_of_rows(table) != sum_]
            # Another seal means that the service changed rows while they were read.
            if self.last() == AdministrationSeal(last.number, last.digest):
                return wrong
        return []

    def _changed_sums(self) -> dict[str, int]:
        """Returns the sums with the changes of this transaction, which are then no longer noted."""
        sums = self._sums_to_continue()
        for table in self._changes.keys() & sums.keys():
            sums[table] = (sums[table] + self._changes[table]) % MODULUS
        self._changes.clear()
        return sums

    def _sums_to_continue(self) -> dict[str, int]:
        """Returns the sums of the last seal, none without seals.

        After a seal that was changed they are zero: it must not be continued, and the finding stays for good.
        """
        last = self._connection.execute(_LAST).first()
        if last is None:
            return {}
        return self._sums_of(last) if self._is_authentic(last) else dict.fromkeys(COVERED, 0)

    def _append(self, sums: Sums) -> None:
        if not sums:
            return
        before = self.last()
        stored = to_canonical_json({table: f"{sum_:064x}" for table, sum_ in sums.items()})
        row = {
            "number": before.number + 1,
            "sealed_at": self._sealed_at,
            "sums": self._keyring.seal_text(SEALED_SUMS, stored),
            "prev_digest": before.digest,
        }
        self._connection.execute(insert(administration_seals), {**row, "digest": self._digest(row)})

    def _sums_of(self, seal: Row[Any]) -> dict[str, int]:
        sums = json.loads(self._keyring.open_text(SEALED_SUMS, seal.sums))
        return {table: int(sum_, 16) for table, sum_ in sums.items()}

    def _sum_of_rows(self, table: str) -> int:
        query = select(metadata.tables[table]).execution_options(yield_per=1000)
        rows = self._connection.execute(query).mappings()
        return sum(tag_of_row(self._keyring, table, dict(row)) for row in rows) % MODULUS

    def _seals_after(self, number: int) -> list[Row[Any]]:
        query = select(administration_seals).where(_seal.number > number).order_by(_seal.number).limit(_PAGE)
        return list(self._connection.execute(query))

    def _follows(self, seal: Row[Any], before: Row[Any] | None) -> bool:
        number, digest = (before.number, before.digest) if before else (0, None)
        return (seal.number, seal.prev_digest) == (number + 1, digest) and self._is_authentic(seal)

    def _is_authentic(self, seal: Row[Any]) -> bool:
        """Tells whether a holder of the master key made this seal. Null: a constraint was dropped."""
        if seal.sums is None or seal.digest is None:
            return False
        values = dict(seal._mapping)  # noqa: SLF001 - its API
        return compare_digest(seal.digest.encode(), self._digest(values).encode())

    def _digest(self, seal: Mapping[str, Any]) -> str:
        values = (seal["prev_digest"] or "-", str(seal["number"]), str(seal["sealed_at"]), seal["sums"].hex())
        return self._keyring.tag("administration seal", *values).hex()

    def _lock(self) -> None:
        """Let no other process seal until this transaction ends. On SQLite the writer is alone anyway."""
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ADVISORY_LOCK})
