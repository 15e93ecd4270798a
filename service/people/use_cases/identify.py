"""The person of a caller, and the rows that their transaction may see."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.kinds import KINDS
from service.people.store.people import People
from service.vocabulary.actor import Actor
from service.vocabulary.refusals import NotKnown


def identify(transaction: Transaction, caller: Caller) -> Actor:
    """Returns the person of the caller, and limits row-level security to their rows. Raises NotKnown."""
    actor = People(transaction).find_actor(caller.issuer, caller.subject)
    if actor is None:
        raise NotKnown
    judges = actor.organisations(KINDS.judges.values())
    if judges:
        transaction.allow_all_rows("cases that were passed to this person")
        actor = replace(actor, passed_cases=People(transaction).cases_passed_to(actor.person_id, judges))
    allow_rows_of(transaction, actor)
    return actor


def allow_rows_of(
    transaction: Transaction, actor: Actor, *, regions: Iterable[str] = (), cases: Iterable[UUID] = ()
) -> None:
    """Limit row-level security for this transaction to this person's organisations, emergency cases and passed cases.

    `regions`: regions whose cases are visible too. `cases`: ids of further cases, and of drafts to be stored.
    """
    transaction.allow_rows_of(
        person=actor.person_id,
        organisations=(membership.organisation_id for membership in actor.memberships),
        regions=regions,
        cases=(*(emergency.case_id for emergency in actor.emergencies), *actor.passed_cases, *cases),
    )
