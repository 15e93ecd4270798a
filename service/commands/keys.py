"""The command remove-unused-keys."""

import sys

from service.commands.database import open_command_database
from service.integrity.store.unused_keys import UnusedKeys


def remove_unused_keys() -> None:
    """Remove the keys of neither a case nor a draft, left by a crash; first restore what is missing."""
    with open_command_database() as (database, _):
        removed = database.write_sync(lambda transaction: UnusedKeys(transaction).remove())
    sys.stdout.write(f"{removed} unused keys removed\n")
