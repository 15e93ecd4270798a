"""The child's month of birth, from the forms of the case with all their amendments."""

from collections.abc import Iterator, Sequence

from service.cases.rules.amendments import EntryPlace, amended_place, place_of
from service.cases.rules.forms.birth_month import ADULT_AGE
from service.cases.rules.forms.consult import ConsultRequest
from service.cases.rules.forms.referral import Referral
from service.cases.rules.model import Transition
from service.cases.use_cases.current_form import read_current_form
from service.database.transaction import Transaction
from service.vocabulary.ages import age_on, first_day_of_age
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.roles import Role


def last_entry_with_form(history: Sequence[Transition], form: str) -> Transition | None:
    """The last entry of the main part with this form."""
    return next((entry for entry in reversed(history) if entry.part_kind == "case" and entry.form == form), None)


def birth_month(transaction: Transaction, history: Sequence[Transition]) -> str | None:
    """The month of birth as yyyy-mm; None when the case is a consult that does not name it."""
    for form in (Referral.form_name, ConsultRequest.form_name):
        if entry := last_entry_with_form(history, form):
            month: str | None = read_current_form(transaction, entry, history).get("birthMonth")
            return month
    return None


def birth_month_for_parents(transaction: Transaction, history: Sequence[Transition]) -> str | None:
    """The month of birth by which is weighed what a parent reads (I22).

    What a parent records counts where nobody else recorded a month, and afterwards where it makes the child older: no
    parent opens the words of a young person by recording a younger age. A month of a parent that makes nobody a youth
    is a mistake, and does not count.
    """
    known: str | None = None
    parents_count = True
    for entry in _entries_with_birth_month(history):
        month = birth_month(transaction, [event for event in history if event.sequence <= entry.sequence])
        if entry.role != Role.PARENT:
            known, parents_count = month, False
        elif month is None:
            parents_count = parents_count and known is None
            known = None
        elif age_on(month, day_in_amsterdam(entry.occurred_at)) >= ADULT_AGE:
            continue
        elif parents_count if known is None else first_day_of_age(month, 0) < first_day_of_age(known, 0):
            known = month
    return known


def _entries_with_birth_month(history: Sequence[Transition]) -> Iterator[Transition]:
    """Yields each referral and question of the case, and each amendment of one."""
    places = set[EntryPlace]()
    for entry in history:
        if entry.part_kind == "case" and entry.form in (Referral.form_name, ConsultRequest.form_name):
            places.add(place_of(entry))
            yield entry
        elif amended_place(entry) in places:
            yield entry
