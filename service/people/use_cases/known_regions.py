"""A filter by region names a region that exists."""

from service.database.transaction import Transaction
from service.people.store.regions import Reference
from service.vocabulary.input_faults import unknown_value
from service.vocabulary.language import Words


def insist_on_region(transaction: Transaction, region: str | None) -> None:
    """Raises Invalid, with every region that there is, when the query asks for another."""
    if region is not None:
        known = {it.code: Words.same(it.name) for it in Reference(transaction).regions()}
        if region not in known:
            raise unknown_value("region", known)
