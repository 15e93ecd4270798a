"""Destruction of a case, and replay of past destructions on a restored database."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from service.cases.rules.amendments import AMENDING_TRIGGERS
from service.cases.rules.certificate import Certificate
from service.cases.rules.model import Transition
from service.cases.store.cases import Cases
from service.database.transaction import Transaction
from service.offers.rules.gap_table import missing_functions
from service.offers.store.destroyed_case_figures import DestroyedCaseFigures
from service.retention.rules.destruction import Proposal, RecordStamp
from service.retention.store.destruction_list import DestructionList
from service.retention.store.destructions import DestructionCase, Destructions
from service.retention.store.family_names import FamilyNames
from service.retention.store.legal_holds import LegalHolds


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """Result of a replay: the ids of the cases destroyed again, and of the cases that were skipped.

    A case is skipped when its destruction was listed and then failed to commit, so that the case lives on.
    """

    destroyed: tuple[UUID, ...] = ()
    skipped: tuple[UUID, ...] = ()


def destroy_case(
    transaction: Transaction, certificate: Certificate, history: Sequence[Transition], *, replayed: bool = False
) -> None:
    """Keep the gap figures of the case, empty it, and anonymise its family when no other case of theirs is left."""
    # The family may have cases with other teams, which the rows visible to one team do not show.
    transaction.allow_all_rows("destruction")
    submitter = history[0].organisation_id
    for region in sorted({entry.region for entry in history}):
        gaps = [
            entry for entry in history if entry.region == region and entry.trigger in ("record_gap", *AMENDING_TRIGGERS)
        ]
        DestroyedCaseFigures(transaction).add_case(
            region, [(year, domain, function) for _, year, domain, function in missing_functions(gaps)]
        )
    Destructions(transaction).destroy_case(certificate, replayed=replayed)
    FamilyNames(transaction).anonymise(submitter)


def replay_destructions(transaction: Transaction, destruction_list: DestructionList) -> ReplayResult:
    """Destroy the listed cases that this database still has, and add the certificates that the list lacks.

    Changes nothing where both agree. Raises DestructionListRefused, Unavailable.
    """
    transaction.allow_all_rows("replay of destructions")
    destroyed, lived_on = [], []
    listed = {certificate.digest: certificate for certificate in destruction_list.certificates()}
    # When a case is listed twice, only its last certificate was committed.
    last_of_case = {certificate.case_id: certificate for certificate in listed.values()}
    for certificate in last_of_case.values():
        case = Destructions(transaction).lock_case(certificate.case_id)
        if case is None or Destructions(transaction).certificate(certificate.case_id):
            continue
        if _is_never_committed(transaction, certificate, case):
            lived_on.append(certificate.case_id)
            continue
        _replay_certificate(transaction, certificate, case)
        destroyed.append(certificate.case_id)
    Destructions(transaction).remove_keys_of_destroyed_cases()
    for certificate in Destructions(transaction).all_certificates():
        if certificate.digest not in listed:
            destruction_list.add(certificate)
    return ReplayResult(tuple(destroyed), tuple(lived_on))


def _is_never_committed(transaction: Transaction, certificate: Certificate, case: DestructionCase) -> bool:
    """Returns True when the case shows that its destruction failed to commit.

    A backup from before the destruction cannot hold another or a longer history than the certificate, nor a withdrawal
    or a later hold.
    """
    proposal = Destructions(transaction).proposal(certificate.proposal_id)
    is_withdrawn = proposal is not None and proposal.withdrawn is not None
    holds = LegalHolds(transaction).of_case(certificate.case_id)
    has_later_hold = any(hold.recorded.at > certificate.destroyed_at for hold in holds)
    same_head = (case.sequence, case.head) == (certificate.entries, certificate.head)
    matches = case.sequence < certificate.entries or same_head
    return is_withdrawn or has_later_hold or not matches


def _replay_certificate(transaction: Transaction, certificate: Certificate, case: DestructionCase) -> None:
    """Record the proposal and signatures of the certificate where they are missing, lift all holds, and destroy."""
    by_list = RecordStamp(at=certificate.destroyed_at, person_id=None, organisation_id=None)
    proposal = Destructions(transaction).proposal(certificate.proposal_id)
    if proposal is None:
        Destructions(transaction).add_proposal(
            Proposal(
                id=certificate.proposal_id,
                case_id=certificate.case_id,
                ground=certificate.ground,
                request_id=certificate.request_id,
                sequence=case.sequence,
                policy=certificate.policy,
                keep_until=None,
                recorded=by_list,
            )
        )
    capacities = {signature.capacity for signature in proposal.signed} if proposal else set()
    for signature in certificate.signatures:
        if signature.capacity not in capacities:
            Destructions(transaction).add_signature(certificate.proposal_id, signature)
    for hold in LegalHolds(transaction).of_case(certificate.case_id):
        if hold.lifted is None:
            LegalHolds(transaction).lift(hold.id, by_list)
    destroy_case(transaction, certificate, Cases(transaction).history(certificate.case_id), replayed=True)
