"""The child's month of birth, from the forms of the case with all their amendments."""

from collections.abc import Sequence

from service.cases.rules.forms.consult import ConsultRequest
from service.cases.rules.forms.referral import Referral
from service.cases.rules.model import Transition
from service.cases.use_cases.current_form import read_current_form
from service.database.transaction import Transaction


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
