"""The check of a query's region."""

from service.database.transaction import Transaction
from service.people.store.regions import RegionRegister
from service.vocabulary.input_faults import unknown_query_value
from service.vocabulary.language import BilingualText


def require_known_region(transaction: Transaction, region: str | None) -> None:
    """Raises Invalid, with all known regions, for an unknown region. None passes."""
    if region is not None:
        known_regions = {
            known_region.code: BilingualText.untranslated(known_region.name)
            for known_region in RegionRegister(transaction).regions()
        }
        if region not in known_regions:
            raise unknown_query_value("region", known_regions)
