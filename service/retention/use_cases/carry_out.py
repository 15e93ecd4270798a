"""Carrying a destruction out, and doing so again on a database that came back from a backup."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from service.cases.rules.certificate import Certificate
from service.cases.rules.model import Transition
from service.cases.store.cases import Cases
from service.database.transaction import Transaction
from service.offers.rules.gap_table import wanted
from service.offers.store.kept_figures import KeptFigures
from service.retention.rules.destruction import Proposal, Recorded
from service.retention.store.certificate_list import DestructionList
from service.retention.store.destructions import Destructions, Subject
from service.retention.store.family_names import Families
from service.retention.store.legal_holds import Holds


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a list of destructions did to a database: cases destroyed again, and cases that lived on after it.

    A case lives on when the commit of its destruction failed after it was written on the list: it is not touched.
    """

    destroyed: tuple[UUID, ...] = ()
    lived_on: tuple[UUID, ...] = ()


def destroy(
    transaction: Transaction, certificate: Certificate, history: Sequence[Transition], *, replayed: bool = False
) -> None:
    """Keep what the case counts for, empty it, and forget its family when this was all there was of them."""
    # Whether this was all there was of a family, no sight of one team can tell.
    transaction.allow_all_rows("destruction")
    submitter = history[0].organisation_id
    for region in sorted({entry.region for entry in history}):
        own = [it for it in history if it.region == region and it.trigger in ("record_gap", "amend")]
        KeptFigures(transaction).keep(region, [(year, domain, function) for _, year, domain, function in wanted(own)])
    Destructions(transaction).carry_out(certificate, replayed=replayed)
    Families(transaction).forget(submitter)


def replay(transaction: Transaction, outside: DestructionList) -> Replayed:
    """Destroy what the list names and this database still has, and put on the list what only the database knows.

    Changes nothing where both agree. Raises ListRefused, Unavailable.
    """
    transaction.allow_all_rows("replay of destructions")
    destroyed, lived_on, listed = [], [], {it.digest: it for it in outside.certificates()}
    # Of a case that is on it twice, only the last was committed.
    for certificate in {it.case_id: it for it in listed.values()}.values():
        left = Destructions(transaction).left_of(certificate.case_id)
        if left is None or Destructions(transaction).certificate(certificate.case_id):
            continue
        if _lived_on(transaction, certificate, left):
            lived_on.append(certificate.case_id)
            continue
        _follow(transaction, certificate, left)
        destroyed.append(certificate.case_id)
    Destructions(transaction).remove_keys()
    for certificate in Destructions(transaction).all():
        if certificate.digest not in listed:
            outside.add(certificate)
    return Replayed(tuple(destroyed), tuple(lived_on))


def _lived_on(transaction: Transaction, it: Certificate, left: Subject) -> bool:
    """No backup of before the destruction knows more than was destroyed, or of something that came after."""
    proposal = Destructions(transaction).proposal(it.proposal_id)
    taken_back = proposal is not None and proposal.withdrawn is not None
    held_since = any(hold.recorded.at > it.destroyed_at for hold in Holds(transaction).of(it.case_id))
    same = left.sequence < it.entries or (left.sequence, left.head) == (it.entries, it.head)
    return taken_back or held_since or not same


def _follow(transaction: Transaction, it: Certificate, left: Subject) -> None:
    """Decide here what was decided there, by the same people, and destroy."""
    nobody = Recorded(at=it.destroyed_at, person_id=None, organisation_id=None)
    known = Destructions(transaction).proposal(it.proposal_id)
    if known is None:
        Destructions(transaction).propose(
            Proposal(
                id=it.proposal_id,
                case_id=it.case_id,
                ground=it.ground,
                request_id=it.request_id,
                sequence=left.sequence,
                policy=it.policy,
                keep_until=None,
                recorded=nobody,
            )
        )
    signed = {one.capacity for one in known.signed} if known else set()
    for signature in it.signed:
        if signature.capacity not in signed:
            Destructions(transaction).sign(it.proposal_id, signature)
    for hold in Holds(transaction).of(it.case_id):
        if hold.lifted is None:
            Holds(transaction).lift(hold.id, nobody)
    destroy(transaction, it, Cases(transaction).history(it.case_id), replayed=True)
