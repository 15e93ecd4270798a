"""Submitting a case, or asking a consult: the first transition, and with it the case itself."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from service.cases.rules.forms.consult import ConsultRequest
from service.cases.rules.forms.referral import Referral
from service.cases.rules.history_chain import BEGINNING
from service.cases.rules.model import Case, part_to_begin
from service.cases.rules.residence import provisional_municipality
from service.cases.rules.steps import Situation, Step
from service.cases.store.cases import Cases
from service.cases.store.drafts import Drafts
from service.cases.use_cases.take_step import Made, StepNumber, carry_out, make_once
from service.database.idempotency import IdempotencyKey, Outcome
from service.database.keyring import CONTENT_CLASSES
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.kinds import KINDS
from service.people.store.people import People
from service.people.store.regions import Reference
from service.people.use_cases.identify import identify
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.input_faults import form_from
from service.vocabulary.refusals import NotAllowed, NoTeamForRegion, NotFound
from service.workflows.rules.definition import Trigger
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What is submitted: a step with a question or a referral, or the draft that holds one and is used up by it."""

    step: Step
    draft_id: UUID | None = None


def make_keys(transaction: Transaction, case_id: UUID) -> None:
    """The keys of a case to be, in a transaction before its own (decision 16); none for one that was destroyed."""
    transaction.allow_all_rows("keys of a case to be")
    transaction.keyring.create(transaction.connection, case_id, CONTENT_CLASSES)


def submit(
    transaction: Transaction,
    caller: Caller,
    submission: Submission,
    once: IdempotencyKey,
    *,
    case_id: UUID,
    rules: Rulebook,
    new_id: Callable[[], UUID],
) -> Outcome[Made | StepNumber]:
    """Open a case with its first transition. The keys of `case_id` must have been committed before (decision 16)."""
    actor = identify(transaction, caller)
    if submission.draft_id:
        Drafts(transaction).hold(submission.draft_id, seen_by=actor.person_id)

    def open_case() -> Made:
        acting = _acting(actor, rules.current("case").definition.triggers[submission.step.trigger])
        if acting is None:
            raise NotAllowed
        step = _with_draft(transaction, actor, submission)
        case = _new_case(transaction, case_id, acting, step)
        Cases(transaction).open(case)
        situation = _before_the_first_step(transaction, actor, case, rules)
        made = carry_out(transaction, situation, step, rules, new_id=new_id, trace_id=caller.trace_id)
        if submission.draft_id:
            Drafts(transaction).remove(submission.draft_id, seen_by=actor.person_id)
        return made

    return make_once(transaction, once, actor, act=open_case)


def _acting(actor: Actor, trigger: Trigger) -> Membership | None:
    """The first role of the trigger that this person holds anywhere: there is no case yet to have a say in."""
    return next((held for role in trigger.roles if (held := actor.holding(role))), None)


def _with_draft(transaction: Transaction, actor: Actor, submission: Submission) -> Step:
    """The step, with the form out of the draft when there is one. Raises Invalid when the draft is not complete."""
    if submission.draft_id is None:
        return submission.step
    draft = Drafts(transaction).find(submission.draft_id, seen_by=actor.person_id)
    if draft is None:
        raise NotFound
    return replace(submission.step, form=form_from(KINDS.forms[Referral.form_name], draft.body.get("form", {})))


def _new_case(transaction: Transaction, case_id: UUID, acting: Membership, step: Step) -> Case:
    region = _owning_region(transaction, acting, step)
    team_id = People(transaction).team_for(region)
    if team_id is None:
        raise NoTeamForRegion(region)
    return Case(
        id=case_id,
        number=_number(transaction),
        region=region,
        team_id=team_id,
        submitter_id=acting.organisation_id,
        submitted_at=step.occurred_at,
        sequence=0,
        digest=BEGINNING,
        recorded_at=transaction.now,
    )


def _before_the_first_step(transaction: Transaction, actor: Actor, case: Case, rules: Rulebook) -> Situation:
    main = part_to_begin(case.id, case.id, "case", rules.current("case").hash, case.submitted_at)
    settings = settings_in_force(transaction, rules, case.region)
    return Situation(case=case, part=main, history=(), settings=settings, actor=actor, now=transaction.now, kinds=KINDS)


def _owning_region(transaction: Transaction, acting: Membership, step: Step) -> str:
    """The region of the provisionally responsible municipality, else the one named, else the submitter's own."""
    form, code, named = step.form, None, None
    if isinstance(form, Referral):
        code = provisional_municipality(form.residence)
    elif isinstance(form, ConsultRequest):
        code, named = form.municipality, form.region
    municipality = Reference(transaction).municipality(code) if code else None
    region = municipality.region if municipality else named or People(transaction).region_of(acting.organisation_id)
    return region or "?"


def _number(transaction: Transaction) -> str:
    """Eight random digits in two groups, as in 4821-7730: short enough to be read over the telephone."""
    while True:
        digits = f"{secrets.randbelow(10**8):08d}"
        number = f"{digits[:4]}-{digits[4:]}"
        if Cases(transaction).number_is_free(number):
            return number
