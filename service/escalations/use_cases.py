"""A liaison's own signal: a case of her region, known to her by its number alone, is brought to the chair's notice."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from service.cases.rules.steps import Step
from service.cases.store.cases import Cases
from service.cases.use_cases.situation import as_it_stands
from service.cases.use_cases.take_step import Made, StepNumber, carry_out, make_once
from service.database.idempotency import IdempotencyKey, Outcome
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.use_cases.identify import allow_rows_of, identify
from service.vocabulary.refusals import NotAllowed, NotFound
from service.vocabulary.roles import Role
from service.workflows.rules.rulebook import Rulebook


def signal_escalation(
    transaction: Transaction,
    caller: Caller,
    number: str,
    step: Step,
    once: IdempotencyKey,
    *,
    rules: Rulebook,
    new_id: Callable[[], UUID],
) -> Outcome[Made | StepNumber]:
    """Begin an escalation of the case with this number. What she may do nothing for, she is not told about.

    Raises NotAllowed for whoever is no liaison, NotFound for a number that is no case of the regions appointed for.
    """
    actor = identify(transaction, caller)

    def signal() -> Made:
        if actor.holding(Role.CCE_LIAISON) is None:
            raise NotAllowed
        appointed_for = actor.regions(Role.CCE_LIAISON)
        allow_rows_of(transaction, actor, regions=appointed_for)
        found = Cases(transaction).by_number(number, regions=appointed_for)
        if found is None:
            raise NotFound
        case, part = found
        # What she reads in an emergency, here or elsewhere, takes nothing from her: a signal needs no sight.
        situation = as_it_stands(transaction, replace(actor, emergencies=()), case, part, rules)
        return carry_out(transaction, situation, step, rules, new_id=new_id, trace_id=caller.trace_id)

    return make_once(transaction, once, actor, act=signal)
