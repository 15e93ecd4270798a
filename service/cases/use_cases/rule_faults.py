"""The faults of rules of a request whose types are wrong, so that both are told in one answer.

They are told to nobody who may not take the step as it stands: nobody learns of a case by sending faulty forms. Nothing
is written, so nothing is read that must be logged either: no rule that weighs the child's age speaks here, and a form
that is amended is looked at once the amendment itself can be read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from service.cases.rules.forms.base import Form
from service.cases.rules.forms.reading import FormReading
from service.cases.rules.steps import Situation, Step, decide
from service.cases.store.cases import Cases
from service.cases.store.drafts import Drafts
from service.cases.use_cases.check_step import form_of, rule_faults, when_it_happened
from service.cases.use_cases.check_submission import case_to_be, submitter
from service.cases.use_cases.situation import as_it_stands
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.use_cases.identify import identify
from service.vocabulary.actor import Actor
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.fields import Moment
from service.vocabulary.language import FreeText
from service.vocabulary.partly_read import without
from service.vocabulary.refusals import InputFault, Refusal
from service.workflows.rules.definition import Trigger
from service.workflows.rules.kinds import START, PartKind
from service.workflows.rules.rulebook import Rulebook

_GROUNDS: TypeAdapter[str] = TypeAdapter(FreeText)
_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A step as far as it can be read. `unread`: its fields that have a fault of type."""

    step: Step
    unread: frozenset[str]
    has_form: bool  # False where something was sent in its place that is no object

    def form(self, trigger: Trigger) -> FormReading:
        return form_of(self.step, trigger) if self.has_form else FormReading(None)

    def faults(
        self,
        transaction: Transaction,
        situation: Situation,
        trigger: Trigger,
        form: Form | None,
        unknown: tuple[str, ...] = (),
    ) -> tuple[InputFault, ...]:
        """The faults of rules of the step with this form; `unknown`: what of the context is not known besides age."""
        step = when_it_happened(replace(self.step, form=form, unread=None), situation.part)
        undated = ("on",) if "occurred_at" in self.unread else ()
        context = without(situation.context(day_in_amsterdam(step.occurred_at)), "birth_month", *undated, *unknown)
        step = without(step, *self.unread)
        return rule_faults(transaction, situation, step, trigger, context)


def rule_faults_of_step(
    transaction: Transaction,
    caller: Caller,
    address: tuple[UUID, UUID],
    body: object,
    *,
    rules: Rulebook,
    version: int | None = None,
) -> tuple[InputFault, ...]:
    """What the rules say of a step with the part at `address` (case, part), beside its faults of types.

    `body` is the JSON of the whole request, whatever it is; `version` the part's sequence that the caller decided on,
    when they said which. Where parts run on workflows that ask for different forms, the types of the form are known
    with the part only: their faults are told here as well.
    """
    sent = _sent(body, transaction.now)
    if sent is None:
        return ()
    try:
        actor = identify(transaction, caller)
        sight = Cases(transaction).find(*address, seen_by=actor)
        if sight is None or version not in (None, sight.part.sequence):
            return ()
        situation = as_it_stands(transaction, actor, sight.case, sight.part, rules)
        trigger = decide(situation, sent.step.trigger, rules).trigger
    except Refusal:
        return ()
    versions = _versions(rules, sight.part.kind, trigger.name)
    reading = sent.form(trigger)
    if all(it.grounds == "required" for it in versions) and sent.step.grounds is None:
        sent = replace(sent, unread=sent.unread | {"grounds"})
    of_types = reading.faults if len({it.form for it in versions}) > 1 else ()
    return (*of_types, *sent.faults(transaction, situation, trigger, reading.form))


def rule_faults_of_submission(
    transaction: Transaction, caller: Caller, body: object, *, rules: Rulebook
) -> tuple[InputFault, ...]:
    """What the rules say of a submission, beside its faults of types; of one by a draft, all faults of the draft.

    `body` is the JSON of the whole request, whatever it is.
    """
    sent = _sent(body, transaction.now)
    if sent is None:
        return ()
    workflow = rules.current("case")
    if sent.step.trigger not in workflow.known_from(START):
        return ()
    try:
        actor = identify(transaction, caller)
        acting = submitter(actor, rules, sent.step.trigger)
    except Refusal:
        return ()
    trigger = workflow.definition.triggers[sent.step.trigger]
    draft = _draft(transaction, actor, body)
    if draft is not None:
        sent = replace(sent, step=replace(sent.step, unread=draft), has_form=True)
    reading = sent.form(trigger)
    case_id = actor.person_id  # of no meaning: nothing is kept of this case
    to_be = case_to_be(transaction, actor, acting, reading.form, sent.step.occurred_at, case_id, rules)
    of_types = reading.faults if draft is not None else ()
    return (*of_types, *sent.faults(transaction, to_be.situation, trigger, reading.form, to_be.unknown))


def _sent(body: object, now: datetime) -> _Sent | None:
    """The step as far as it can be read; None where nothing tells which one it is."""
    if not isinstance(body, Mapping) or not isinstance(trigger := body.get("trigger"), str):
        return None
    given, form, unread = body.get("occurredAt"), body.get("form"), set()
    try:
        occurred_at = now if given is None else _MOMENT.validate_python(given)
    except ValidationError:
        occurred_at = now
        unread.add("occurred_at")
    try:
        grounds = None if body.get("grounds") is None else _GROUNDS.validate_python(body["grounds"])
    except ValidationError:
        grounds = None
        unread.add("grounds")
    is_form = isinstance(form, Mapping)
    step = Step(
        trigger=trigger,
        occurred_at=occurred_at,
        dated=given is not None,
        grounds=grounds,
        unread=form if is_form else None,
    )
    return _Sent(step, frozenset(unread), has_form=is_form or "form" not in body)


def _draft(transaction: Transaction, actor: Actor, body: Any) -> Mapping[str, Any] | None:
    """The form in the draft that is submitted, if there is one in sight and no other form beside it."""
    given = body.get("draftId")
    if not isinstance(given, str) or body.get("form") is not None or body["trigger"] != "submit":
        return None
    try:
        draft_id = UUID(given)
    except ValueError:
        return None
    draft = Drafts(transaction).find(draft_id, seen_by=actor.person_id)
    form: Mapping[str, Any] | None = draft.body.get("form", {}) if draft else None
    return form


def _versions(rules: Rulebook, kind: PartKind, trigger: str) -> tuple[Trigger, ...]:
    """What each workflow that a part may run on asks of this trigger, where it is fired at a part that exists."""
    named = (it.triggers[trigger] for it in rules.versions(kind) if trigger in it.triggers)
    return tuple(it for it in named if any(source != START for source, _ in it.edges))
