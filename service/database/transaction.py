"""One database transaction: its connection, its moment, the rows it may see, and what it leaves to do after it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from service.database.keyring import Keyring
from service.database.row_security import set_row_scope


class Transaction:
    """Committed when the work ends, rolled back when it raises; nothing inside commits.

    A store is made of it where it is used: `Cases(transaction).history(case_id)`. `now` is one moment for all of it,
    aware, UTC. What a store leaves to do after the commit is noted here: `recorded` wakes the relay,
    `emergency_readings` are counted for operators.
    """

    __slots__ = ("connection", "emergency_readings", "keyring", "now", "recorded")

    def __init__(self, connection: Connection, keyring: Keyring, clock: Callable[[], datetime]) -> None:
        self.connection = connection
        self.keyring = keyring
        self.now = clock()
        self.recorded = False
        self.emergency_readings = 0

    def allow_rows(
        self,
        *,
        person: UUID,
        organisations: Iterable[UUID],
        regions: Iterable[str] = (),
        cases: Iterable[UUID] = (),
    ) -> None:
        """Limit the rows this transaction can see to the cases of these organisations and regions, and these cases.

        Row-level security of PostgreSQL enforces it; SQLite has none.
        """
        set_row_scope(self.connection, person=person, organisations=organisations, regions=regions, cases=cases)

    def allow_all_rows(self, why: str) -> None:
        """Show this transaction every case: for work that is done for no person."""
        set_row_scope(self.connection, everything=why)
