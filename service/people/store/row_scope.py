"""The rows that a transaction may see when it works for one person."""

from collections.abc import Iterable
from uuid import UUID

from service.database.transaction import Transaction
from service.vocabulary.actor import Actor


def allow_rows_of(
    transaction: Transaction, actor: Actor, *, regions: Iterable[str] = (), begins: Iterable[UUID] = ()
) -> None:
    """Limit the transaction to the cases of this person's organisations, and those read in an emergency.

    `regions`: their cases as well; `begins`: ids of cases and drafts that are about to be stored.
    """
    transaction.allow_rows(
        person=actor.person_id,
        organisations=(held.organisation_id for held in actor.memberships),
        regions=regions,
        cases=(*(emergency.case_id for emergency in actor.emergencies), *begins),
    )
