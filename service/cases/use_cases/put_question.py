"""The question that a part was opened with, for the organisation it is put to, and nothing else (R22, I23)."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from service.cases.rules.model import Transition
from service.cases.store.contents import Contents
from service.database.transaction import Transaction
from service.kinds import KINDS


def asked(
    transaction: Transaction, case_id: UUID, history: Sequence[Transition], entry: Transition
) -> dict[str, Any] | None:
    """The question behind the first entry of a part that shows one; None for any other entry.

    It reads as the form that asked for it, with what a later form made of it: the chair's request, then the liaison's.
    """
    shown = KINDS[entry.part_kind].shows
    if not shown or entry.part_sequence != 1:
        return None
    numbers = [*_causes(history, entry)][::-1]
    contents = Contents(transaction).open(case_id, numbers)
    forms = [contents[number].body["form"] for number in numbers if number in contents]
    return {name: form[name] for form in forms for name in shown if name in form}


def _causes(history: Sequence[Transition], entry: Transition) -> Iterator[int]:
    """The entries that led to this one, the nearest first: what began its part, and so on back."""
    by_sequence = {it.sequence: it for it in history}
    while entry.cause is not None:
        yield entry.cause
        part_id = by_sequence[entry.cause].part_id
        entry = next(it for it in history if it.part_id == part_id)
