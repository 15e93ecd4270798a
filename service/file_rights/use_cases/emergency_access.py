"""Reading a case in an emergency: for some hours, and told to everybody around it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from service.cases.rules.steps import Step
from service.cases.store.cases import Cases
from service.cases.use_cases.situation import before_first_step
from service.cases.use_cases.take_step import Made, StepNumber, carry_out, make_once
from service.database.idempotency import IdempotencyKey, Outcome
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.store.people import People
from service.people.use_cases.identify import identify
from service.vocabulary.actor import Actor, Emergency, Membership
from service.vocabulary.refusals import AlreadyInSight, HumansOnly, NotAllowed, NotFound
from service.workflows.rules.rulebook import Rulebook


def take_emergency_access(
    transaction: Transaction,
    caller: Caller,
    number: str,
    step: Step,
    once: IdempotencyKey,
    *,
    rules: Rulebook,
    new_id: Callable[[], UUID],
) -> Outcome[Made | StepNumber]:
    """Let somebody read the case with this number for some hours; the case tells everybody around it who did and why.

    Raises HumansOnly for a system, NotAllowed for whoever holds none of the roles, NotFound, AlreadyInSight, Invalid.
    """
    actor = identify(transaction, caller)
    if caller.machine:
        raise HumansOnly

    def take() -> Made:
        acting = _acting(actor, rules)
        transaction.allow_all_rows("emergency access")
        case = Cases(transaction).numbered(number)
        if case is None:
            raise NotFound
        sight = Cases(transaction).find(case.id, case.id, seen_by=actor)
        if sight is not None and sight.whole:
            raise AlreadyInSight(case.id)
        by_role = replace(actor, memberships=(acting,))
        situation = before_first_step(transaction, by_role, case, "emergency_access", rules, new_id)
        # What is not dated happens now: hours count from when the system wrote it down.
        undated = replace(step, occurred_at=transaction.now, dated=False)
        made = carry_out(transaction, situation, undated, rules, new_id=new_id, trace_id=caller.trace_id)
        taken = Emergency(case.id, made.entry.part_id, acting)
        until = transaction.now + timedelta(hours=situation.settings.emergency_hours)
        People(transaction).let_read(actor.person_id, taken, until=until)
        return made

    return make_once(transaction, once, actor, act=take)


def _acting(actor: Actor, rules: Rulebook) -> Membership:
    """The first role that may and that this person holds anywhere: of this case they are not."""
    roles = rules.current("emergency_access").definition.triggers["take_emergency_access"].roles
    found = next((held for role in roles if (held := actor.holding(role))), None)
    if found is None:
        raise NotAllowed
    return found
