"""Amendments: an earlier form with its changes, checked by the same rules as the form itself."""

from collections.abc import Sequence
from typing import Any

from service.cases.rules.amendments import amended_form, amendments_of, apply_merge_patch
from service.cases.rules.forms.form_reader import FormReadResult, read_form
from service.cases.rules.forms.notes import Amendment
from service.cases.rules.model import Transition
from service.cases.rules.steps import Situation
from service.cases.store.contents import Contents
from service.cases.use_cases.situation import log_reading_for_step
from service.database.transaction import Transaction
from service.kinds import KINDS
from service.vocabulary.form_parts import Fault
from service.vocabulary.input_faults import body_fault
from service.workflows.rules.machine import Decision

# Issued advice is never corrected: a change is a new version (I13). A note or amendment is followed by another one.
UNAMENDABLE_FORMS = frozenset({"advice", "advice_revision", "amendment", "note", "reassignment"})


def read_amended_form(
    transaction: Transaction, situation: Situation, decision: Decision, amendment: Amendment, trace_id: str
) -> FormReadResult:
    """Read the form with this amendment applied, with its faults of types. The read is logged.

    Returns a fault and no form when the entry may not be amended. Raises Unread when fields of the amendment could not
    be read.
    """
    entry = _amendable(situation, decision, amendment)
    if entry is None:
        return FormReadResult(None, (body_fault(Fault("not_amendable", ("amends",))),))
    changes = amendment.changes
    detail = f"{entry.form}#{entry.sequence}"
    log_reading_for_step(
        transaction,
        situation,
        decision,
        trace_id,
        activity="amend_case",
        purpose="keeping_the_case_correct",
        detail=detail,
    )
    body = apply_merge_patch(read_current_form(transaction, entry, situation.history), changes)
    return read_form(KINDS.forms[entry.form or ""], body, pointer="/form/changes")


def _amendable(situation: Situation, decision: Decision, amendment: Amendment) -> Transition | None:
    """The entry to amend; None unless the same organisation recorded it and its form may be amended."""
    for entry in situation.history:
        if (entry.part_id, entry.part_sequence) != (situation.part.id, amendment.amends):
            continue
        form_name = (entry.form or "note@1").partition("@")[0]
        if form_name not in UNAMENDABLE_FORMS and entry.organisation_id == decision.acting.organisation_id:
            return entry
    return None


def read_current_form(transaction: Transaction, entry: Transition, history: Sequence[Transition]) -> dict[str, Any]:
    """Returns the form of an entry after all its amendments, by JSON names. The caller logs the read."""
    amendments = amendments_of(entry, history)
    contents = Contents(transaction).open(entry.case_id, [event.sequence for event in (entry, *amendments)])
    return amended_form(entry, amendments, contents)
