"""One database transaction: its connection, its time, the rows it may see, and notes for after the commit."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from service.database.keyring import Keyring
from service.database.row_security import set_row_scope
from service.database.steady_clock import SteadyClock


class Transaction:
    """A transaction that commits when its work ends and rolls back when it raises. No code inside it commits.

    Each use creates its store from it: `Cases(transaction).history(case_id)`. `now` is the same moment for all work in
    the transaction, timezone-aware, in UTC. Stores note here what happens after the commit: `has_new_events` wakes the
    relay, `has_destroyed_content` empties the log of SQLite, `emergency_readings` is added to the metrics.
    `sum_changes` is sealed before the commit: by table of the administration, what this transaction adds to its sum.
    """

    __slots__ = (
        "_clock", "_set_back", "connection", "emergency_readings", "has_destroyed_content", "has_new_events", "keyring",
        "now", "sum_changes",
    )  # fmt: skip

    def __init__(self, connection: Connection, keyring: Keyring, clock: SteadyClock) -> None:
        self.connection = connection
        self.keyring = keyring
        self._clock = clock
        self.now, self._set_back = clock.read()
        self.has_new_events = False
        self.has_destroyed_content = False
        self.emergency_readings = 0
        self.sum_changes: dict[str, int] = {}

    def begin_right(self, id_: UUID) -> None:
        """Note that a right of some hours begins now."""
        self._clock.begin(id_, self._set_back)

    def has_ended(self, id_: UUID, until: datetime) -> bool:
        """Returns True when a right until this moment has ended, also if the clock went back since."""
        return until + self._clock.set_back_before(id_) <= self.now + self._set_back

    def allow_rows_of(
        self,
        *,
        person: UUID,
        organisations: Iterable[UUID],
        regions: Iterable[str] = (),
        cases: Iterable[UUID] = (),
    ) -> None:
        """Limit this transaction to the cases of these organisations and regions, and to the cases listed.

        `person` is the owner of the requests and drafts in scope. Row-level security of PostgreSQL enforces the limit;
        SQLite has none.
        """
        set_row_scope(self.connection, person=person, organisations=organisations, regions=regions, cases=cases)

    def allow_all_rows(self, reason: str) -> None:
        """Show this transaction all cases, for work that is not on behalf of a person."""
        set_row_scope(self.connection, reason_for_all_rows=reason)
