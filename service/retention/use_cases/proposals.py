"""Proposing that a case is destroyed, and reading proposals and certificates (I21)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from service.audit.store.access_log import AccessLog, Reading
from service.cases.rules.certificate import Certificate
from service.cases.rules.facts import fold
from service.cases.rules.model import Transition
from service.cases.store.cases import Cases
from service.cases.use_cases.birth_month import birth_month
from service.database.idempotency import IdempotencyKey, Outcome, act_once
from service.database.paging import Page
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.kinds import KINDS
from service.people.use_cases.identify import identify
from service.retention.rules.destruction import (
    SIGNING,
    Obstacle,
    Proposal,
    is_granted,
    last_change,
    obstacles,
)
from service.retention.rules.terms import retention
from service.retention.store.destructions import Destructions, Subject
from service.retention.store.legal_holds import Holds
from service.retention.use_cases.deciding import (
    DECIDING,
    acting_membership,
    find_proposal,
    find_subject,
    recorded_now,
    refuse_obstacles,
    teams_of,
)
from service.vocabulary.actor import Actor
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.refusals import NotAllowed
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """A case whose term may have passed, and what became of it: a proposal, or the reasons why not."""

    case_id: UUID
    proposal: Proposal | None = None
    obstacles: tuple[Obstacle, ...] = ()
    keep_until: date | None = None


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """A page of proposals, with the number of each case."""

    page: Page[Proposal]
    numbers: dict[UUID, str]


@dataclass(frozen=True, slots=True)
class CertificatePage:
    """A page of certificates, with the number of each case."""

    page: Page[Certificate]
    numbers: dict[UUID, str]


def ended_cases(transaction: Transaction, caller: Caller) -> tuple[UUID, ...]:
    """The ended cases to look at, of the teams whose data-protection officer asks. Raises NotAllowed."""
    return Destructions(transaction).ended(teams=teams_of(identify(transaction, caller), SIGNING["data_protection"]))


def propose_if_due(transaction: Transaction, caller: Caller, case_id: UUID, *, rules: Rulebook) -> Considered:
    """Propose to destroy a case when its term has passed and nothing is in the way.

    Only under a measure does the term depend on age; then the month of birth is read, on behalf of the officer.
    """
    actor = identify(transaction, caller)
    subject = find_subject(transaction, actor, case_id, SIGNING["data_protection"], lock=True)
    history, today = Cases(transaction).history(case_id), day_in_amsterdam(transaction.now)
    settings = settings_in_force(transaction, rules, subject.region)
    changed_on = day_in_amsterdam(last_change(history).recorded_at)
    kept = retention(settings, changed_on, measure=False, birth_month=None)
    if kept.keep_until < today and fold(history, KINDS).under_measure:
        _log(transaction, caller, actor, subject)
        kept = retention(settings, changed_on, measure=True, birth_month=birth_month(transaction, history))
    found = list(_in_the_way(transaction, case_id, history))
    if today <= kept.keep_until:
        found.append("term_runs")
    if found:
        return Considered(case_id=case_id, obstacles=tuple(found), keep_until=kept.keep_until)
    proposal = Proposal(
        id=transaction.keyring.id_for(
            "destruction_due", str(case_id), str(subject.sequence), transaction.now.isoformat()
        ),
        case_id=case_id,
        ground="retention",
        request_id=None,
        sequence=last_change(history).sequence,
        policy=settings.hash,
        keep_until=kept.keep_until,
        recorded=recorded_now(transaction, actor, acting_membership(actor, subject, SIGNING["data_protection"])),
    )
    Destructions(transaction).propose(proposal)
    return Considered(case_id=case_id, proposal=proposal, keep_until=kept.keep_until)


def propose_on_request(
    transaction: Transaction, caller: Caller, case_id: UUID, request_id: UUID, once: IdempotencyKey, *, rules: Rulebook
) -> Outcome[Proposal]:
    """Propose to destroy a case because it was asked and granted, whatever its term.

    Raises NotFound for whoever may not know of the case, NotAllowed, DestructionRefused with all the reasons.
    """
    actor = identify(transaction, caller)
    if not actor.organisations(DECIDING):
        raise NotAllowed
    subject = find_subject(transaction, actor, case_id, DECIDING, lock=True)
    acting = acting_membership(actor, subject, SIGNING["team"])
    proposal_id = transaction.keyring.id_for("destruction_proposal", str(actor.person_id), once.key)

    def propose() -> Proposal:
        Cases(transaction).insist_living(case_id)
        history = Cases(transaction).history(case_id)
        granted = is_granted(history, request_id)
        refuse_obstacles(_in_the_way(transaction, case_id, history) + (() if granted else ("not_granted",)))
        proposal = Proposal(
            id=proposal_id,
            case_id=case_id,
            ground="request",
            request_id=request_id,
            sequence=last_change(history).sequence,
            policy=settings_in_force(transaction, rules, subject.region).hash,
            keep_until=None,
            recorded=recorded_now(transaction, actor, acting),
        )
        Destructions(transaction).propose(proposal)
        return proposal

    return act_once(
        transaction,
        once,
        actor.person_id,
        act=propose,
        again=lambda _: find_proposal(transaction, actor, proposal_id)[0],
    )


def read_proposal(transaction: Transaction, caller: Caller, proposal_id: UUID) -> Proposal:
    """A proposal of a case of one's own team. Raises NotAllowed, NotFound."""
    return find_proposal(transaction, identify(transaction, caller), proposal_id)[0]


def list_proposals(
    transaction: Transaction, caller: Caller, *, open_only: bool, limit: int, cursor: str | None
) -> ProposalPage:
    """The newest first, of the teams in which this person may sign. Raises NotAllowed for everybody else."""
    teams = teams_of(identify(transaction, caller), DECIDING)
    page = Destructions(transaction).page(teams=teams, open_only=open_only, limit=limit, cursor=cursor)
    return ProposalPage(page, Destructions(transaction).numbers({proposal.case_id for proposal in page.items}))


def list_certificates(transaction: Transaction, caller: Caller, *, limit: int, cursor: str | None) -> CertificatePage:
    """What was destroyed of the teams in which this person may sign, the newest first. Raises NotAllowed."""
    teams = teams_of(identify(transaction, caller), DECIDING)
    page = Destructions(transaction).certificates(teams=teams, limit=limit, cursor=cursor)
    return CertificatePage(page, Destructions(transaction).numbers({given.case_id for given in page.items}))


def _in_the_way(transaction: Transaction, case_id: UUID, history: Sequence[Transition]) -> tuple[Obstacle, ...]:
    """What keeps a case from being proposed."""
    found = tuple(obstacles(history, Holds(transaction).of(case_id), day_in_amsterdam(transaction.now)))
    return (*found, "proposal_stands") if Destructions(transaction).open_for(case_id) else found


def _log(transaction: Transaction, caller: Caller, actor: Actor, subject: Subject) -> None:
    AccessLog(transaction).record(
        Reading(
            person_id=actor.person_id,
            acting=acting_membership(actor, subject, SIGNING["data_protection"]),
            activity="read_retention",
            purpose="oversight_of_the_file",
            case_id=subject.case_id,
            detail="month of birth",
            trace_id=caller.trace_id,
        )
    )
