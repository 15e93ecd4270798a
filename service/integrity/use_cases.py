"""Verification of a stored case, and the digest of all heads."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from service.cases.use_cases.read_content import require_whole_case
from service.database.migrations import expected_revision
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.integrity.rules.digest import write_digest
from service.integrity.rules.register import Register
from service.integrity.store.case_history import Verification, verify_history
from service.integrity.store.heads import Heads
from service.integrity.store.installation import InstallationCheck
from service.people.use_cases.identify import identify
from service.vocabulary.refusals import NotAllowed
from service.vocabulary.roles import Role


def verify_stored_case(transaction: Transaction, case_id: UUID | str, register: Register | None = None) -> Verification:
    """The verification of one case: its history and, when that is sound, its outbox rows and keys.

    `register` holds what was read for earlier cases of the same run.
    """
    result = verify_history(transaction.connection, case_id, register, until=transaction.now)
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
    """The lines of the digest of the cases of the officer's teams, as of now. Raises NotAllowed.

    An officer sees no case, and a digest shows no content. Only the command `digest` covers the whole installation.
    """
    teams = identify(transaction, caller).organisations({Role.DATA_PROTECTION_OFFICER})
    if not teams:
        raise NotAllowed
    transaction.allow_all_rows("digest of the heads of a team")
    return write_digest(Heads(transaction).heads_of_teams(teams), transaction.now, expected_revision())
