"""The child's month of birth, from the forms of the case with all their amendments."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from service.cases.rules.amendments import amended_place, place_of
from service.cases.rules.forms.birth_month import ADULT_AGE
from service.cases.rules.forms.consult import ConsultRequest
from service.cases.rules.forms.referral import Referral
from service.cases.rules.model import Transition
from service.cases.store.contents import Contents
from service.database.transaction import Transaction
from service.vocabulary.ages import age_on, first_day_of_age
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.roles import Role


@dataclass(frozen=True, slots=True)
class RecordedMonth:
    """A month of birth (yyyy-mm) as one entry gave it; None where the entry says that it is not known."""

    month: str | None
    by_parent: bool
    day: date

    @property
    def by_others(self) -> bool:
        """True for a month that somebody else than a parent knew."""
        return self.month is not None and not self.by_parent


def last_entry_with_form(history: Sequence[Transition], form: str) -> Transition | None:
    """The last entry of the main part with this form."""
    return next((entry for entry in reversed(history) if entry.part_kind == "case" and entry.form == form), None)


def birth_month(transaction: Transaction, history: Sequence[Transition]) -> str | None:
    """The month of birth as yyyy-mm, as the forms read now; None when nobody knows it."""
    return _last(recorded_months(transaction, history))


def birth_month_for_consent(transaction: Transaction, history: Sequence[Transition]) -> str | None:
    """The month of birth by which consents are weighed (I20).

    No parent changes by another month who must consent: see `settled_month`.
    """
    recorded = recorded_months(transaction, history)
    return settled_month(recorded) or _last(recorded)


def settled_month(recorded: Sequence[RecordedMonth]) -> str | None:
    """The month of birth that no parent changes: the last that somebody else recorded, else the first of a parent.

    A month that makes nobody a youth is a mistake, and settles nothing. None where nothing is settled.
    """
    of_youth = (month for month in recorded if month.month and 0 <= age_on(month.month, month.day) < ADULT_AGE)
    by_others = [month for month in recorded if month.by_others]
    return _last(by_others or [*islice(of_youth, 1)])


def birth_month_for_parents(transaction: Transaction, history: Sequence[Transition]) -> str | None:
    """The month of birth by which is weighed what a parent reads (I22).

    What a parent records counts where nobody else recorded a month, and afterwards where it makes the child older: no
    parent opens the words of a young person by recording a younger age. A month of a parent that makes nobody a youth
    is a mistake, and does not count.
    """
    known: str | None = None
    parents_count = True
    for recorded in recorded_months(transaction, history):
        month = recorded.month
        if not recorded.by_parent:
            known, parents_count = month, False
        elif month is None:
            parents_count = parents_count and known is None
            known = None
        elif age_on(month, recorded.day) >= ADULT_AGE:
            continue
        elif parents_count if known is None else first_day_of_age(month, 0) < first_day_of_age(known, 0):
            known = month
    return known


def recorded_months(transaction: Transaction, history: Sequence[Transition]) -> list[RecordedMonth]:
    """The months of birth that the question, the referral and their amendments gave, in order.

    An amendment of something else in the same form gives none.
    """
    entries = list(_entries_with_birth_month(history))
    contents = Contents(transaction).open(history[0].case_id, [entry.sequence for entry in entries]) if entries else {}
    recorded = []
    for entry in entries:
        content = contents[entry.sequence]
        form = {} if content.is_destroyed else content.body["form"]
        values = form if amended_place(entry) is None else form.get("changes", {})
        if "birthMonth" in values or amended_place(entry) is None:
            day = day_in_amsterdam(entry.occurred_at)
            recorded.append(RecordedMonth(values.get("birthMonth"), entry.role == Role.PARENT, day))
    return recorded


def _entries_with_birth_month(history: Sequence[Transition]) -> Iterator[Transition]:
    """Yields each referral and question of the case, and each amendment of one of them."""
    places = set()
    for entry in history:
        if entry.part_kind == "case" and entry.form in (Referral.form_name, ConsultRequest.form_name):
            places.add(place_of(entry))
            yield entry
        elif amended_place(entry) in places:
            yield entry


def _last(recorded: Sequence[RecordedMonth]) -> str | None:
    return recorded[-1].month if recorded else None
