"""Destruction proposals and certificates: propose to destroy a case, and read both (I21)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from service.audit.store.access_log import AccessLog, ContentRead
from service.cases.rules.certificate import Certificate
from service.cases.rules.facts import fold_facts
from service.cases.rules.model import Transition
from service.cases.store.cases import Cases
from service.cases.use_cases.birth_month import birth_month
from service.database.idempotency import IdempotencyKey, IdempotentResult, act_once
from service.database.paging import ListPage
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.kinds import KINDS
from service.people.use_cases.identify import identify
from service.retention.rules.destruction import (
    ROLES_BY_CAPACITY,
    DestructionObstacle,
    Proposal,
    is_destruction_granted,
    last_change,
    obstacles_to_destruction,
)
from service.retention.rules.terms import compute_retention
from service.retention.store.destructions import DestructionCase, Destructions
from service.retention.store.legal_holds import LegalHolds
from service.retention.use_cases.proposal_access import (
    SIGNING_ROLES,
    require_destruction_case,
    require_membership,
    require_no_obstacles,
    require_proposal,
    require_teams,
    stamp_now,
)
from service.vocabulary.actor import Actor
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.refusals import NotAllowed
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force


@dataclass(frozen=True, slots=True, kw_only=True)
class DestructionReview:
    """The review of an ended case: a proposal, or the obstacles to it, and the last day of its term."""

    case_id: UUID
    proposal: Proposal | None = None
    obstacles: tuple[DestructionObstacle, ...] = ()
    keep_until: date | None = None


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """A page of proposals, with the number of each case."""

    page: ListPage[Proposal]
    case_numbers: dict[UUID, str]


@dataclass(frozen=True, slots=True)
class CertificatePage:
    """A page of certificates, with the number of each case."""

    page: ListPage[Certificate]
    case_numbers: dict[UUID, str]


def ended_case_ids(transaction: Transaction, caller: Caller) -> tuple[UUID, ...]:
    """The ids of ended cases without an open proposal, of the teams of this officer. Raises NotAllowed."""
    return Destructions(transaction).ended_case_ids(
        teams=require_teams(identify(transaction, caller), ROLES_BY_CAPACITY["data_protection"])
    )


def propose_if_due(transaction: Transaction, caller: Caller, case_id: UUID, *, rules: Rulebook) -> DestructionReview:
    """Propose to destroy a case when its term has passed and there are no obstacles.

    The term depends on age only under a legal measure. The month of birth is then read and the read is logged, once the
    ordinary term has passed.
    """
    actor = identify(transaction, caller)
    case = require_destruction_case(transaction, actor, case_id, ROLES_BY_CAPACITY["data_protection"], lock=True)
    history, today = Cases(transaction).history(case_id), day_in_amsterdam(transaction.now)
    settings = settings_in_force(transaction, rules, case.region)
    changed_on = day_in_amsterdam(last_change(history).recorded_at)
    term = compute_retention(settings, changed_on, under_measure=False, birth_month=None)
    if term.keep_until < today and fold_facts(history, KINDS).under_legal_measure:
        _log_birth_month(transaction, caller, actor, case)
        term = compute_retention(
            settings, changed_on, under_measure=True, birth_month=birth_month(transaction, history)
        )
    faults = list(_obstacles_to_proposal(transaction, case_id, history))
    if today <= term.keep_until:
        faults.append("term_runs")
    if faults:
        return DestructionReview(case_id=case_id, obstacles=tuple(faults), keep_until=term.keep_until)
    proposal = Proposal(
        id=transaction.keyring.derive_id(
            "destruction_due", str(case_id), str(case.sequence), transaction.now.isoformat()
        ),
        case_id=case_id,
        ground="retention",
        request_id=None,
        sequence=last_change(history).sequence,
        policy=settings.hash,
        keep_until=term.keep_until,
        recorded=stamp_now(transaction, actor, require_membership(actor, case, ROLES_BY_CAPACITY["data_protection"])),
    )
    Destructions(transaction).add_proposal(proposal)
    return DestructionReview(case_id=case_id, proposal=proposal, keep_until=term.keep_until)


def propose_on_request(
    transaction: Transaction,
    caller: Caller,
    case_id: UUID,
    request_id: UUID,
    idempotency_key: IdempotencyKey,
    *,
    rules: Rulebook,
) -> IdempotentResult[Proposal]:
    """Propose to destroy a case because a request for it was granted, whatever its term.

    Raises NotFound for a person who may not know of the case, NotAllowed, DestructionRefused with all obstacles.
    """
    actor = identify(transaction, caller)
    if not actor.organisations(SIGNING_ROLES):
        raise NotAllowed
    case = require_destruction_case(transaction, actor, case_id, SIGNING_ROLES, lock=True)
    membership = require_membership(actor, case, ROLES_BY_CAPACITY["team"])
    proposal_id = transaction.keyring.derive_id("destruction_proposal", str(actor.person_id), idempotency_key.key)

    def propose() -> Proposal:
        Cases(transaction).require_not_destroyed(case_id)
        history = Cases(transaction).history(case_id)
        granted = is_destruction_granted(history, request_id)
        require_no_obstacles(
            _obstacles_to_proposal(transaction, case_id, history) + (() if granted else ("not_granted",))
        )
        proposal = Proposal(
            id=proposal_id,
            case_id=case_id,
            ground="request",
            request_id=request_id,
            sequence=last_change(history).sequence,
            policy=settings_in_force(transaction, rules, case.region).hash,
            keep_until=None,
            recorded=stamp_now(transaction, actor, membership),
        )
        Destructions(transaction).add_proposal(proposal)
        return proposal

    return act_once(
        transaction,
        idempotency_key,
        actor.person_id,
        act=propose,
        rebuild=lambda _: require_proposal(transaction, actor, proposal_id)[0],
    )


def read_proposal(transaction: Transaction, caller: Caller, proposal_id: UUID) -> Proposal:
    """A proposal for a case of a team of the caller. Raises NotAllowed, NotFound."""
    return require_proposal(transaction, identify(transaction, caller), proposal_id)[0]


def list_proposals(
    transaction: Transaction, caller: Caller, *, open_only: bool, limit: int, cursor: str | None
) -> ProposalPage:
    """A page of the proposals of the teams in which the caller may sign, newest first. Raises NotAllowed."""
    teams = require_teams(identify(transaction, caller), SIGNING_ROLES)
    page = Destructions(transaction).proposal_page(teams=teams, open_only=open_only, limit=limit, cursor=cursor)
    return ProposalPage(page, Destructions(transaction).case_numbers({proposal.case_id for proposal in page.items}))


def list_certificates(transaction: Transaction, caller: Caller, *, limit: int, cursor: str | None) -> CertificatePage:
    """A page of the certificates of the teams in which the caller may sign, newest first. Raises NotAllowed."""
    teams = require_teams(identify(transaction, caller), SIGNING_ROLES)
    page = Destructions(transaction).certificate_page(teams=teams, limit=limit, cursor=cursor)
    return CertificatePage(
        page, Destructions(transaction).case_numbers({certificate.case_id for certificate in page.items})
    )


def _obstacles_to_proposal(
    transaction: Transaction, case_id: UUID, history: Sequence[Transition]
) -> tuple[DestructionObstacle, ...]:
    of_case = tuple(
        obstacles_to_destruction(history, LegalHolds(transaction).of_case(case_id), day_in_amsterdam(transaction.now))
    )
    return (*of_case, "proposal_stands") if Destructions(transaction).open_proposal_of(case_id) else of_case


def _log_birth_month(transaction: Transaction, caller: Caller, actor: Actor, case: DestructionCase) -> None:
    AccessLog(transaction).record(
        ContentRead(
            person_id=actor.person_id,
            membership=require_membership(actor, case, ROLES_BY_CAPACITY["data_protection"]),
            activity="read_retention",
            purpose="oversight_of_the_file",
            case_id=case.case_id,
            detail="month of birth",
            trace_id=caller.trace_id,
        )
    )
