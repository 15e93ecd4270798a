"""The faults of rules in a request that also has faults of types, so that one answer lists both.

A person who may not take the step gets no faults of rules: faulty forms must reveal nothing of a case. Nothing is
written here, and therefore nothing is read that must be logged. Rules that weigh the child's age are left out, and an
amended form is checked only when the amendment itself can be read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from service.cases.rules.forms.base import Form
from service.cases.rules.forms.form_reader import FormReadResult
from service.cases.rules.model import PartAddress
from service.cases.rules.steps import Situation, Step, decide_step
from service.cases.store.cases import Cases
from service.cases.store.drafts import FormDrafts
from service.cases.use_cases.check_step import read_step_form, resolve_occurred_at, rule_faults
from service.cases.use_cases.check_submission import prospective_case, require_submitter
from service.cases.use_cases.situation import load_situation
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.use_cases.identify import identify
from service.vocabulary.actor import Actor
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.fields import Moment
from service.vocabulary.language import FreeText
from service.vocabulary.partial_values import without_fields
from service.vocabulary.refusals import InputFault, RequestRefusal
from service.workflows.rules.definition import Trigger
from service.workflows.rules.kinds import START, PartKind
from service.workflows.rules.rulebook import Rulebook

_GROUNDS: TypeAdapter[str] = TypeAdapter(FreeText)
_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


@dataclass(frozen=True, slots=True)
class _PartialStep:
    """A step as far as it can be read. `faulty_fields`: its fields that have a fault of types."""

    step: Step
    faulty_fields: frozenset[str]
    has_form: bool  # False when the member `form` is no JSON object.

    def form(self, trigger: Trigger) -> FormReadResult:
        return read_step_form(self.step, trigger) if self.has_form else FormReadResult(None)

    def faults(
        self,
        transaction: Transaction,
        situation: Situation,
        trigger: Trigger,
        form: Form | None,
        rules: Rulebook,
        unknown: tuple[str, ...] = (),
    ) -> tuple[InputFault, ...]:
        """The faults of rules of the step with this form. `unknown`: unknown fields of the context, besides age."""
        step = resolve_occurred_at(replace(self.step, form=form, raw_form=None), situation.part)
        undated = ("day", "decided_on") if "occurred_at" in self.faulty_fields else ()
        context = without_fields(
            situation.form_context(day_in_amsterdam(step.occurred_at)), "birth_month", "first_form", *undated, *unknown
        )
        step = without_fields(step, *self.faulty_fields)
        return rule_faults(transaction, situation, step, trigger, context, rules)


def rule_faults_of_step(
    transaction: Transaction,
    caller: Caller,
    address: PartAddress,
    body: object,
    *,
    rules: Rulebook,
    version: int | None = None,
) -> tuple[InputFault, ...]:
    """The faults of rules of a step with the part at `address`.

    `body` is the JSON of the whole request, of any type. `version` is the sequence of the part that the caller decided
    on, or None. Where workflows in use ask different forms for one trigger, the form is known only with the part: its
    faults of types are then included.
    """
    partial = _partial_step(body, transaction.now)
    if partial is None:
        return ()
    try:
        actor = identify(transaction, caller)
        sight = Cases(transaction).find_part(address.case_id, address.part_id, seen_by=actor)
        if sight is None or sight.part.kind != address.kind or version not in (None, sight.part.sequence):
            return ()
        situation = load_situation(transaction, actor, sight.case, sight.part, rules, whole=sight.may_read_case)
        trigger = decide_step(situation, partial.step.trigger, rules).trigger
    except RequestRefusal:
        return ()
    versions = _versions(rules, sight.part.kind, trigger.name)
    reading = partial.form(trigger)
    if all(version.grounds == "required" for version in versions) and partial.step.grounds is None:
        partial = replace(partial, faulty_fields=partial.faulty_fields | {"grounds"})
    type_faults = reading.faults if len({version.form for version in versions}) > 1 else ()
    return (*type_faults, *partial.faults(transaction, situation, trigger, reading.form, rules))


def rule_faults_of_submission(
    transaction: Transaction, caller: Caller, body: object, *, rules: Rulebook
) -> tuple[InputFault, ...]:
    """The faults of rules of a submission. Of a submission by draft: all faults of the draft.

    `body` is the JSON of the whole request, of any type.
    """
    partial = _partial_step(body, transaction.now)
    if partial is None:
        return ()
    workflow = rules.current("case")
    if partial.step.trigger not in workflow.triggers_from(START):
        return ()
    try:
        actor = identify(transaction, caller)
        acting = require_submitter(actor, rules, partial.step.trigger)
    except RequestRefusal:
        return ()
    trigger = workflow.definition.triggers[partial.step.trigger]
    draft = _form_in_draft(transaction, actor, body)
    if draft is not None:
        partial = replace(partial, step=replace(partial.step, raw_form=draft), has_form=True)
    reading = partial.form(trigger)
    case_id = actor.person_id  # Any id will do: this case is not stored.
    prospective = prospective_case(transaction, actor, acting, reading.form, partial.step.occurred_at, case_id, rules)
    type_faults = reading.faults if draft is not None else ()
    rule_faults_of_form = partial.faults(
        transaction, prospective.situation, trigger, reading.form, rules, prospective.unknown_fields
    )
    return (*type_faults, *rule_faults_of_form)


def _partial_step(body: object, now: datetime) -> _PartialStep | None:
    """The step as far as it can be read; None when the body names no trigger."""
    if not isinstance(body, Mapping) or not isinstance(trigger := body.get("trigger"), str):
        return None
    raw_time, form, faulty_fields = body.get("occurredAt"), body.get("form"), set()
    try:
        occurred_at = now if raw_time is None else _MOMENT.validate_python(raw_time)
    except ValidationError:
        occurred_at = now
        faulty_fields.add("occurred_at")
    try:
        grounds = None if body.get("grounds") is None else _GROUNDS.validate_python(body["grounds"])
    except ValidationError:
        grounds = None
        faulty_fields.add("grounds")
    is_form = isinstance(form, Mapping)
    step = Step(
        trigger=trigger,
        occurred_at=occurred_at,
        has_date=raw_time is not None,
        grounds=grounds,
        raw_form=form if is_form else None,
    )
    return _PartialStep(step, frozenset(faulty_fields), has_form=is_form or "form" not in body)


def _form_in_draft(transaction: Transaction, actor: Actor, body: Any) -> Mapping[str, Any] | None:
    """The form in the submitted draft; None when the body holds a form itself or the person has no such draft."""
    raw_id = body.get("draftId")
    if not isinstance(raw_id, str) or body.get("form") is not None or body["trigger"] != "submit":
        return None
    try:
        draft_id = UUID(raw_id)
    except ValueError:
        return None
    draft = FormDrafts(transaction).find(draft_id, seen_by=actor.person_id)
    form: Mapping[str, Any] | None = draft.body.get("form", {}) if draft else None
    return form


def _versions(rules: Rulebook, kind: PartKind, trigger: str) -> tuple[Trigger, ...]:
    """The versions of this trigger in all workflows of the kind, except those that only begin a part."""
    versions = (workflow.triggers[trigger] for workflow in rules.versions(kind) if trigger in workflow.triggers)
    return tuple(version for version in versions if any(source != START for source, _ in version.edges))
