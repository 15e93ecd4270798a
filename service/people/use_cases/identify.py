"""Who asks, and how they ask: the same for every use case."""

from service.database.transaction import Transaction
from service.identity.caller import Asker
from service.people.store.people import People
from service.people.store.row_scope import allow_rows_of
from service.vocabulary.actor import Actor
from service.vocabulary.refusals import NotKnown


def known(transaction: Transaction, asker: Asker) -> Actor:
    """The person who asks; from here on the database shows what they may see at most. Raises NotKnown."""
    actor = People(transaction).actor(asker.issuer, asker.subject)
    if actor is None:
        raise NotKnown
    allow_rows_of(transaction, actor)
    return actor
