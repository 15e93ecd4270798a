"""Keys of neither a case nor a draft: what a crash left between keys and data (decision 0008)."""

from sqlalchemy import delete, exists, func, or_, select, text

from service.cases.store.tables import cases, drafts
from service.database.tables import case_keys
from service.database.transaction import Transaction

_UNUSED = ~or_(exists().where(cases.c.id == case_keys.c.owner_id), exists().where(drafts.c.id == case_keys.c.owner_id))
# On PostgreSQL this waits for every transaction that has read a key, and so for the data that needs it. SQLite has one
# writer at a time.
_LOCK = text(f"LOCK TABLE {case_keys.fullname} IN ACCESS EXCLUSIVE MODE")


class UnusedKeys:
    """Counts and removes unused keys. A submission in progress has some for a moment."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection

    def count(self) -> int:
        return self._connection.execute(select(func.count()).select_from(case_keys).where(_UNUSED)).scalar_one()

    def remove(self) -> int:
        """Remove the unused keys. Returns their number.

        A submission whose keys are removed before it stores its data is answered as unavailable, and can be sent again.
        """
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(_LOCK)
        return self._connection.execute(delete(case_keys).where(_UNUSED)).rowcount
