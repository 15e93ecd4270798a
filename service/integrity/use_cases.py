"""Verifying what is stored, and the digest of all heads: what is there is what was recorded, and nothing is gone."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from service.cases.use_cases.read import whole_case
from service.database.migrations import expected_revision
from service.database.transaction import Unit
from service.integrity.rules import written
from service.integrity.store.case_history import Verification
from service.people.use_cases.identify import Asker, known
from service.vocabulary.refusals import NotAllowed
from service.vocabulary.roles import Role

# Who answers for it that nothing is lost: neither of them sees a case, and a digest shows none.
KEEPERS = (Role.DATA_PROTECTION_OFFICER, Role.ADMINISTRATOR)


def verified(unit: Unit, case_id: UUID | str) -> Verification:
    """The verdict on one case: its history, and when that is sound what must agree with it."""
    found = unit.cases.verify(case_id)
    beside = unit.surroundings.of_case(case_id, destroyed=found.destroyed) if found.sound else iter(())
    sequence, fault = next(beside, (None, None))
    return found if fault is None else replace(found, sound=False, first_bad_sequence=sequence, fault=fault)


def read_verification(unit: Unit, asker: Asker, case_id: UUID) -> Verification:
    """Raises NotFound for whoever may not see all of the case."""
    whole_case(unit, known(unit, asker), case_id)
    return verified(unit, case_id)


def read_digest(unit: Unit, asker: Asker) -> Iterator[str]:
    """The lines of the digest of this moment. Raises NotAllowed."""
    actor = known(unit, asker)
    if not any(actor.holding(role) for role in KEEPERS):
        raise NotAllowed
    unit.sees_all("digest of all heads")
    return written(unit.heads.all(), unit.now, expected_revision())
