"""What forms tell of the child and everything else may need to weigh: read as it stands after every amendment."""

from collections.abc import Sequence

from service.cases.rules.forms.consult import ConsultRequest
from service.cases.rules.forms.referral import Referral
from service.cases.rules.model import Transition
from service.cases.use_cases.amend import form_as_it_reads
from service.database.transaction import Transaction


def last_told(history: Sequence[Transition], form: str) -> Transition | None:
    """The last entry of the case itself with this form."""
    return next((it for it in reversed(history) if it.part_kind == "case" and it.form == form), None)


def birth_month(transaction: Transaction, history: Sequence[Transition]) -> str | None:
    """The month in which the child was born; None where only a question was asked that does not tell."""
    for form in (Referral.form_name, ConsultRequest.form_name):
        if entry := last_told(history, form):
            month: str | None = form_as_it_reads(transaction, entry, history).get("birthMonth")
            return month
    return None
