"""A transaction of the service on a connection of a test, for tests of one store."""

from datetime import UTC, datetime

from sqlalchemy import Connection

from service.database.keyring import Keyring
from service.database.steady_clock import SteadyClock
from service.database.transaction import Transaction


def transaction_on(connection: Connection, keyring: Keyring | None = None) -> Transaction:
    """A transaction at the present time. Without a keyring it can read no content."""
    return Transaction(connection, keyring or Keyring(bytes(32)), SteadyClock(lambda: datetime.now(UTC)))
