"""Emergency access to a case: for a number of hours, and visible to everybody involved in the case."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from service.cases.rules.steps import Step
from service.cases.store.cases import Cases
from service.cases.use_cases.any_case import require_sound_on_any_case
from service.cases.use_cases.situation import situation_before_first_step
from service.cases.use_cases.take_step import StepReceipt, StepResult, check_and_record_step, take_step_once
from service.database.idempotency import IdempotencyKey, IdempotentResult
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.store.people import People
from service.people.use_cases.identify import identify
from service.vocabulary.actor import Actor, EmergencyAccessRight, Membership
from service.vocabulary.refusals import AlreadyInSight, HumansOnly, NotAllowed, NotFound
from service.workflows.rules.rulebook import Rulebook


def take_emergency_access(
    transaction: Transaction,
    caller: Caller,
    number: str,
    step: Step,
    idempotency_key: IdempotencyKey,
    *,
    rules: Rulebook,
    new_id: Callable[[], UUID],
) -> IdempotentResult[StepResult | StepReceipt]:
    """Open the case with this number to the caller for a number of hours. The case shows this and the reason.

    Raises HumansOnly for a system, NotAllowed without one of the roles, NotFound, AlreadyInSight, Invalid.
    """
    actor = identify(transaction, caller)
    if caller.is_machine:
        raise HumansOnly

    def take() -> StepResult:
        membership = _require_membership(actor, rules)
        transaction.allow_all_rows("emergency access")
        case = Cases(transaction).find_for_emergency_access(number)
        # The hours count from the recording of the step, so its own date is ignored.
        undated = replace(step, occurred_at=transaction.now, has_date=False)
        sight = Cases(transaction).find_part(case.id, case.id, seen_by=actor) if case else None
        if sight is not None and sight.may_read_case:
            raise AlreadyInSight(sight.case.id)
        require_sound_on_any_case(transaction, actor, "emergency_access", undated, rules, new_id=new_id)
        if case is None:
            raise NotFound
        in_role = replace(actor, memberships=(membership,))
        situation = situation_before_first_step(transaction, in_role, case, "emergency_access", rules, new_id)
        result = check_and_record_step(transaction, situation, undated, rules, new_id=new_id, trace_id=caller.trace_id)
        emergency = EmergencyAccessRight(case.id, result.entry.part_id, membership)
        until = transaction.now + timedelta(hours=situation.settings.emergency_hours)
        People(transaction).grant_emergency_access(actor.person_id, emergency, until=until)
        return result

    return take_step_once(transaction, idempotency_key, actor, act=take)


def _require_membership(actor: Actor, rules: Rulebook) -> Membership:
    """The membership in the first role that may take emergency access, in any organisation. Raises NotAllowed."""
    roles = rules.current("emergency_access").definition.triggers["take_emergency_access"].roles
    membership = next((membership for role in roles if (membership := actor.membership_with_role(role))), None)
    if membership is None:
        raise NotAllowed
    return membership
