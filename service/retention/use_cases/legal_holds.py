"""Legal holds: keep a case from being destroyed while a complaint, a court or the interest of another requires it."""

from datetime import date
from uuid import UUID

from service.cases.rules.model import Case
from service.cases.store.cases import Cases
from service.database.idempotency import IdempotencyKey, IdempotentResult, act_once
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.use_cases.identify import identify
from service.retention.rules.destruction import LEGAL_HOLD_ROLES, CodedReason, Hold, RecordStamp
from service.retention.store.legal_holds import LegalHolds
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.form_parts import Fault
from service.vocabulary.input_faults import require_no_faults
from service.vocabulary.refusals import NotAllowed, NotFound


def list_holds(transaction: Transaction, caller: Caller, case_id: UUID) -> tuple[Hold, ...]:
    """Every hold of the case, lifted ones included. Raises as `place_hold` does."""
    _require_hold_membership(transaction, identify(transaction, caller), case_id)
    return LegalHolds(transaction).of_case(case_id)


def place_hold(
    transaction: Transaction,
    caller: Caller,
    case_id: UUID,
    reason: CodedReason,
    until: date | None,
    idempotency_key: IdempotencyKey,
) -> IdempotentResult[Hold]:
    """Place a legal hold on the case.

    Raises NotFound for a person who may not know of the case, NotAllowed for a person who may not place a hold.
    """
    actor = identify(transaction, caller)
    membership = _require_hold_membership(transaction, actor, case_id, lock=True)
    hold_id = transaction.keyring.derive_id("legal_hold", str(actor.person_id), idempotency_key.key)

    def begin() -> Hold:
        require_no_faults(
            [Fault("day_in_past", ("until",))] if until and until < day_in_amsterdam(transaction.now) else []
        )
        recorded = RecordStamp(
            at=transaction.now, person_id=actor.person_id, organisation_id=membership.organisation_id
        )
        hold = Hold(id=hold_id, case_id=case_id, reason=reason, until=until, recorded=recorded)
        LegalHolds(transaction).add(hold)
        return hold

    return act_once(
        transaction,
        idempotency_key,
        actor.person_id,
        act=begin,
        rebuild=lambda _: _require_hold(transaction, case_id, hold_id),
    )


def lift_hold(
    transaction: Transaction, caller: Caller, case_id: UUID, hold_id: UUID, idempotency_key: IdempotencyKey
) -> IdempotentResult[Hold]:
    """Lift a hold whose reason no longer applies. A hold is lifted once and stays readable."""
    actor = identify(transaction, caller)
    membership = _require_hold_membership(transaction, actor, case_id, lock=True)
    hold = _require_hold(transaction, case_id, hold_id)

    def lift() -> Hold:
        require_no_faults([Fault("nothing_to_end", ())] if hold.lifted else [])
        recorded = RecordStamp(
            at=transaction.now, person_id=actor.person_id, organisation_id=membership.organisation_id
        )
        LegalHolds(transaction).lift(hold_id, recorded)
        return _require_hold(transaction, case_id, hold_id)

    return act_once(transaction, idempotency_key, actor.person_id, act=lift, rebuild=lambda _: hold)


def _require_hold_membership(
    transaction: Transaction, actor: Actor, case_id: UUID, *, lock: bool = False
) -> Membership:
    """The membership in which this person may place a hold, in the team or as its data-protection officer."""
    sight = Cases(transaction).find_part(case_id, case_id, seen_by=actor, lock=lock)
    case: Case | None = (
        sight.case if sight and sight.may_read_case else Cases(transaction).find_for_officer(case_id, seen_by=actor)
    )
    if case is None:
        raise NotFound
    Cases(transaction).require_not_destroyed(case_id)
    of_team = (membership for membership in actor.memberships if membership.organisation_id == case.team_id)
    membership = next((membership for membership in of_team if membership.role in LEGAL_HOLD_ROLES), None)
    if membership is None:
        raise NotAllowed
    return membership


def _require_hold(transaction: Transaction, case_id: UUID, hold_id: UUID) -> Hold:
    hold = LegalHolds(transaction).find(hold_id)
    if hold is None or hold.case_id != case_id:
        raise NotFound
    return hold
