"""Amendments: an earlier form with its changes, checked by the same rules as the form itself."""

from dataclasses import dataclass

from service.cases.rules.amendments import apply_merge_patch
from service.cases.rules.forms.form_reader import read_form
from service.cases.rules.forms.notes import Amendment
from service.cases.rules.model import Transition
from service.cases.rules.steps import AmendedForm, Situation
from service.cases.store.cases import Cases
from service.cases.use_cases.current_form import read_current_form
from service.cases.use_cases.situation import log_reading_for_step
from service.database.transaction import Transaction
from service.kinds import KINDS
from service.vocabulary.refusals import InputFault
from service.vocabulary.roles import FAMILY_ROLES, Role
from service.workflows.rules.machine import Decision

# An amendment is followed by another one. A reassignment has no text.
_NEVER_AMENDED = frozenset({"amendment", "correction", "reassignment"})
# Amended on request alone: another advice is a new version (I13), and a note is followed by another one.
_AMENDED_ON_REQUEST = frozenset({"advice", "advice_revision", "note"})
# What a young person may correct in a form that somebody else of the family sent.
_OF_THE_YOUNG_PERSON = frozenset({"birthMonth", "confirmedBirthMonth"})


@dataclass(frozen=True, slots=True)
class AmendmentReading:
    """The form that an amendment amends, as far as it could be read, with its faults. None for any other step."""

    amended: AmendedForm | None = None
    faults: tuple[InputFault, ...] = ()


def read_amended_form(
    transaction: Transaction,
    situation: Situation,
    decision: Decision,
    entry: Transition,
    amendment: Amendment,
    trace_id: str,
) -> AmendmentReading:
    """Read the form of this entry with the amendment applied, with its faults of types. The read is logged.

    Raises FieldUnread when fields of the amendment could not be read.
    """
    changes = amendment.changes
    log_reading_for_step(
        transaction,
        situation,
        decision,
        trace_id,
        activity="amend_case",
        purpose="keeping_the_case_correct",
        detail=f"{entry.form}#{entry.sequence}",
    )
    form, current = KINDS.forms[entry.form or ""], read_current_form(transaction, entry, situation.history)
    reading = read_form(form, apply_merge_patch(current, changes), pointer="/form/changes")
    amended = AmendedForm(entry, reading.form, read_form(form, current).form) if reading.form else None
    return AmendmentReading(amended, reading.faults)


def amendable_entry(
    transaction: Transaction, situation: Situation, decision: Decision, amendment: Amendment
) -> Transition | None:
    """The entry to amend; None where its form may not be amended, or not by this organisation.

    A correction on request may amend every form of the file, also a note or an advice (AVG 16). A member of a family
    amends what they recorded themselves; the young person also the month of birth. Raises FieldUnread when its number
    could not be read.
    """
    place = amendment.amended_place(situation.part.id, situation.case.id)
    entry = Cases(transaction).entry_of_part(situation.case.id, *place)
    form = entry.form.partition("@")[0] if entry and entry.form else None
    if entry is None or form is None or form in _NEVER_AMENDED:
        return None
    if amendment.amends_file:
        return entry if KINDS[entry.part_kind].belongs_to_file else None
    if form in _AMENDED_ON_REQUEST or entry.organisation_id != decision.acting.organisation_id:
        return None
    role, is_own = decision.acting.role, entry.actor_id == situation.actor.person_id
    if role in FAMILY_ROLES and not is_own:
        return entry if role == Role.YOUNG_PERSON and amendment.changes.keys() <= _OF_THE_YOUNG_PERSON else None
    return entry
