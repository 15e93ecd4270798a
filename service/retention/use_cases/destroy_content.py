"""Destruction of the content of one entry: the proposal of the team, and the decision of its officer."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from service.cases.rules.certificate import ContentCertificate, Signature, SignerCapacity
from service.cases.rules.model import Case, Transition
from service.cases.rules.steps import Step
from service.cases.store.cases import Cases
from service.cases.use_cases.check_step import check_step
from service.cases.use_cases.read_content import require_whole_case
from service.cases.use_cases.situation import situation_before_first_step
from service.cases.use_cases.take_step import StepReceipt, StepResult, record_step, take_step_once
from service.database.idempotency import IdempotencyKey, IdempotentResult
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.kinds import KINDS
from service.people.use_cases.identify import identify
from service.retention.rules.destruction import DestructionObstacle, is_destruction_granted
from service.retention.rules.entry_destruction import KIND, ContentProposal, EntryDestruction, open_proposals
from service.retention.store.content_destructions import ContentDestructions
from service.retention.store.destruction_list import DestructionList
from service.retention.store.legal_holds import LegalHolds
from service.retention.use_cases.proposal_access import require_no_obstacles
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.form_parts import Fault
from service.vocabulary.input_faults import body_fault
from service.vocabulary.refusals import HumansOnly, Invalid, NotFound
from service.workflows.rules.rulebook import Rulebook


def propose_entry_destruction(
    transaction: Transaction,
    caller: Caller,
    case_id: UUID,
    step: Step,
    idempotency_key: IdempotencyKey,
    *,
    rules: Rulebook,
    new_id: Callable[[], UUID],
) -> IdempotentResult[StepResult | StepReceipt]:
    """Propose to destroy the content of one entry, on a case in any state.

    Raises NotFound, RoleNotAllowed, Invalid, DestructionRefused with all obstacles.
    """
    actor = identify(transaction, caller)
    Cases(transaction).find_part(case_id, case_id, seen_by=actor, lock=True)

    def propose() -> StepResult:
        case = require_whole_case(transaction, actor, case_id).case
        # Emergency access gives no right to destroy anything.
        without_emergencies = replace(actor, emergencies=())
        situation = situation_before_first_step(transaction, without_emergencies, case, KIND, rules, new_id)
        checked = check_step(transaction, situation, step, rules, trace_id=caller.trace_id)
        form = checked.step.form
        if not isinstance(form, EntryDestruction):
            raise NotFound  # The workflow names no other form for the first step.
        entry = _entry_with_content(transaction, case_id, (form.part_id, form.number))
        if entry is None:
            is_known_part = Cases(transaction).entry_of_part(case_id, form.part_id, 1) is not None
            raise Invalid((body_fault(Fault("no_content_here", ("number" if is_known_part else "partId",))),))
        obstacles = [*_obstacles(transaction, case, situation.history, entry, form.request_id)]
        if any(proposal.place == (form.part_id, form.number) for proposal in open_proposals(situation.history)):
            obstacles.append("content_proposal_stands")
        require_no_obstacles(obstacles)
        return record_step(transaction, checked, rules, new_id=new_id, trace_id=caller.trace_id)

    return take_step_once(transaction, idempotency_key, actor, act=propose)


def destroy_content(
    transaction: Transaction, caller: Caller, case_id: UUID, part_id: UUID, *, destruction_list: DestructionList
) -> None:
    """Destroy the content that the proposal in this part names. The step that decided so was just recorded.

    Raises HumansOnly for a system, DestructionRefused with all obstacles, Unavailable when the list cannot be written.
    """
    if caller.is_machine:
        raise HumansOnly
    actor = identify(transaction, caller)
    sight = Cases(transaction).find_part(case_id, part_id, seen_by=actor)
    if sight is None:
        raise NotFound
    history = Cases(transaction).history_without_notes(case_id)
    proposed, *_, decided = (entry for entry in history if entry.part_id == part_id)
    proposal = ContentProposal.from_entry(proposed)
    entry = _entry_with_content(transaction, case_id, proposal.place)
    if entry is None:
        raise NotFound  # The proposal was refused without it, and no entry ever goes.
    obstacles = [*_obstacles(transaction, sight.case, history, entry, proposal.request_id)]
    if _took_access(actor.person_id, entry, history):
        obstacles.append("took_this_access")
    require_no_obstacles(obstacles)
    certificate = ContentCertificate(
        case_id=case_id,
        sequence=entry.sequence,
        entry_digest=Cases(transaction).digest_of_entry(case_id, entry.sequence),
        part_id=part_id,
        ground=proposal.ground,
        request_id=proposal.request_id,
        signatures=(_signature("team", proposed), _signature("data_protection", decided)),
        entries=decided.sequence,
        destroyed_at=transaction.now,
        day=day_in_amsterdam(transaction.now),
    )
    ContentDestructions(transaction).destroy(certificate)
    # Last, and on disk before the commit: a restored database replays this list.
    destruction_list.add(certificate)


def _entry_with_content(transaction: Transaction, case_id: UUID, place: tuple[UUID, int]) -> Transition | None:
    entry = Cases(transaction).entry_of_part(case_id, *place)
    if entry is None or not ContentDestructions(transaction).content_exists(case_id, entry.sequence):
        return None
    return entry


def _took_access(person_id: UUID, entry: Transition, history: Sequence[Transition]) -> bool:
    """True if the entry is of an emergency access that this person took."""
    first = next((step for step in history if step.part_id == entry.part_id), entry)
    return entry.part_kind == "emergency_access" and first.actor_id == person_id


def _obstacles(
    transaction: Transaction, case: Case, history: Sequence[Transition], entry: Transition, request_id: UUID | None
) -> Iterator[DestructionObstacle]:
    """Every obstacle to destroying the content of this entry that the proposal and the decision share."""
    today = day_in_amsterdam(transaction.now)
    if any(hold.is_in_force(today) for hold in LegalHolds(transaction).of_case(case.id)):
        yield "legal_hold"
    if ContentDestructions(transaction).is_destroyed(case.id, entry.sequence):
        yield "destroyed_already"
    last_of_part = next((step for step in reversed(history) if step.part_id == entry.part_id), entry)
    if not KINDS[entry.part_kind].belongs_to_file and entry.part_sequence == 1 and last_of_part.phase != "ended":
        yield "part_is_open"
    if request_id and not is_destruction_granted(history, request_id, extents=("full", "partial")):
        yield "request_not_granted"


def _signature(capacity: SignerCapacity, entry: Transition) -> Signature:
    return Signature(
        capacity=capacity,
        role=entry.role,
        person_id=entry.actor_id,
        organisation_id=entry.organisation_id,
        signed_at=entry.recorded_at,
    )
