"""The faults that a step has on any case, for a step on a case that is named by its number."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from service.cases.rules.history_chain import GENESIS_DIGEST
from service.cases.rules.model import Case, new_part
from service.cases.rules.steps import Situation, Step
from service.cases.use_cases.check_step import read_step_form, rule_faults
from service.database.transaction import Transaction
from service.kinds import KINDS
from service.vocabulary.actor import Actor
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.partial_values import without_fields
from service.vocabulary.refusals import Invalid
from service.workflows.rules.kinds import PartKind
from service.workflows.rules.rulebook import Rulebook

_KNOWN_OF_A_CASE_ALONE = ("facts", "settings", "region", "part_id", "birth_month")


def require_sound_on_any_case(
    transaction: Transaction, actor: Actor, kind: PartKind, step: Step, rules: Rulebook, *, new_id: Callable[[], UUID]
) -> None:
    """Check what no case decides, before the answer to a number may depend on its case.

    The answer to such a fault does not tell whether there is a case with this number. Raises Invalid.
    """
    workflow = rules.current(kind)
    case = _no_case(actor, transaction, new_id())
    part = new_part(case.id, case.id, kind, workflow.hash, step.occurred_at)
    situation = Situation(
        case=case,
        part=part,
        history=(),
        settings=rules.settings.default,
        actor=actor,
        now=transaction.now,
        kinds=KINDS,
    )
    trigger = workflow.definition.triggers[step.trigger]
    reading = read_step_form(step, trigger)
    step = replace(step, form=reading.form, raw_form=None)
    context = without_fields(situation.form_context(day_in_amsterdam(step.occurred_at)), *_KNOWN_OF_A_CASE_ALONE)
    if faults := (*reading.faults, *rule_faults(transaction, situation, step, trigger, context, rules)):
        raise Invalid(faults)


def _no_case(actor: Actor, transaction: Transaction, id_: UUID) -> Case:
    organisation = actor.memberships[0].organisation_id
    return Case(
        id=id_,
        number="",
        region="",
        team_id=organisation,
        submitter_id=organisation,
        submitted_at=transaction.now,
        sequence=0,
        digest=GENESIS_DIGEST,
        recorded_at=transaction.now,
    )
