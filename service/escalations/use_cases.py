"""The signal of a CCE liaison: she names a case of her region by its number, and its chair is informed."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from service.cases.rules.model import Case, Part
from service.cases.rules.steps import Step
from service.cases.store.cases import Cases
from service.cases.use_cases.any_case import require_sound_on_any_case
from service.cases.use_cases.situation import load_situation
from service.cases.use_cases.take_step import StepReceipt, StepResult, check_and_record_step, take_step_once
from service.database.idempotency import IdempotencyKey, IdempotentResult
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.use_cases.identify import allow_rows_of, identify
from service.vocabulary.refusals import GuardsNotMet, NotAllowed, NotFound, TransitionNotAllowed
from service.vocabulary.roles import Role
from service.workflows.rules.rulebook import Rulebook


def signal_escalation(
    transaction: Transaction,
    caller: Caller,
    number: str,
    step: Step,
    idempotency_key: IdempotencyKey,
    *,
    rules: Rulebook,
    new_id: Callable[[], UUID],
) -> IdempotentResult[StepResult | StepReceipt]:
    """Begin an escalation of the case with this number.

    Raises NotAllowed unless the caller is a liaison; NotFound, as for a number that does not exist, for a case outside
    the regions of her appointment or, out of her sight, in a state that takes no signal.
    """
    actor = identify(transaction, caller)

    def record(case: Case, part: Part, dated: Step) -> StepResult:
        # A signal needs no sight of the case, so emergency access of the liaison must not change its outcome.
        situation = load_situation(transaction, replace(actor, emergencies=()), case, part, rules)
        return check_and_record_step(transaction, situation, dated, rules, new_id=new_id, trace_id=caller.trace_id)

    def signal() -> StepResult:
        if actor.membership_with_role(Role.CCE_LIAISON) is None:
            raise NotAllowed
        appointed_for = actor.regions(Role.CCE_LIAISON)
        allow_rows_of(transaction, actor, regions=appointed_for)
        match = Cases(transaction).find_by_number(number, regions=appointed_for)
        if match and Cases(transaction).find_part(match[0].id, match[1].id, seen_by=actor):
            return record(*match, step)
        require_sound_on_any_case(transaction, actor, "case", step, rules, new_id=new_id)
        if match is None:
            raise NotFound
        # Out of her sight, neither its state nor the time of its last step is told.
        case, part = match
        try:
            return record(case, part, replace(step, occurred_at=max(step.occurred_at, part.occurred_at)))
        except (TransitionNotAllowed, GuardsNotMet):
            raise NotFound from None

    return take_step_once(transaction, idempotency_key, actor, act=signal)
