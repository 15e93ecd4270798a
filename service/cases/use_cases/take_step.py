"""The transition of a case: the only way in which a case changes."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from service.cases.rules.model import Content, Part, PartAddress, Transition
from service.cases.rules.steps import Situation, Step, WorkflowSource, build_transitions
from service.cases.store.cases import Cases
from service.cases.use_cases.check_step import CheckedStep, check_step
from service.cases.use_cases.find_addressees import find_addressees
from service.cases.use_cases.situation import load_situation
from service.database.idempotency import AnswerReference, IdempotencyKey, IdempotentResult, act_once
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.kinds import KINDS
from service.people.use_cases.identify import allow_rows_of, identify
from service.vocabulary.actor import Actor
from service.vocabulary.refusals import (
    GuardsNotMet,
    NotFound,
    RoleNotAllowed,
    Stale,
    TransitionNotAllowed,
    VersionMissing,
)
from service.workflows.rules.kinds import PartKind
from service.workflows.rules.rulebook import Rulebook

# What follows a step in its transaction, for one kind of part and trigger: `(transaction, caller, case id, part id)`.
AfterStep = Callable[[Transaction, Caller, UUID, UUID], None]


@dataclass(frozen=True, slots=True)
class StepResult:
    """Result of a step: the entry that records it and the first entries of the parts that it `opened`.

    `may_read_case`: the person who took the step may read the whole case.
    """

    entry: Transition
    number: str
    opened: tuple[Transition, ...] = ()
    may_read_case: bool = True


@dataclass(frozen=True, slots=True)
class StepReceipt:
    """Receipt of a step, for the person who took it and no longer sees its part.

    `number` is `Transition.part_sequence`. The first answer gave the same number, and it never changes.
    """

    case_id: UUID
    number: int


def take_step_once(
    transaction: Transaction, idempotency_key: IdempotencyKey, actor: Actor, *, act: Callable[[], StepResult]
) -> IdempotentResult[StepResult | StepReceipt]:
    """Take one step for equal requests; see `act_once`. `act` checks sight itself.

    A repeated request is answered from the history. A person who lost sight of the part gets a receipt only. Raises
    CaseDestroyed for a person who could still see the whole case.
    """
    return act_once(
        transaction,
        idempotency_key,
        actor.person_id,
        act=act,
        rebuild=lambda first: _rebuild_result(transaction, first, seen_by=actor),
        reference_of=lambda result: AnswerReference(case_id=result.entry.case_id, sequence=result.entry.sequence),
    )


def _rebuild_result(transaction: Transaction, first: AnswerReference, *, seen_by: Actor) -> StepResult | StepReceipt:
    if first.case_id is None or first.sequence is None:
        raise NotFound  # A step always has both. Any other request has another digest, and act_once refuses it before.
    case_id, cases = first.case_id, Cases(transaction)
    entries = cases.entry_and_effects(case_id, first.sequence)
    sight = cases.find_part(case_id, entries[0].part_id if entries else case_id, seen_by=seen_by)
    if sight and entries:
        return StepResult(entries[0], sight.case.number, entries[1:], may_read_case=sight.may_read_case)
    # Row-level security hides a case of other organisations. This row may be read: it is the person's own act.
    allow_rows_of(transaction, seen_by, cases={case_id})
    return StepReceipt(case_id, cases.part_sequence(case_id, first.sequence))


def perform_transition(
    transaction: Transaction,
    caller: Caller,
    address: PartAddress,
    step: Step,
    idempotency_key: IdempotencyKey,
    *,
    version: int | None,
    rules: Rulebook,
    after_steps: Mapping[tuple[PartKind, str], AfterStep],
    new_id: Callable[[], UUID],
) -> IdempotentResult[StepResult | StepReceipt]:
    """Take one step with the part at `address`.

    `version` is the sequence of the part that the caller decided on. A repeated request gets its first answer. Refusals
    come in this order: NotFound; VersionMissing or Stale; those of the workflow (state, role, guards); Invalid, with
    all faults of the step and its form; those of what follows the step (`after_steps`).
    """
    actor = identify(transaction, caller)
    sight = Cases(transaction).find_part(address.case_id, address.part_id, seen_by=actor, lock=True)

    def take() -> StepResult:
        if sight is None or sight.part.kind != address.kind:
            raise NotFound
        situation = load_situation(transaction, actor, sight.case, sight.part, rules, whole=sight.may_read_case)
        if version is None:
            raise VersionMissing
        if version != sight.part.sequence:
            raise Stale(sight.part.sequence, _winning_step(transaction, sight.part))
        result = check_and_record_step(transaction, situation, step, rules, new_id=new_id, trace_id=caller.trace_id)
        _record_joined_outcomes(transaction, actor, sight.part, step, rules, new_id=new_id, trace_id=caller.trace_id)
        return replace(result, may_read_case=sight.may_read_case)

    # The idempotency key is stored before what follows the step: that may write outside the database.
    outcome = take_step_once(transaction, idempotency_key, actor, act=take)
    if isinstance(outcome.value, StepResult) and not outcome.repeated:
        entry = outcome.value.entry
        if after_step := after_steps.get((entry.part_kind, entry.trigger)):
            after_step(transaction, caller, entry.case_id, entry.part_id)
    return outcome


def _record_joined_outcomes(
    transaction: Transaction,
    actor: Actor,
    concluded: Part,
    step: Step,
    rules: Rulebook,
    *,
    new_id: Callable[[], UUID],
    trace_id: str,
) -> None:
    """Record the outcome of a part for the parts that the same judge took up as well: one outcome for all (R61).

    A part stays open when this person may not give it this outcome.
    """
    if step.trigger not in KINDS[concluded.kind].outcomes or concluded.assignee_id is None:
        return
    judged = (concluded.kind, concluded.state, concluded.assignee_id)
    for part in Cases(transaction).other_parts(concluded.case_id, seen_by=actor):
        sight = Cases(transaction).find_part(part.case_id, part.id, seen_by=actor)
        if sight is None or (part.kind, part.state, part.assignee_id) != judged:
            continue
        situation = load_situation(transaction, actor, sight.case, sight.part, rules, whole=sight.may_read_case)
        with suppress(TransitionNotAllowed, RoleNotAllowed, GuardsNotMet):
            check_and_record_step(transaction, situation, step, rules, new_id=new_id, trace_id=trace_id)


def check_and_record_step(
    transaction: Transaction,
    situation: Situation,
    step: Step,
    workflows: WorkflowSource,
    *,
    new_id: Callable[[], UUID],
    trace_id: str,
) -> StepResult:
    """Check the step and record it. Raises what `check_step` raises."""
    checked = check_step(transaction, situation, step, workflows, trace_id=trace_id)
    return record_step(transaction, checked, workflows, new_id=new_id, trace_id=trace_id)


def record_step(
    transaction: Transaction,
    checked: CheckedStep,
    workflows: WorkflowSource,
    *,
    new_id: Callable[[], UUID],
    trace_id: str,
) -> StepResult:
    """Record a checked step and the first entry of each part that it opens."""
    situation, step, decision = checked.situation, checked.step, checked.decision
    addressees = find_addressees(transaction, situation, step, decision, trace_id)
    entries = build_transitions(
        replace(situation, addressees=addressees.organisations), step, decision, workflows, new_id=new_id
    )
    if addressees.codes:
        entries = (replace(entries[0], codes={**entries[0].codes, **addressees.codes}), *entries[1:])
    Cases(transaction).record(situation.case, entries, _content(step))
    return StepResult(entries[0], situation.case.number, entries[1:])


def _content(step: Step) -> Content | None:
    body: dict[str, Any] = {}
    if step.form:
        body["form"] = step.form.to_content()
    if step.grounds:
        body["grounds"] = step.grounds
    if not body:
        return None
    # An amendment has the content class of the form that it amends, and so the same encryption key.
    counted = step.counted_form
    content_class = counted.content_class if counted else "notes"
    return Content(content_class=content_class, form=step.form.form_name if step.form else None, body=body)


def _winning_step(transaction: Transaction, part: Part) -> dict[str, Any]:
    """Returns trigger, state, role and recorded_at of the step that came first; never the person who took it."""
    winner = Cases(transaction).entry_of_part(part.case_id, part.id, part.sequence)
    if winner is None:
        raise NotFound  # The head of a part always has its entry; the database keeps both together.
    return {
        "trigger": winner.trigger,
        "state": winner.target,
        "role": str(winner.role),
        "recorded_at": winner.recorded_at,
    }
