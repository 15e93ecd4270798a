"""Amending: what an earlier form says with the changes in it, held against the same rules as the form itself."""

from collections.abc import Sequence
from typing import Any

from service.cases.rules.amendments import amendments_of, as_it_reads, merged
from service.cases.rules.forms.notes import Amendment
from service.cases.rules.forms.reading import FormReading, read_form
from service.cases.rules.model import Transition
from service.cases.rules.steps import Situation
from service.cases.store.contents import Contents
from service.cases.use_cases.situation import log_for_step
from service.database.transaction import Transaction
from service.kinds import KINDS
from service.vocabulary.form_parts import Fault
from service.vocabulary.input_faults import in_body
from service.workflows.rules.machine import Decision

# Issued advice is never corrected: any change is a new version (I13). Notes and amendments are followed by others.
NEVER_AMENDED = frozenset({"advice", "advice_revision", "amendment", "note", "reassignment"})


def amended(
    transaction: Transaction, situation: Situation, decision: Decision, amendment: Amendment, trace_id: str
) -> FormReading:
    """The form as it reads after this amendment, with its faults of types. Raises Unread of an amendment partly read.

    It has a fault and no form where what it names may not be amended.
    """
    entry = _amendable(situation, decision, amendment)
    if entry is None:
        return FormReading(None, (in_body(Fault("not_amendable", ("amends",))),))
    changes = amendment.changes
    detail = f"{entry.form}#{entry.sequence}"
    log_for_step(
        transaction,
        situation,
        decision,
        trace_id,
        activity="amend_case",
        purpose="keeping_the_case_correct",
        detail=detail,
    )
    body = merged(form_as_it_reads(transaction, entry, situation.history), changes)
    return read_form(KINDS.forms[entry.form or ""], body, under="/form/changes")


def _amendable(situation: Situation, decision: Decision, amendment: Amendment) -> Transition | None:
    """The entry of this part that is amended: made by the same organisation, and of a form that may be amended."""
    for entry in situation.history:
        if (entry.part_id, entry.part_sequence) != (situation.part.id, amendment.amends):
            continue
        kind = (entry.form or "note@1").partition("@")[0]
        if kind not in NEVER_AMENDED and entry.organisation_id == decision.acting.organisation_id:
            return entry
    return None


def form_as_it_reads(transaction: Transaction, entry: Transition, history: Sequence[Transition]) -> dict[str, Any]:
    """What the form of an entry says after all its amendments. Whoever reads it logs it."""
    amendments = amendments_of(entry, history)
    contents = Contents(transaction).open(entry.case_id, [it.sequence for it in (entry, *amendments)])
    return as_it_reads(entry, amendments, contents)
