"""The submission of a case or a consult: the first transition, which creates the case."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from service.cases.rules.steps import Step
from service.cases.store.cases import Cases
from service.cases.store.drafts import FormDrafts
from service.cases.use_cases.check_step import CheckedStep
from service.cases.use_cases.check_submission import check_submission, require_submitter
from service.cases.use_cases.take_step import StepReceipt, StepResult, record_step, take_step_once
from service.database.idempotency import IdempotencyKey, IdempotentResult, has_acted
from service.database.keyring import CONTENT_CLASSES
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.use_cases.identify import identify
from service.vocabulary.actor import Actor
from service.vocabulary.refusals import NotFound
from service.workflows.rules.rulebook import Rulebook


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A first step with a referral or a consult; or without a form and with the draft that holds the referral.

    The submission removes the draft.
    """

    step: Step
    draft_id: UUID | None = None


def create_case_keys(
    transaction: Transaction,
    caller: Caller,
    submission: Submission,
    idempotency_key: IdempotencyKey,
    *,
    case_id: UUID,
    rules: Rulebook,
) -> None:
    """Create the keys of a case, before the case (decision 0008).

    Creates none for a repeated submission and for a destroyed case. Raises what `record_submission` raises.
    """
    actor = _identify_submitter(transaction, caller, submission)
    if not has_acted(transaction, idempotency_key, actor.person_id):
        _check(transaction, caller, actor, submission, case_id=case_id, rules=rules)
        transaction.allow_all_rows("keys of a case to be")
        transaction.keyring.create_keys(transaction.connection, case_id, CONTENT_CLASSES)


def record_submission(
    transaction: Transaction,
    caller: Caller,
    submission: Submission,
    idempotency_key: IdempotencyKey,
    *,
    case_id: UUID,
    rules: Rulebook,
    new_id: Callable[[], UUID],
) -> IdempotentResult[StepResult | StepReceipt]:
    """Open a case with its first transition. The keys of `case_id` must have been created before (decision 0008).

    Raises NotFound for a draft that is not the caller's, and what `check_submission` raises.
    """
    actor = _identify_submitter(transaction, caller, submission)

    def open_case() -> StepResult:
        checked = _check(transaction, caller, actor, submission, case_id=case_id, rules=rules)
        case = replace(checked.situation.case, number=_number(transaction))
        Cases(transaction).open_case(case)
        numbered = replace(checked, situation=replace(checked.situation, case=case))
        result = record_step(transaction, numbered, rules, new_id=new_id, trace_id=caller.trace_id)
        if submission.draft_id:
            FormDrafts(transaction).remove(submission.draft_id, seen_by=actor.person_id)
        return result

    return take_step_once(transaction, idempotency_key, actor, act=open_case)


def _identify_submitter(transaction: Transaction, caller: Caller, submission: Submission) -> Actor:
    """The person of the caller. Their draft is locked, so that a simultaneous equal request finds the answer."""
    actor = identify(transaction, caller)
    if submission.draft_id:
        FormDrafts(transaction).lock(submission.draft_id, seen_by=actor.person_id)
    return actor


def _check(
    transaction: Transaction, caller: Caller, actor: Actor, submission: Submission, *, case_id: UUID, rules: Rulebook
) -> CheckedStep:
    acting = require_submitter(actor, rules, submission.step.trigger)
    step = _with_draft(transaction, actor, submission)
    return check_submission(transaction, actor, acting, step, case_id=case_id, rules=rules, trace_id=caller.trace_id)


def _with_draft(transaction: Transaction, actor: Actor, submission: Submission) -> Step:
    """The step, with the form of the draft when there is a draft."""
    if submission.draft_id is None:
        return submission.step
    draft = FormDrafts(transaction).find(submission.draft_id, seen_by=actor.person_id)
    if draft is None:
        raise NotFound
    return replace(submission.step, raw_form=draft.body.get("form", {}))


def _number(transaction: Transaction) -> str:
    """A free case number: eight random digits in two groups, as in 4821-7730, to be read over the telephone."""
    while True:
        digits = f"{secrets.randbelow(10**8):08d}"
        number = f"{digits[:4]}-{digits[4:]}"
        if Cases(transaction).is_free_number(number):
            return number
