"""The question with which a part was opened. Its addressee reads this and nothing else of the case (R22, I23)."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from service.cases.rules.model import Transition
from service.cases.store.contents import Contents
from service.database.transaction import Transaction
from service.kinds import KINDS


def opening_question(
    transaction: Transaction, case_id: UUID, history: Sequence[Transition], entry: Transition
) -> dict[str, Any] | None:
    """The question of the first entry of a part; None for any other entry, and for a kind that shows no question.

    Returns the fields that `Kind.shown_fields` names, by their JSON names. A later form replaces fields of an earlier
    one, as the liaison's request does with the chair's.
    """
    field_names = KINDS[entry.part_kind].shown_fields
    if not field_names or entry.part_sequence != 1:
        return None
    numbers = [*_causes(history, entry)][::-1]
    contents = Contents(transaction).open(case_id, numbers)
    forms = [contents[number].body.get("form", {}) for number in numbers if number in contents]
    return {name: form[name] for form in forms for name in field_names if name in form}


def _causes(history: Sequence[Transition], entry: Transition) -> Iterator[int]:
    """The sequences of the entries that led to this one, nearest first: the entry that opened its part, and so on."""
    by_sequence = {event.sequence: event for event in history}
    while entry.cause is not None:
        yield entry.cause
        part_id = by_sequence[entry.cause].part_id
        entry = next(event for event in history if event.part_id == part_id)
