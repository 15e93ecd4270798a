"""The database of the settings, opened for a command; a refusal ends the command with a sentence."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from service.app import prepared
from service.database.transaction import Transaction
from service.database.worker_threads import Database
from service.settings import Settings
from service.vocabulary.messages import say
from service.vocabulary.refusals import Invalid, NotAllowed, NotKnown, Refusal
from service.workflows.rules.rulebook import Rulebook

T = TypeVar("T")


def done(work: Callable[[Transaction, Rulebook], T]) -> T:
    """Run the work in one transaction on the database of the settings. Returns the result of the work."""
    with opened() as (database, rules):
        return database.write_now(lambda transaction: work(transaction, rules))


@contextmanager
def opened() -> Iterator[tuple[Database, Rulebook]]:
    """Yields (database of the settings, rules in force). A refusal inside ends the process with a sentence."""
    database, rules = prepared(Settings())
    database.all_rows_for = "a command"
    try:
        yield database, rules
    except (NotKnown, NotAllowed):
        raise SystemExit("not done: --as does not name an administrator of this installation") from None
    except Invalid as refusal:
        lines = (f"{fault.location} {fault.words.en}" for fault in refusal.errors)
        raise SystemExit("\n".join(["not done:", *lines])) from None
    except Refusal as refusal:
        raise SystemExit(f"not done: {say('details', refusal.code, refusal.facts()).en}") from None
    finally:
        database.close()
