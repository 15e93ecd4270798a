"""The person behind a caller, and the rows that a transaction may see for them."""

from collections.abc import Iterable
from uuid import UUID

from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.store.people import People
from service.vocabulary.actor import Actor
from service.vocabulary.refusals import NotKnown


def identify(transaction: Transaction, caller: Caller) -> Actor:
    """The person who asks; from here on the database shows what they may see at most. Raises NotKnown."""
    actor = People(transaction).actor(caller.issuer, caller.subject)
    if actor is None:
        raise NotKnown
    allow_rows_of(transaction, actor)
    return actor


def allow_rows_of(
    transaction: Transaction, actor: Actor, *, regions: Iterable[str] = (), cases: Iterable[UUID] = ()
) -> None:
    """Limit the transaction to the cases of this person's organisations, and those read in an emergency.

    `regions`: their cases as well; `cases`: ids of further cases, and of drafts that are about to be stored.
    """
    transaction.allow_rows(
        person=actor.person_id,
        organisations=(held.organisation_id for held in actor.memberships),
        regions=regions,
        cases=(*(emergency.case_id for emergency in actor.emergencies), *cases),
    )
