"""Everything that a step is refused for, before anything of it is written: the decision, and all faults of its form."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from uuid import UUID

from service.audit.rules import Purpose
from service.cases.rules.forms.base import Form, FormContext
from service.cases.rules.forms.notes import Amendment
from service.cases.rules.forms.reading import FormReading, read_form
from service.cases.rules.model import Part
from service.cases.rules.steps import Situation, Step, Workflows, decide
from service.cases.use_cases.amend import amended
from service.cases.use_cases.birth_month import birth_month
from service.cases.use_cases.situation import log_for_step
from service.database.transaction import Transaction
from service.kinds import KINDS
from service.people.store.people import People
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.form_parts import Fault
from service.vocabulary.input_faults import bare_fault, in_body
from service.vocabulary.organisation_kinds import kinds_in_words
from service.vocabulary.partly_read import as_far_as_read, without
from service.vocabulary.refusals import InputFault, Invalid
from service.workflows.rules.definition import Trigger
from service.workflows.rules.machine import Decision

# A client's clock may run a little ahead of ours.
CLOCK_TOLERANCE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class CheckedStep:
    """A step that nothing stands in the way of. `situation` holds what was read of the case to weigh its form."""

    situation: Situation
    step: Step
    decision: Decision


def check(
    transaction: Transaction,
    situation: Situation,
    step: Step,
    workflows: Workflows,
    *,
    trace_id: str,
    unknown: Collection[str] = (),
) -> CheckedStep:
    """Decide, and hold the form against the case. What is read of the case for it is logged.

    `unknown`: what of the context of the form is not known. Raises the refusals of `decide`, then Invalid with all
    faults at once: those of types, and those of the rules that touch what could be read.
    """
    decision = decide(situation, step.trigger, workflows)
    step = when_it_happened(step, situation.part)
    reading = form_of(step, decision.trigger)
    counted = _counted(transaction, situation, decision, reading.form, trace_id)
    step = replace(step, form=reading.form, unread=None, counted=counted.form)
    if (weighing := step.counted or step.form) and weighing.weighs_age:
        situation = replace(situation, birth_month=_birth_month(transaction, situation, decision, trace_id))
    context = without(situation.context(day_in_amsterdam(step.occurred_at)), *unknown)
    rules = rule_faults(transaction, situation, step, decision.trigger, context)
    if faults := (*reading.faults, *counted.faults, *rules):
        raise Invalid(faults)
    return CheckedStep(situation, step, decision)


def when_it_happened(step: Step, part: Part) -> Step:
    """A step without a date happens now, also when the machine's clock was set back since the step before."""
    return step if step.dated else replace(step, occurred_at=max(step.occurred_at, part.occurred_at))


def form_of(step: Step, trigger: Trigger) -> FormReading:
    """The form of the step as the part's own workflow asks it."""
    if step.form is not None or (step.unread is None and trigger.form is None):
        return FormReading(step.form)
    if trigger.form is None:
        return FormReading(None, (bare_fault("body", "/form", "extra_forbidden"),))
    form = KINDS.forms[trigger.form]
    if step.unread is None and not form.may_be_left_out():
        return FormReading(None, (bare_fault("body", "/form", "missing"),))
    return read_form(form, step.unread or {})


def rule_faults(
    transaction: Transaction, situation: Situation, step: Step, trigger: Trigger, context: FormContext
) -> tuple[InputFault, ...]:
    """The faults of rules of a step and its form, as far as both are read. Writes nothing."""
    return (
        *as_far_as_read(partial(_faults_of_grounds, step, trigger)),
        *as_far_as_read(partial(_faults_of_time, situation, step)),
        *(map(in_body, step.form.faults(context)) if step.form else ()),
        *(_faults_of_changes(step.counted, context) if step.counted else ()),
        *as_far_as_read(partial(_faults_of_organisations, transaction, step)),
        *as_far_as_read(partial(_faults_of_assignee, transaction, situation, step)),
    )


def _counted(
    transaction: Transaction, situation: Situation, decision: Decision, form: Form | None, trace_id: str
) -> FormReading:
    """What an amendment makes of the form that it amends."""
    if not isinstance(form, Amendment):
        return FormReading(None)
    read = as_far_as_read(lambda: (amended(transaction, situation, decision, form, trace_id),))
    return read[0] if read else FormReading(None)


def _birth_month(transaction: Transaction, situation: Situation, decision: Decision, trace_id: str) -> str | None:
    """The child's month of birth, for a form whose meaning depends on it; that reading is logged like any other."""
    why: Purpose = "consent_of_those_who_decide"
    log_for_step(
        transaction, situation, decision, trace_id, activity="weigh_consent", purpose=why, detail="month of birth"
    )
    return birth_month(transaction, situation.history)


def _faults_of_grounds(step: Step, trigger: Trigger) -> Iterator[InputFault]:
    if trigger.grounds == "required" and not step.grounds:
        yield in_body(Fault("grounds_required", ("grounds",)), under="")


def _faults_of_time(situation: Situation, step: Step) -> Iterator[InputFault]:
    if step.dated and step.occurred_at > situation.now + CLOCK_TOLERANCE:
        yield in_body(Fault("occurred_in_future", ("occurredAt",)), under="")
    if step.occurred_at < situation.part.occurred_at:
        earliest = {"earliest": situation.part.occurred_at}
        yield in_body(Fault("occurred_before_previous", ("occurredAt",), earliest), under="")


def _faults_of_changes(counted: Form, context: FormContext) -> Iterator[InputFault]:
    yield from (in_body(fault, under="/form/changes") for fault in counted.faults(context))


def _faults_of_organisations(transaction: Transaction, step: Step) -> Iterator[InputFault]:
    """Organisations that a form names must exist here, and be what they are named for."""
    named = tuple(step.form.names_organisations()) if step.form else ()
    kinds = People(transaction).kinds({it.id for it in named}) if named else {}
    for it in named:
        if kinds.get(it.id) not in it.kinds:
            yield in_body(Fault("unknown_organisation", it.location, {"kinds": kinds_in_words(it.kinds)}))


def _faults_of_assignee(transaction: Transaction, situation: Situation, step: Step) -> Iterator[InputFault]:
    """The person that a form names must work where the step is to be taken up."""
    assignee: UUID | None = step.form.assigned(None) if step.form else None
    party = situation.part.party_id if step.trigger == "reassign" else situation.case.team_id
    if step.form and assignee and not (party and People(transaction).works_for(assignee, party)):
        yield in_body(Fault("unknown_assignee", (step.form.assigned_in,)))
