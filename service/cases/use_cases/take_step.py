"""Performing a transition: the one way in which a case changes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from service.cases.rules.model import Content, Transition
from service.cases.rules.steps import Situation, Step, Workflows, move
from service.cases.store.cases import Cases
from service.cases.use_cases.check_step import CheckedStep, check
from service.cases.use_cases.lookups import find_sought
from service.cases.use_cases.situation import as_it_stands
from service.database.idempotency import Answered, IdempotencyKey, Outcome, act_once
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.use_cases.identify import allow_rows_of, identify
from service.vocabulary.actor import Actor
from service.vocabulary.refusals import NotFound, Stale, VersionMissing
from service.workflows.rules.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Made:
    """A transition that was made. `opened`: the parts that began with it.

    `whole`: whoever took the step may read the case around it.
    """

    entry: Transition
    number: str
    opened: tuple[Transition, ...] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class StepNumber:
    """A step that was taken, as told to the person who took it and may not see its part any more.

    `number` counts within the part, as `Transition.part_sequence`: it was told in the first answer and never changes.
    """

    case_id: UUID
    number: int


def make_once(
    transaction: Transaction, once: IdempotencyKey, actor: Actor, *, act: Callable[[], Made]
) -> Outcome[Made | StepNumber]:
    """Make one transition for equal requests; see `act_once`. `act` looks for sight itself.

    A repeated request is answered from the history, with the number of the step alone when its part is out of sight by
    now. Raises CaseDestroyed for persons who could still see all of the case.
    """
    return act_once(
        transaction,
        once,
        actor.person_id,
        act=act,
        again=lambda first: _told_again(transaction, first, seen_by=actor),
        answered=lambda made: Answered(case_id=made.entry.case_id, sequence=made.entry.sequence),
    )


def _told_again(transaction: Transaction, first: Answered, *, seen_by: Actor) -> Made | StepNumber:
    if first.case_id is None or first.sequence is None:
        raise NotFound  # never of a step: the digest of any other request differs
    case_id, cases = first.case_id, Cases(transaction)
    entries = cases.entries_from(case_id, first.sequence)
    sight = cases.find(case_id, entries[0].part_id if entries else case_id, seen_by=seen_by)
    if sight and entries:
        return Made(entries[0], sight.case.number, entries[1:], whole=sight.whole)
    # The second wall hides a case of other organisations; this one row of it is the person's own act.
    allow_rows_of(transaction, seen_by, cases={case_id})
    return StepNumber(case_id, cases.part_sequence(case_id, first.sequence))


def perform_transition(
    transaction: Transaction,
    caller: Caller,
    address: tuple[UUID, UUID],
    step: Step,
    once: IdempotencyKey,
    *,
    version: int | None,
    rules: Rulebook,
    new_id: Callable[[], UUID],
) -> Outcome[Made | StepNumber]:
    """Take one step with the part at `address` (case, part). `version` is the part's sequence the caller decided on.

    Refusals come in the order in which they can be acted on: repeated (answered as before); not found; version missing
    or stale; not possible from here, not for this role, guards; faults of the form, all at once.
    """
    actor = identify(transaction, caller)
    sight = Cases(transaction).find(*address, seen_by=actor, lock=True)

    def take() -> Made:
        if sight is None:
            raise NotFound
        situation = as_it_stands(transaction, actor, sight.case, sight.part, rules)
        if version is None:
            raise VersionMissing
        if version != sight.part.sequence:
            raise Stale(sight.part.sequence, _told(situation.history, sight.part.id, sight.part.sequence))
        made = carry_out(transaction, situation, step, rules, new_id=new_id, trace_id=caller.trace_id)
        return replace(made, whole=sight.whole)

    return make_once(transaction, once, actor, act=take)


def carry_out(
    transaction: Transaction,
    situation: Situation,
    step: Step,
    workflows: Workflows,
    *,
    new_id: Callable[[], UUID],
    trace_id: str,
) -> Made:
    """Check the step, and record it. Raises as `check` does."""
    checked = check(transaction, situation, step, workflows, trace_id=trace_id)
    return record(transaction, checked, workflows, new_id=new_id, trace_id=trace_id)


def record(
    transaction: Transaction, checked: CheckedStep, workflows: Workflows, *, new_id: Callable[[], UUID], trace_id: str
) -> Made:
    """Write down a step that nothing stands in the way of, with the parts that it opens."""
    situation, step, decision = checked.situation, checked.step, checked.decision
    found = find_sought(transaction, situation, step, decision, trace_id)
    moved = move(replace(situation, sought=found.organisations), step, decision, workflows, new_id=new_id)
    if found.codes:
        moved = (replace(moved[0], codes={**moved[0].codes, **found.codes}), *moved[1:])
    Cases(transaction).record(situation.case, moved, _content(step))
    return Made(moved[0], situation.case.number, moved[1:])


def _content(step: Step) -> Content | None:
    body: dict[str, Any] = {}
    if step.form:
        body["form"] = step.form.stored()
    if step.grounds:
        body["grounds"] = step.grounds
    if not body:
        return None
    # An amendment says the same kind of thing as what it amends, under the same key.
    said = step.counted or step.form
    content_class = said.content_class if said else "notes"
    return Content(content_class=content_class, form=step.form.form_name if step.form else None, body=body)


def _told(history: tuple[Transition, ...], part_id: UUID, part_sequence: int) -> dict[str, Any]:
    """What came first, for whoever was second: the step and the role, not the person."""
    won = next(it for it in reversed(history) if (it.part_id, it.part_sequence) == (part_id, part_sequence))
    return {"trigger": won.trigger, "state": won.target, "role": str(won.role), "recorded_at": won.recorded_at}
