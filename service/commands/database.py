"""The database of the settings, opened for a command; a refusal ends the command with a sentence."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from service.app import prepare_database
from service.database.transaction import Transaction
from service.database.worker_threads import Database
from service.settings import Settings
from service.vocabulary.messages import render_message
from service.vocabulary.refusals import Invalid, NotAllowed, NotKnown, RequestRefusal, Unavailable
from service.workflows.rules.rulebook import Rulebook

T = TypeVar("T")


def run_in_transaction(work: Callable[[Transaction, Rulebook], T]) -> T:
    """Run the work in one transaction on the database of the settings. Returns the result of the work."""
    with open_command_database() as (database, rules):
        return database.write_sync(lambda transaction: work(transaction, rules))


@contextmanager
def open_command_database() -> Iterator[tuple[Database, Rulebook]]:
    """Yields (database of the settings, rules in force). A refusal inside ends the process with a sentence."""
    database, rules = prepare_database(Settings())
    database.all_rows_reason = "a command"
    try:
        yield database, rules
    except (NotKnown, NotAllowed):
        raise SystemExit("not done: --as does not name an administrator of this installation") from None
    except Invalid as refusal:
        lines = (f"{fault.location} {fault.words.en}" for fault in refusal.errors)
        raise SystemExit("\n".join(["not done:", *lines])) from None
    except Unavailable:
        raise SystemExit("not done: the database does not answer, or another process has locked it") from None
    except RequestRefusal as refusal:
        raise SystemExit(f"not done: {render_message('details', refusal.code, refusal.facts()).en}") from None
    finally:
        database.close()
