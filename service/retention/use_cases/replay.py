"""Replay of past destructions on a restored database."""

from dataclasses import dataclass
from uuid import UUID

from service.cases.rules.certificate import Certificate, ContentCertificate, ListedCertificate
from service.cases.store.cases import Cases
from service.database.transaction import Transaction
from service.retention.rules.destruction import Proposal, RecordStamp
from service.retention.store.content_destructions import ContentDestructions
from service.retention.store.destruction_list import DestructionList
from service.retention.store.destructions import DestructionCase, Destructions
from service.retention.store.legal_holds import LegalHolds
from service.retention.use_cases.destroy_case import destroy_case


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """Result of a replay: the ids of the cases destroyed again, and of the cases that were skipped.

    A case is skipped when its destruction was listed and then failed to commit, so that the case lives on. In the cases
    with destroyed content, the content of some entries was destroyed again.
    """

    destroyed: tuple[UUID, ...] = ()
    skipped: tuple[UUID, ...] = ()
    cases_with_destroyed_content: tuple[UUID, ...] = ()


def replay_destructions(transaction: Transaction, destruction_list: DestructionList) -> ReplayResult:
    """Destroy the listed cases that this database still has, and add the certificates that the list lacks.

    Changes nothing where both agree. Raises DestructionListRefused, Unavailable.
    """
    transaction.allow_all_rows("replay of destructions")
    listed = {certificate.digest: certificate for certificate in destruction_list.certificates()}
    # When a case or an entry is listed twice, only its last certificate was committed.
    of_contents = {
        (certificate.case_id, certificate.entry_digest): certificate
        for certificate in listed.values()
        if isinstance(certificate, ContentCertificate)
    }
    of_cases = {
        certificate.case_id: certificate for certificate in listed.values() if isinstance(certificate, Certificate)
    }
    emptied = {case_id for (case_id, _), content in of_contents.items() if _replay_content(transaction, content)}
    destroyed, lived_on = [], []
    for certificate in of_cases.values():
        case = Destructions(transaction).lock_case(certificate.case_id)
        if case is None or Destructions(transaction).certificate(certificate.case_id):
            continue
        if _is_never_committed(transaction, certificate, case):
            lived_on.append(certificate.case_id)
            continue
        _replay_certificate(transaction, certificate, case)
        destroyed.append(certificate.case_id)
    Destructions(transaction).remove_keys_of_destroyed_cases()
    stored: tuple[ListedCertificate, ...] = (
        *Destructions(transaction).all_certificates(),
        *ContentDestructions(transaction).all_certificates(),
    )
    for stored_certificate in stored:
        if stored_certificate.digest not in listed:
            destruction_list.add(stored_certificate)
    return ReplayResult(tuple(destroyed), tuple(lived_on), tuple(sorted(emptied)))


def _replay_content(transaction: Transaction, certificate: ContentCertificate) -> bool:
    """Destroy this content where the database still has it. Returns False where it is gone, missing, or lived on.

    The digest tells the entry: a restored database may have given its number to another one.
    """
    case = Destructions(transaction).lock_case(certificate.case_id)
    if case is None or case.sequence < certificate.sequence:
        return False
    if Cases(transaction).digest_of_entry(certificate.case_id, certificate.sequence) != certificate.entry_digest:
        return False
    is_gone = ContentDestructions(transaction).is_destroyed(certificate.case_id, certificate.sequence)
    if is_gone or _content_lived_on(transaction, certificate, case):
        return False
    ContentDestructions(transaction).destroy(certificate, replayed=True)
    return True


def _content_lived_on(transaction: Transaction, certificate: ContentCertificate, case: DestructionCase) -> bool:
    """Returns True when the case shows that this destruction failed to commit.

    A backup from before it cannot hold as many entries as the certificate counts, nor a later hold.
    """
    holds = LegalHolds(transaction).of_case(certificate.case_id)
    has_later_hold = any(hold.recorded.at > certificate.destroyed_at for hold in holds)
    return has_later_hold or case.sequence >= certificate.entries


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
