"""Verification of a stored case, and the digest of all heads."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from service.cases.use_cases.read_content import require_whole_case
from service.database.migrations import expected_revision
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.integrity.rules import write_digest
from service.integrity.store.case_history import Verification, verify_history
from service.integrity.store.heads import Heads
from service.integrity.store.installation import InstallationCheck
from service.people.use_cases.identify import identify
from service.vocabulary.refusals import NotAllowed
from service.vocabulary.roles import Role

# Roles that may read the digest. Neither sees a case, and a digest shows no content.
DIGEST_ROLES = (Role.DATA_PROTECTION_OFFICER, Role.ADMINISTRATOR)


def verify_stored_case(transaction: Transaction, case_id: UUID | str) -> Verification:
    """The verification of one case: its history and, when that is sound, its outbox rows and keys."""
    result = verify_history(transaction.connection, case_id)
    faults = (
        InstallationCheck(transaction).faults_of_case(case_id, destroyed=result.destroyed) if result.sound else iter(())
    )
    sequence, fault = next(faults, (None, None))
    return result if fault is None else replace(result, sound=False, first_bad_sequence=sequence, fault=fault)


def read_verification(transaction: Transaction, caller: Caller, case_id: UUID) -> Verification:
    """The verification of a case. Raises NotFound for a person who may not see the whole case."""
    require_whole_case(transaction, identify(transaction, caller), case_id)
    return verify_stored_case(transaction, case_id)


def read_digest(transaction: Transaction, caller: Caller) -> Iterator[str]:
    """The lines of the digest as of now. Raises NotAllowed."""
    actor = identify(transaction, caller)
    if not any(actor.membership_with_role(role) for role in DIGEST_ROLES):
        raise NotAllowed
    transaction.allow_all_rows("digest of all heads")
    return write_digest(Heads(transaction).all_heads(), transaction.now, expected_revision())
