"""The form of an entry as it reads after its amendments."""

from collections.abc import Sequence
from typing import Any

from service.cases.rules.amendments import amended_form, amendments_of
from service.cases.rules.model import Transition
from service.cases.store.contents import Contents
from service.database.transaction import Transaction


def read_current_form(transaction: Transaction, entry: Transition, history: Sequence[Transition]) -> dict[str, Any]:
    """Returns the form of an entry after all its amendments, by JSON names. The caller logs the read."""
    amendments = amendments_of(entry, history)
    contents = Contents(transaction).open(entry.case_id, [event.sequence for event in (entry, *amendments)])
    return amended_form(entry, amendments, contents)
