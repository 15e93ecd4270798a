"""File requests. They begin on a case in any state and do not belong to its file."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from service.cases.rules.steps import Step
from service.cases.store.cases import Cases
from service.cases.use_cases.read_content import require_whole_case
from service.cases.use_cases.situation import situation_before_first_step
from service.cases.use_cases.take_step import StepReceipt, StepResult, check_and_record_step, take_step_once
from service.database.idempotency import IdempotencyKey, IdempotentResult
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.use_cases.identify import identify
from service.workflows.rules.rulebook import Rulebook


def ask_about_file(
    transaction: Transaction,
    caller: Caller,
    case_id: UUID,
    step: Step,
    idempotency_key: IdempotencyKey,
    *,
    rules: Rulebook,
    new_id: Callable[[], UUID],
) -> IdempotentResult[StepResult | StepReceipt]:
    """Begin a file request, by a person who sees the whole case. Raises NotFound, NotAllowed, Invalid."""
    actor = identify(transaction, caller)
    Cases(transaction).find_part(case_id, case_id, seen_by=actor, lock=True)

    def ask() -> StepResult:
        case = require_whole_case(transaction, actor, case_id).case
        # Emergency access gives no right to make a file request.
        without_emergencies = replace(actor, emergencies=())
        situation = situation_before_first_step(transaction, without_emergencies, case, "file_request", rules, new_id)
        return check_and_record_step(transaction, situation, step, rules, new_id=new_id, trace_id=caller.trace_id)

    return take_step_once(transaction, idempotency_key, actor, act=ask)
