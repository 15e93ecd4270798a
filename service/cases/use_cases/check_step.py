"""The checks of a step before anything is written: the decision of the workflow, and all faults of the form."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from service.audit.rules import Purpose
from service.cases.rules.acting_memberships import asked_for_it
from service.cases.rules.forms.base import Form, FormContext
from service.cases.rules.forms.consult import ConsultRequest
from service.cases.rules.forms.form_reader import FormReadResult, read_form
from service.cases.rules.forms.notes import Amendment
from service.cases.rules.forms.referral import Referral
from service.cases.rules.model import Part
from service.cases.rules.steps import CLOCK_TOLERANCE, Situation, Step, WorkflowSource, decide_step, roles_to_act
from service.cases.use_cases.amend import AmendmentReading, amendable_entry, read_amended_form
from service.cases.use_cases.birth_month import birth_month_for_consent, recorded_months, settled_month
from service.cases.use_cases.current_form import read_current_form
from service.cases.use_cases.situation import log_reading_for_step
from service.database.transaction import Transaction
from service.kinds import KINDS
from service.people.store.people import People
from service.people.store.regions import RegionRegister
from service.people.store.successions import Successions
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.form_parts import Fault
from service.vocabulary.input_faults import body_fault, simple_fault
from service.vocabulary.organisation_kinds import kinds_in_words
from service.vocabulary.partial_values import FieldUnread, results_if_readable, without_fields
from service.vocabulary.refusals import InputFault, Invalid
from service.vocabulary.roles import Role, roles_in_words
from service.workflows.rules.definition import Trigger
from service.workflows.rules.machine import Decision


@dataclass(frozen=True, slots=True)
class CheckedStep:
    """A step that passed all checks. `situation` includes the month of birth when the form weighs the child's age."""

    situation: Situation
    step: Step
    decision: Decision


def check_step(
    transaction: Transaction,
    situation: Situation,
    step: Step,
    workflows: WorkflowSource,
    *,
    trace_id: str,
    unknown_fields: Collection[str] = (),
) -> CheckedStep:
    """Decide on the step and check its form against the case. Reads of content are logged.

    `unknown_fields`: fields of the form's context that are not known. Raises the refusals of `decide_step`, then
    Invalid with all faults of types and all faults of the rules whose fields could be read.
    """
    decision = decide_step(situation, step.trigger, workflows)
    step = resolve_occurred_at(step, situation.part)
    reading = read_step_form(step, decision.trigger)
    amendment = _read_amended(transaction, situation, decision, reading.form, trace_id)
    step = replace(step, form=reading.form, raw_form=None, amended=amendment.amended)
    form = step.counted_form
    if form and form.weighs_age:
        situation = replace(situation, birth_month=_birth_month(transaction, situation, decision, trace_id))
    if isinstance(form, Referral | ConsultRequest):
        step = replace(step, weighed=_as_weighed(transaction, situation, decision, form, trace_id))
    if form and form.counts_from_first_form:
        situation = replace(situation, first_form=_first_form(transaction, situation, decision, trace_id))
    context = situation.form_context(day_in_amsterdam(step.occurred_at))
    context = without_fields(replace(context, recorded_by=decision.acting.role), *unknown_fields)
    rules = rule_faults(transaction, situation, step, decision.trigger, context, workflows)
    if faults := (*reading.faults, *amendment.faults, *rules):
        raise Invalid(faults)
    return CheckedStep(situation, step, decision)


def resolve_occurred_at(step: Step, part: Part) -> Step:
    """The step with its time of occurrence. Without a date it is now, but not before the previous step of the part.

    The clock of the machine may have been set back since that step.
    """
    return step if step.has_date else replace(step, occurred_at=max(step.occurred_at, part.occurred_at))


def read_step_form(step: Step, trigger: Trigger) -> FormReadResult:
    """Read the form of the step as the trigger of the part's workflow asks it."""
    if step.form is not None or (step.raw_form is None and trigger.form is None):
        return FormReadResult(step.form)
    if trigger.form is None:
        return FormReadResult(None, (simple_fault("body", "/form", "extra_forbidden"),))
    form = KINDS.forms[trigger.form]
    if step.raw_form is None and not form.is_optional():
        return FormReadResult(None, (simple_fault("body", "/form", "missing"),))
    return read_form(form, step.raw_form or {})


def rule_faults(
    transaction: Transaction,
    situation: Situation,
    step: Step,
    trigger: Trigger,
    context: FormContext,
    workflows: WorkflowSource,
) -> tuple[InputFault, ...]:
    """The faults of rules of a step and its form, as far as both could be read. Writes nothing."""
    return (
        *results_if_readable(partial(_faults_of_grounds, step, trigger)),
        *results_if_readable(partial(_faults_of_time, situation, step)),
        *(map(body_fault, step.form.faults(context)) if step.form else ()),
        *(_faults_of_changes(transaction, situation, step, context) if step.amended else ()),
        *results_if_readable(partial(_faults_of_names, transaction, step.form)),
        *results_if_readable(partial(_faults_of_assignee, transaction, situation, step, trigger, workflows)),
    )


def _read_amended(
    transaction: Transaction, situation: Situation, decision: Decision, form: Form | None, trace_id: str
) -> AmendmentReading:
    """The form that an amendment amends, with its changes; no form for any other step."""
    if not isinstance(form, Amendment):
        return AmendmentReading()
    try:
        entry = amendable_entry(transaction, situation, decision, form)
        if entry is None:
            return AmendmentReading(faults=(body_fault(Fault("not_amendable", ("amends",))),))
        return read_amended_form(transaction, situation, decision, entry, form, trace_id)
    except FieldUnread:
        return AmendmentReading()  # the fault of that field is told with those of types


def _first_form(transaction: Transaction, situation: Situation, decision: Decision, trace_id: str) -> Form | None:
    """The form that began the part, as amended. The read is logged (I18)."""
    entry = next(entry for entry in situation.history if entry.part_id == situation.part.id)
    purpose: Purpose = "keeping_the_terms_of_the_law"
    detail = f"{entry.form}#{entry.sequence}"
    log_reading_for_step(
        transaction, situation, decision, trace_id, activity="count_term", purpose=purpose, detail=detail
    )
    # An older release accepted texts that are refused today: the other fields stay readable.
    return read_form(KINDS.forms[entry.form or ""], read_current_form(transaction, entry, situation.history)).form


def _birth_month(transaction: Transaction, situation: Situation, decision: Decision, trace_id: str) -> str | None:
    """The child's month of birth, for a form that weighs age. The read is logged (I18)."""
    _log_weighing(transaction, situation, decision, trace_id)
    return birth_month_for_consent(transaction, situation.history)


def _log_weighing(transaction: Transaction, situation: Situation, decision: Decision, trace_id: str) -> None:
    purpose: Purpose = "consent_of_those_who_decide"
    log_reading_for_step(
        transaction, situation, decision, trace_id, activity="weigh_consent", purpose=purpose, detail="month of birth"
    )


def _as_weighed(
    transaction: Transaction, situation: Situation, decision: Decision, form: Form, trace_id: str
) -> Form | None:
    """The form with the month of birth by which its consents are weighed; None where that is its own month (I20)."""
    if decision.acting.role != Role.PARENT or not situation.history:
        return None
    _log_weighing(transaction, situation, decision, trace_id)
    month = settled_month(recorded_months(transaction, situation.history))
    return form.model_copy(update={"birth_month": month}) if month else None


def _faults_of_grounds(step: Step, trigger: Trigger) -> Iterator[InputFault]:
    if trigger.grounds == "required" and not step.grounds:
        yield body_fault(Fault("grounds_required", ("grounds",)), under="")


def _faults_of_time(situation: Situation, step: Step) -> Iterator[InputFault]:
    if step.has_date and step.occurred_at > situation.now + CLOCK_TOLERANCE:
        yield body_fault(Fault("occurred_in_future", ("occurredAt",)), under="")
    if step.occurred_at < situation.part.occurred_at:
        earliest = {"earliest": situation.part.occurred_at}
        yield body_fault(Fault("occurred_before_previous", ("occurredAt",), earliest), under="")


def _faults_of_changes(
    transaction: Transaction, situation: Situation, step: Step, context: FormContext
) -> Iterator[InputFault]:
    """Faults of the amended form, without those that it had before in a member that is not changed.

    The step that it amends does not count among those of the part.
    """
    amended = step.amended
    if amended is None:
        return
    as_amended = replace(
        situation.form_context(context.day, amended.entry), unamended=amended.before, recorded_by=context.recorded_by
    )
    known = {(fault.code, fault.location) for fault in _all_faults(transaction, amended.before, as_amended)}
    changed = step.form.changes if isinstance(step.form, Amendment) else ()
    for fault in _all_faults(transaction, amended.form, as_amended):
        if fault.location[0] in changed or (fault.code, fault.location) not in known:
            yield body_fault(fault, under="/form/changes")


def _all_faults(transaction: Transaction, form: Form | None, context: FormContext) -> tuple[Fault, ...]:
    if form is None:
        return ()
    return (*form.faults(context), *results_if_readable(partial(_faults_in_names, transaction, form)))


def _faults_of_names(transaction: Transaction, form: Form | None) -> Iterator[InputFault]:
    yield from map(body_fault, _faults_in_names(transaction, form) if form else ())


def _faults_in_names(transaction: Transaction, form: Form) -> Iterator[Fault]:
    """Faults of organisations and municipalities that a form names.

    An organisation must exist in this installation, be of a fitting kind and not have ended. A municipality must be a
    known one.
    """
    organisations, municipalities = tuple(form.named_organisations()), tuple(form.named_municipalities())
    ids = {organisation.id for organisation in organisations}
    kinds, successors = People(transaction).kinds_of_organisations(ids), Successions(transaction).successors_of(ids)
    for organisation in organisations:
        successor = successors.get(organisation.id)
        if successor and successor.last_day < day_in_amsterdam(transaction.now):
            yield successor.fault(*organisation.location)
        elif kinds.get(organisation.id) not in organisation.allowed_kinds:
            yield Fault(
                "unknown_organisation", organisation.location, {"kinds": kinds_in_words(organisation.allowed_kinds)}
            )
    known_codes = RegionRegister(transaction).known_codes({municipality.code for municipality in municipalities})
    for municipality in municipalities:
        if municipality.code not in known_codes:
            yield Fault("unknown_municipality", municipality.location)


def _faults_of_assignee(
    transaction: Transaction, situation: Situation, step: Step, trigger: Trigger, workflows: WorkflowSource
) -> Iterator[InputFault]:
    """Fault of the person whom a form names to act next: they must hold a role that can take the next action.

    What is judged may also be passed to a judge of another team, and never to who asked for it.
    """
    assignee: UUID | None = step.form.next_assignee(None) if step.form else None
    if step.form is None or assignee is None:
        return
    case, kind = situation.case, situation.part.kind
    roles, party = roles_to_act(situation, trigger, workflows)
    seats, judge = People(transaction).memberships_of(assignee), situation.kinds[kind].judged_by
    organisations = {seat.organisation_id for seat in seats}
    if not any(seat.role in roles and (seat.organisation_id == party or seat.role == judge) for seat in seats):
        params = {"roles": roles_in_words(roles)}
        yield body_fault(Fault("unknown_assignee", (step.form.assignee_field,), params))
    elif judge and asked_for_it(assignee, organisations, case, kind, situation.history):
        yield body_fault(Fault("assignee_asked_for_it", (step.form.assignee_field,)))
