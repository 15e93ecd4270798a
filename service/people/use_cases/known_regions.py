"""The check of a query's region."""

from service.database.transaction import Transaction
from service.people.store.regions import Reference
from service.vocabulary.input_faults import unknown_value
from service.vocabulary.language import Words


def insist_on_region(transaction: Transaction, region: str | None) -> None:
    """Raises Invalid, with all known regions, for an unknown region. None passes."""
    if region is not None:
        known_regions = {
            known_region.code: Words.same(known_region.name) for known_region in Reference(transaction).regions()
        }
        if region not in known_regions:
            raise unknown_value("region", known_regions)
